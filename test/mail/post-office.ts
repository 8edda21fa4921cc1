import { createHmac, randomUUID } from 'node:crypto';
import path from 'node:path';
import { sql } from 'kysely';
import type { Logger } from 'pino';
import { mailSchema } from '../../src/config/sections/mail.ts';
import type { Db } from '../../src/db/open.ts';
import { enqueueMail, type NewMail } from '../../src/mail/outbox.ts';
import { createMailRenderer, type MailRenderer } from '../../src/mail/render.ts';
import {
  createMailSender,
  type MailMetrics,
  type MailSender,
  type MailSenderTimes,
} from '../../src/mail/sender.ts';
import { createMailTransport, type MailTransport } from '../../src/mail/transport.ts';
import { silentLogger } from '../support/logger.ts';
import type { SmtpSink } from '../support/smtp-sink.ts';

export const renderer: MailRenderer = createMailRenderer({
  viewsFolder: path.join(import.meta.dirname, '../../views'),
  branding: {
    organisation: { en: 'Example University', ja: '例示大学' },
    loginIdLabel: { en: 'User ID', ja: 'ユーザーID' },
    inquiryUrl: { en: 'https://uni.example/en/inquiry', ja: 'https://uni.example/ja/inquiry' },
    supportCentre: {
      name: { en: 'Support centre', ja: 'サポートセンター' },
      hours: { en: 'Weekdays 9:00-17:00', ja: '平日 9:00-17:00' },
    },
  },
});

export function codeFor(challengeId: string): string {
  const word = createHmac('sha256', 'test').update(challengeId).digest().readUInt32BE(0);
  return String(word % 100_000_000).padStart(8, '0');
}

/** Stands for the page behind a link; no row holds it. */
export function linkFor(linkId: string): string {
  return `https://idp.uni.example/not-me/${createHmac('sha256', 'link').update(linkId).digest('base64url')}`;
}

export function openTransport(
  sink: SmtpSink,
  settings: Record<string, unknown> = {},
  issuer?: string,
): MailTransport {
  const timeouts = { connect_timeout_ms: 400, socket_timeout_ms: 500 };
  const parsed = mailSchema.parse({ from_address: 'login@idp.example', ...timeouts, ...settings });
  return createMailTransport(
    { ...parsed, smtp_url: parsed.smtp_url ?? sink.url, from_address: parsed.from_address ?? '' },
    {
      senderName: { en: 'Example University', ja: '例示大学' },
      ...(issuer === undefined ? {} : { issuer }),
    },
  );
}

/** One node's sender with a transport of its own, in a hurry. */
export function openSender(
  db: Db,
  sink: SmtpSink,
  options: {
    times?: Partial<MailSenderTimes>;
    settings?: Record<string, unknown>;
    logger?: Logger;
    metrics?: MailMetrics;
  } = {},
): MailSender & { transport: MailTransport; close(): Promise<void> } {
  const transport = openTransport(sink, options.settings);
  const sender = createMailSender(
    {
      db,
      transport,
      renderer,
      codeFor,
      linkFor,
      logger: options.logger ?? silentLogger(),
      ...(options.metrics === undefined ? {} : { metrics: options.metrics }),
    },
    {
      handOverMs: 2_000,
      leaseMs: 5_000,
      retryMs: [100, 200, 300],
      pollMs: 60,
      stopMs: 2_500,
      ...options.times,
    },
  );
  const close = async () => {
    await sender.stop();
    transport.close();
  };
  return { ...sender, transport, close };
}

export async function addAccount(db: Db): Promise<string> {
  const id = randomUUID();
  await db
    .insertInto('accounts')
    .values({ id, login_id: id, kind: 'sps', ...nobody })
    .execute();
  return id;
}

const nobody = { name_en: null, name_ja: null, email: null, affiliation: null, locale: null };

export async function addChallenge(db: Db, accountId: string, seconds = 600): Promise<string> {
  const id = randomUUID();
  await db
    .insertInto('challenges')
    .values({
      id,
      interaction: 'interaction',
      account_id: accountId,
      purpose: 'sign-in',
      address: 'user@mail.example',
      reference: 'KQ7',
      expires_at: sql`now() + make_interval(secs => ${seconds})`,
    })
    .execute();
  return id;
}

/** Writes a mail with a code, committed, as a login does. */
export async function post(db: Db, mail: Partial<NewMail<'sign-in-code'>> = {}): Promise<string> {
  const accountId = mail.accountId ?? (await addAccount(db));
  const challengeId = mail.challengeId ?? (await addChallenge(db, accountId));
  return db.transaction().execute((trx) =>
    enqueueMail(trx, {
      accountId,
      challengeId,
      kind: 'sign-in-code',
      locale: 'en',
      to: 'user@mail.example',
      model: { reference: 'KQ7', service: 'Library', minutes: 10, at: '1 April 2026 at 9:00 JST' },
      lifetimeSeconds: 600,
      ...mail,
    }),
  );
}

export async function mailRow(db: Db, id: string) {
  return db.selectFrom('mails').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
}

/** Waits until it is so. @throws Error with what was seen last, after a while. */
export async function eventually<Value>(
  look: () => Promise<Value> | Value,
  isSo: (value: Value) => boolean,
  withinMs = 10_000,
): Promise<Value> {
  const end = Date.now() + withinMs;
  for (;;) {
    const value = await look();
    if (isSo(value)) return value;
    if (Date.now() > end) throw new Error(`still ${JSON.stringify(value)} after ${withinMs} ms`);
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
}
