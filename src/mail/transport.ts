import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { createTransport } from 'nodemailer';
import type { Configuration } from '../config/schema.ts';
import type { Locale, Localised } from '../i18n/locale.ts';
import { domainOf, isPlainAddress } from './recipient.ts';
import type { RenderedMail } from './render.ts';

export interface OutgoingMail extends RenderedMail {
  /** The outbox row's id: every try of the mail carries the same Message-ID. */
  id: string;
  to: string;
  locale: Locale;
  createdAt: Date;
}

export interface MailTransport {
  /** How many mails can be on their way at the same time. */
  readonly capacity: number;
  /** Within this time a server that works has answered; a hand-over that takes longer is given up. */
  readonly handOverMs: number;
  /** Hands one mail to the server. @returns its words. @throws what `faultOf` reads. */
  deliver(mail: OutgoingMail, signal: AbortSignal): Promise<string>;
  /** Connects and signs in, without a mail: for `nijo doctor`. @throws the library's error. */
  check(): Promise<void>;
  /** Closes all connections. */
  close(): void;
}

/**
 * A pool of SMTP connections in which every wait has an end (E9). The server's certificate is
 * checked, except on this machine, where nobody stands between. The address in `smtp_url` may carry
 * options of the library, such as `?requireTLS=true` or `?tls.rejectUnauthorized=false`.
 */
export function createMailTransport(
  settings: Configuration['mail'],
  options: { senderName?: Localised; issuer?: string } = {},
): MailTransport {
  const url = new URL(settings.smtp_url);
  // These would print the mails, and with them the codes.
  for (const name of ['logger', 'debug', 'transactionLog']) url.searchParams.delete(name);
  const pool = createTransport({
    url: url.href,
    name: url.searchParams.get('name') ?? settings.ehlo_name ?? ehloNameOf(options.issuer),
    pool: true,
    maxConnections: settings.pool_size,
    // A server that closes unused connections is met with a new one, before anything was sent.
    maxRequeues: settings.pool_size,
    idleTimeout: 30_000,
    dnsTimeout: settings.connect_timeout_ms,
    connectionTimeout: settings.connect_timeout_ms,
    greetingTimeout: settings.connect_timeout_ms,
    socketTimeout: settings.socket_timeout_ms,
    socketCloseTimeout: 1000,
    tls: { rejectUnauthorized: !isThisMachine(url.hostname) },
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  // Message-IDs of which every byte was sent, while their hand-over lasts.
  const whole = new Set<string>();
  pool.use('stream', (mail, done) => {
    const messageId = mail.message.messageId();
    mail.message.processFunc((body) => body.once('end', () => whole.add(messageId)));
    done();
  });
  const from = settings.from_address;
  const nameOf = settings.from_name ?? options.senderName;

  return {
    capacity: settings.pool_size,
    handOverMs: settings.connect_timeout_ms + 2 * settings.socket_timeout_ms,
    async deliver(mail, signal) {
      if (!isPlainAddress(mail.to)) throw unacceptable('the recipient is not one plain address');
      const messageId = `<${mail.id}@${domainOf(from)}>`;
      const sending = pool.sendMail({
        // Given as parts, so that nothing is read out of them (E10).
        envelope: { from, to: [mail.to] },
        from: { name: nameOf?.[mail.locale] ?? '', address: from },
        to: { name: '', address: mail.to },
        subject: mail.subject,
        text: mail.text,
        html: mail.html,
        messageId,
        date: mail.createdAt,
        headers: {
          // No vacation notice answers a mail like this (RFC 3834; the second is Exchange's).
          'Auto-Submitted': 'auto-generated',
          'X-Auto-Response-Suppress': 'All',
          'Content-Language': mail.locale,
        },
        xMailer: false,
        signal,
      });
      try {
        return (await sending).response ?? '';
      } catch (error) {
        throw whole.has(messageId) ? withoutAnswer(error) : error;
      } finally {
        whole.delete(messageId);
      }
    },
    async check() {
      await pool.verify();
    },
    close() {
      pool.close();
    },
  };
}

/**
 * What this node calls itself to the relay (RFC 5321 §4.1.1.1). The short host name of a container, and the
 * `[127.0.0.1]` that the library says instead, are refused by many.
 */
function ehloNameOf(issuer: string | undefined): string {
  const own = hostname();
  if (/^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/.test(own)) return own;
  const host = issuer === undefined ? '' : new URL(issuer).hostname;
  if (isIP(host) === 4) return `[${host}]`;
  return host === '' || host.startsWith('[') ? '[127.0.0.1]' : host;
}

function isThisMachine(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** Marks a failure after the whole mail was sent; a server that answered has said what became of it. */
function withoutAnswer(error: unknown): unknown {
  if (!(error instanceof Error) || typeof Reflect.get(error, 'responseCode') === 'number') return error;
  return Object.assign(error, { unconfirmed: true });
}

/** In the shape of the library's own refusal of an envelope, so that one reader knows both. */
function unacceptable(message: string): Error {
  return Object.assign(new Error(message), { code: 'EENVELOPE', command: 'API' });
}
