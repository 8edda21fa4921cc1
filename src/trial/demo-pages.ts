import { type Locale, type Localised, otherLocale } from '../i18n/locale.ts';
import { demoTexts, languageNames, provenInWords } from './demo-texts.ts';
import { html, type Markup, page } from './html.ts';
import type { SignedIn } from './relying-party.ts';

/** A demo service, as its pages name it. */
export interface DemoService {
  name: Localised;
  other: { name: Localised; url: string } | undefined;
}

function shell(service: DemoService, locale: Locale, name: string, title: string, body: Markup): string {
  const other = otherLocale(locale);
  return page({
    locale,
    name,
    title: `${title} — ${service.name[locale]}`,
    head: html`<strong>${service.name[locale]}</strong>
<a href="/?lang=${other}" lang="${other}" hreflang="${other}">${languageNames[other]}</a>`,
    body: html`<h1>${title}</h1>${body}`,
  });
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function claimsTable(locale: Locale, claims: SignedIn['claims']): Markup {
  const text = demoTexts[locale];
  // The claims that a service decides by come first.
  const first = ['sub', 'acr', 'amr', 'auth_time'];
  const rest = Object.keys(claims).filter((claim) => !first.includes(claim));
  return html`<table><thead><tr><th scope="col">${text.claim}</th><th scope="col">${text.value}</th></tr></thead>
<tbody>${[...first, ...rest].flatMap((claim) =>
    claims[claim] === undefined
      ? []
      : html`<tr><th scope="row"><code>${claim}</code></th><td><code data-claim="${claim}">${asText(claims[claim])}</code></td></tr>`,
  )}</tbody></table>`;
}

/** Who am I: the front page of a demo service. */
export function whoAmIPage(service: DemoService, locale: Locale, signedIn: SignedIn | undefined): string {
  const text = demoTexts[locale];
  const onward =
    service.other === undefined
      ? undefined
      : html`<p><a href="${service.other.url}/">${text.other(service.other.name[locale])}</a></p>`;
  if (signedIn === undefined) {
    return shell(
      service,
      locale,
      'demo-signed-out',
      service.name[locale],
      html`<p>${text.signedOut}</p><p><a class="button" href="/sign-in">${text.signIn}</a></p>${onward}`,
    );
  }
  const { claims } = signedIn;
  const localName = claims[`name#${locale}`] ?? claims.name ?? claims.preferred_username ?? claims.sub;
  const at = new Date(Number(claims.auth_time) * 1000);
  const time = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' });
  return shell(
    service,
    locale,
    'demo-signed-in',
    text.signedIn(asText(localName)),
    html`<h2>${text.proven}</h2>
<p data-proven>${provenInWords(locale, claims.amr)}</p>
${Number.isNaN(at.getTime()) ? undefined : html`<p class="soft">${text.at(time.format(at))}</p>`}
<form method="post" action="/sign-out"><button class="button" type="submit">${text.signOut}</button>
<a class="button quiet" href="/sign-in?acr_values=${encodeURIComponent('https://refeds.org/profile/mfa')}">${text.stepUp}</a></form>
${onward}
<h2>${text.claims}</h2>
${claimsTable(locale, claims)}`,
  );
}

/** A failed login, with OAuth's own error and description. */
export function failedPage(
  service: DemoService,
  locale: Locale,
  fault: { error: string; description: string },
): string {
  const text = demoTexts[locale];
  return shell(
    service,
    locale,
    'demo-failed',
    text.failed,
    html`<p>${text.error}: <code class="fault" data-error="${fault.error}">${fault.error}</code></p>
<p data-description>${fault.description}</p>
<p><a class="button" href="/sign-in">${text.again}</a></p>`,
  );
}
