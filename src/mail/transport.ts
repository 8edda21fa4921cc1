import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { createTransport } from 'nodemailer';
import type { Configuration } from '../config/schema.ts';
import type { Locale, Localised } from '../i18n/locale.ts';
import { domainOf, isPlainAddress } from './recipient.ts';
import type { RenderedMail } from './render.ts';

export interface OutgoingMail extends RenderedMail {
  /** The outbox row's id: every attempt to send the mail carries the same Message-ID. */
  id: string;
  to: string;
  locale: Locale;
  createdAt: Date;
}

export interface MailTransport {
  /** How many mails can be handed over at the same time. */
  readonly capacity: number;
  /** A working server answers within this time; a hand-over that takes longer is given up. */
  readonly handOverMs: number;
  /** Hands one mail to the server. @returns its reply. @throws what `faultOf` reads. */
  deliver(mail: OutgoingMail, signal: AbortSignal): Promise<string>;
  /** Connects and signs in, without a mail: for `nijo doctor`. @throws the library's error. */
  check(): Promise<void>;
  /** Closes all connections. */
  close(): void;
}

/**
 * A pool of SMTP connections in which every wait has a timeout (E9). The server's certificate is
 * verified, except on this machine, where nobody can intercept the connection. The URL in `smtp_url`
 * may carry options of the library, such as `?requireTLS=true` or `?tls.rejectUnauthorized=false`.
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
    // If the server has closed an idle connection, a new one is opened before anything is sent.
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
  // Message-IDs of mails of which every byte was sent, during their hand-over.
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
        // Given as separate parts, so that the library parses nothing out of them (E10).
        envelope: { from, to: [mail.to] },
        from: { name: nameOf?.[mail.locale] ?? '', address: from },
        to: { name: '', address: mail.to },
        subject: mail.subject,
        text: mail.text,
        html: mail.html,
        messageId,
        date: mail.createdAt,
        headers: {
          // Suppresses vacation replies (RFC 3834; the second header is Exchange's).
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
 * The name that this node gives the relay (RFC 5321 §4.1.1.1). Many relays refuse the short host name of a
 * container, and the `[127.0.0.1]` that the library uses instead.
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

/** Marks an error after the whole mail was sent, unless the server has answered. */
function withoutAnswer(error: unknown): unknown {
  if (!(error instanceof Error) || typeof Reflect.get(error, 'responseCode') === 'number') return error;
  return Object.assign(error, { unconfirmed: true });
}

/** Has the shape of the library's own envelope error, so that `faultOf` reads both. */
function unacceptable(message: string): Error {
  return Object.assign(new Error(message), { code: 'EENVELOPE', command: 'API' });
}
