import { callbackify } from 'node:util';
import { simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import { negotiateLocale } from '../i18n/negotiate.ts';
import { json, listenLocally, type LocalSite, loopback, serveLocally } from './local-server.ts';
import { openMailStore } from './mail-store.ts';
import { mailboxPage } from './mailbox-page.ts';

export interface Mailbox extends LocalSite {
  /** Where mails are handed in, in the form of `mail.smtp_url`. */
  smtpUrl: string;
}

export interface MailboxSettings {
  /** Port of the page; 0 lets the system choose. The system always chooses the SMTP port. */
  port: number;
  /** Keeps the mails over a restart. */
  file?: string;
  /** Shows the present code of this Base32 secret, for a user who has no authenticator app at hand. */
  appSecret?: string;
  /** The identity provider's address; with it, the page also links to the support centre. */
  issuer?: string;
}

// Polls the number of mails and reloads the page when it changes; the page works without this script.
const script = `
const shown = Number(document.querySelector('main').querySelector('[data-count]').dataset.count);
setInterval(async () => {
  const answer = await fetch('/count.json').catch(() => undefined);
  if (answer?.ok && (await answer.json()).count !== shown && !document.querySelector('details[open]')) location.reload();
}, 2000);
`;

/**
 * Receives every mail that the trial sends, through a real SMTP server on loopback, and shows it: no
 * mail leaves this machine.
 */
export async function startMailbox({ port, file, appSecret, issuer }: MailboxSettings): Promise<Mailbox> {
  const store = openMailStore(file);
  async function take(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<void> {
    const { subject = '', text = '', html } = await simpleParser(stream);
    const to = session.envelope.rcptTo.map(({ address }) => address).join(', ');
    store.add({ to, subject, text, html: html === false ? '' : (html ?? ''), at: new Date().toISOString() });
  }
  const smtp = new SMTPServer({
    // The mails never leave loopback, and nobody has an account here.
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    banner: 'the mailbox of the trial',
    size: 5_000_000,
    rejectOversized: true,
    closeTimeout: 1000,
    onData: callbackify(take),
  });
  // A client that disconnects early must not stop the server.
  smtp.on('error', () => undefined);
  const site = await serveLocally(port, ({ method, url, headers }) => {
    if (method !== 'GET' && method !== 'HEAD') return { status: 405, body: 'Method not allowed' };
    const to = url.searchParams.get('to')?.toLowerCase();
    const mails = store.all().filter((mail) => to === undefined || mail.to.toLowerCase() === to);
    switch (url.pathname) {
      case '/messages.json':
        return json(mails);
      case '/count.json':
        return json({ count: store.all().length });
      case '/mailbox.js':
        return { headers: { 'content-type': 'text/javascript; charset=utf-8' }, body: script };
      case '/': {
        const locale = negotiateLocale({
          query: url.searchParams.get('lang') ?? undefined,
          acceptLanguage: headers['accept-language'],
          fallback: 'en',
        });
        return { body: mailboxPage(locale, mails, store.all().length, appSecret, issuer) };
      }
      default:
        return { status: 404, body: 'Not found' };
    }
  });

  const smtpPort = await listenLocally(smtp.server, 0).catch(async (error: unknown) => {
    await site.close();
    throw error;
  });

  return {
    url: site.url,
    smtpUrl: `smtp://${loopback}:${smtpPort}`,
    close: async () => {
      await new Promise<void>((resolve) => {
        smtp.close(() => resolve());
      });
      await site.close();
    },
  };
}
