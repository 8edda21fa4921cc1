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

// Passkeys: the browser asks for one, and the form takes its answer along. A form without an answer
// says what else there is, so whatever goes wrong here is told and leaves the page as it was.
const passkey = document.querySelector('input[data-passkey]');
if (passkey !== null) {
  const { PublicKeyCredential: kind } = globalThis;
  const create = passkey.dataset.passkey === 'create';
  const asking = form.querySelector('[data-passkey-button]');
  const status = document.querySelector('[data-passkey-status]');
  const say = (what) => {
    status.textContent = status.dataset[what];
    status.hidden = false;
  };
  // Browsers that do not read and write the standard's JSON by themselves (WebAuthn L3 §5.1).
  const bytes = (text) =>
    Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (each) => each.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replaceAll('+', '-')
      .replaceAll('/', '_')
      .replaceAll('=', '');
  const withBytes = (each) => ({ ...each, id: bytes(each.id) });
  const read = (options) => ({
    ...options,
    challenge: bytes(options.challenge),
    ...(options.user && { user: withBytes(options.user) }),
    ...(options.allowCredentials && { allowCredentials: options.allowCredentials.map(withBytes) }),
    ...(options.excludeCredentials && { excludeCredentials: options.excludeCredentials.map(withBytes) }),
  });
  const write = ({ id, rawId, type, response }) => {
    const answer = create ? { transports: response.getTransports?.() ?? [] } : {};
    for (const part of ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle']) {
      if (response[part] instanceof ArrayBuffer) answer[part] = text(response[part]);
    }
    return { id, rawId: text(rawId), type, response: answer, clientExtensionResults: {} };
  };
  const ask = async () => {
    const options = JSON.parse(passkey.dataset.options);
    const parse = create ? 'parseCreationOptionsFromJSON' : 'parseRequestOptionsFromJSON';
    const publicKey = typeof kind[parse] === 'function' ? kind[parse](options) : read(options);
    const credential = await navigator.credentials[passkey.dataset.passkey]({ publicKey });
    return JSON.stringify(typeof credential.toJSON === 'function' ? credential.toJSON() : write(credential));
  };

  let waiting = false;
  if (kind === undefined) {
    // On the sign-in page it is one offer among others: there it goes without a word.
    document.querySelector('[data-passkey-alone]')?.remove();
    say('unsupported');
  }
  form.addEventListener('submit', async (event) => {
    if (event.submitter !== asking || passkey.value !== '') return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (waiting || kind === undefined) return;
    waiting = true;
    status.hidden = true;
    try {
      passkey.value = await ask();
    } catch (error) {
      // People cancel, or look for their key too long; or this very device has one already.
      say({ NotAllowedError: 'cancelled', AbortError: 'cancelled', InvalidStateError: 'known' }[error.name] ?? 'failed');
    }
    waiting = false;
    if (passkey.value !== '') form.requestSubmit(asking);
  });
  // The answer is good for once: a page that comes back asks anew.
  addEventListener('pageshow', (event) => {
    if (event.persisted) passkey.value = '';
  });
}

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

// A form with nothing to ask goes on by itself, once: who comes back to the page has its button.
document.querySelector('form[data-onward]')?.requestSubmit();

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

for (const button of document.querySelectorAll('[data-print]')) {
  button.addEventListener('click', () => print());
}
