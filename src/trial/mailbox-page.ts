import { appCodeAt } from '../factors/app/code-value.ts';
import { type Locale, otherLocale } from '../i18n/locale.ts';
import { languageNames } from './demo-texts.ts';
import { html, type Markup, page } from './html.ts';
import type { ReceivedMail } from './mail-store.ts';

const texts = {
  en: {
    title: 'Mailbox of the trial',
    lead: 'Every mail that the trial sends arrives here, newest first. None leaves this machine.',
    none: 'No mail yet.',
    reload: 'Look again',
    to: 'To',
    designed: 'As a mail program shows it',
    app: 'The authenticator app of the demo accounts',
    appCode: 'Its code at this moment (30 seconds, each code once):',
    appKey: 'Its key, for an app of your own:',
    desk: 'The support centre',
    deskPlace: 'Its desk:',
    deskStaff:
      'Sign in there as desk0001 or, as its lead, lead0001; audi0001 may only look. oper0001 begins at',
    deskHours: 'Here it is open around the clock. To close it, set a closed day at',
    deskUser: 'a0000005 has an app on a lost phone and nothing else: somebody for the desk to help.',
  },
  ja: {
    title: '体験版のメールボックス',
    lead: '体験版が送るメールは、すべてここに届きます（新しい順）。このコンピューターの外には送られません。',
    none: 'メールはまだありません。',
    reload: '更新する',
    to: '宛先',
    designed: 'メールソフトでの見え方',
    app: 'デモ用アカウントの認証アプリ',
    appCode: '今のコード（30秒ごとに変わります。1つのコードは1回だけ使えます）：',
    appKey: '自分のアプリに登録するときのキー：',
    desk: 'サポート窓口',
    deskPlace: '窓口のページ：',
    deskStaff:
      'desk0001（窓口）または lead0001（窓口の責任者）でログインしてください。audi0001 は見るだけです。oper0001（運用）はこちらから：',
    deskHours: '体験版の窓口は24時間開いています。休みの日はこちらで設定できます：',
    deskUser: 'a0000005 は、認証アプリの入った端末をなくした人です。窓口での手続きを試せます。',
  },
} as const;

function article(locale: Locale, mail: ReceivedMail): Markup {
  const text = texts[locale];
  const time = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' });
  // The mail's own markup stays in a frame without scripts, forms or this page's origin.
  const designed = html`<details><summary>${text.designed}</summary>
<iframe sandbox="allow-popups allow-popups-to-escape-sandbox" title="${mail.subject}" srcdoc="${`<base target="_blank">${mail.html}`}"></iframe></details>`;
  return html`<article data-to="${mail.to}">
<h2>${mail.subject}</h2>
<p class="soft">${text.to}: ${mail.to} · <time datetime="${mail.at}">${time.format(new Date(mail.at))}</time></p>
<pre>${mail.text}</pre>
${mail.html === '' ? undefined : designed}
</article>`;
}

/** The mails, newest first, and a stand-in for the authenticator app. @param count number of all mails. */
export function mailboxPage(
  locale: Locale,
  mails: readonly ReceivedMail[],
  count: number,
  appSecret: string | undefined,
  issuer?: string,
): string {
  const text = texts[locale];
  const other = otherLocale(locale);
  const app =
    appSecret === undefined
      ? undefined
      : html`<section aria-labelledby="app"><h2 id="app">${text.app}</h2>
<p>${text.appCode} <code data-app-code>${appCodeAt(appSecret, Math.floor(Date.now() / 1000))}</code></p>
<p class="soft">${text.appKey} <code>${appSecret}</code></p></section>`;
  const link = (path: string): Markup => html`<a href="${issuer ?? ''}${path}">${issuer ?? ''}${path}</a>`;
  const desk =
    issuer === undefined
      ? undefined
      : html`<section aria-labelledby="desk"><h2 id="desk">${text.desk}</h2>
<p>${text.deskPlace} ${link('/desk')}</p>
<p>${text.deskStaff} ${link('/operator')}</p>
<p>${text.deskHours} ${link('/operator/calendar')}</p>
<p>${text.deskUser}</p></section>`;
  return page({
    locale,
    name: 'mailbox',
    title: text.title,
    script: '/mailbox.js',
    head: html`<strong>${text.title}</strong>
<a href="/?lang=${other}" lang="${other}" hreflang="${other}">${languageNames[other]}</a>`,
    body: html`<h1>${text.title}</h1>
<p data-count="${count}">${text.lead}</p>
<p><a class="button" href="/?lang=${locale}">${text.reload}</a></p>
${app}
${desk}
${mails.length === 0 ? html`<p>${text.none}</p>` : mails.map((mail) => article(locale, mail)).toReversed()}`,
  });
}
