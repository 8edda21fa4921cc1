// Comfort only: every page is complete without this script.

const form = document.getElementById('page-form');
const primary = form?.querySelector('button[name="action"][value="continue"]');

// What only works with a script shows only with a script.
for (const element of document.querySelectorAll('.script-only')) element.hidden = false;

// A fault is read first; its link leads into the field.
const fault = document.querySelector('.fault');
fault?.focus();
fault?.querySelector('a[href^="#"]')?.addEventListener('click', (event) => {
  const field = document.getElementById(event.currentTarget.hash.slice(1));
  if (field === null) return;
  event.preventDefault();
  field.focus();
});

// One submission a page: a second click or Enter while the answer is on its way does nothing.
let sent = false;
const reset = () => {
  sent = false;
  for (const button of document.querySelectorAll('button[aria-disabled]')) {
    button.removeAttribute('aria-disabled');
  }
};
for (const each of document.forms) {
  each.addEventListener('submit', (event) => {
    if (sent) {
      event.preventDefault();
      return;
    }
    sent = true;
    event.submitter?.setAttribute('aria-disabled', 'true');
    // An answer that never comes must not leave the page dead.
    setTimeout(reset, 10_000);
  });
}
addEventListener('pageshow', (event) => {
  if (event.persisted) reset();
});

// The last digit goes on by itself, once: after a correction the person decides.
const code = document.querySelector('input[data-digits]');
if (code !== null && primary) {
  const whole = new RegExp(`^[0-9]{${code.dataset.digits}}$`);
  let tried = false;
  const check = (event) => {
    // Full-width digits come through an input method: what is still being composed is not typed yet.
    if (tried || sent || event.isComposing) return;
    if (!whole.test(code.value.normalize('NFKC').replace(/[\s\p{Pd}\u2212\u30fc]/gu, ''))) return;
    tried = true;
    form.requestSubmit(primary);
  };
  code.addEventListener('input', check);
  code.addEventListener('compositionend', check);
}

// The seconds until the mail may be sent again; only the end is announced, not each second.
const wait = document.querySelector('button[data-wait]');
if (wait !== null) {
  const text = document.querySelector('[data-wait-text]');
  const done = document.querySelector('[data-wait-done]');
  const end = Date.now() + Number(wait.dataset.wait) * 1000;
  wait.disabled = true;
  const tick = () => {
    const left = Math.ceil((end - Date.now()) / 1000);
    if (left > 0) {
      text.textContent = left === 1 ? text.dataset.one : text.dataset.other.replace('#', left);
      setTimeout(tick, 1000);
      return;
    }
    wait.disabled = false;
    text.textContent = '';
    done.textContent = done.dataset.waitDone;
  };
  tick();
}

for (const button of document.querySelectorAll('[data-copy]')) {
  // Without a secure context there is no clipboard; the key stays selectable.
  if (navigator.clipboard === undefined) button.hidden = true;
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      document.querySelector('[data-copy-status]').textContent = button.dataset.copied;
    } catch {
      getSelection()?.selectAllChildren(document.querySelector('.key code'));
    }
  });
}
