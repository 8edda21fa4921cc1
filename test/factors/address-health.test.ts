import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { forgiveAddressFailures, noteAddressFailure } from '../../src/factors/mail/address-health.ts';
import { faultOf } from '../../src/mail/fault.ts';
import { createMailSender, type MailSender } from '../../src/mail/sender.ts';
import type { MailTransport } from '../../src/mail/transport.ts';
import { codeFor, linkFor, openTransport, renderer } from '../mail/post-office.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { silentLogger } from '../support/logger.ts';
import { type SmtpSink, startSmtpSink } from '../support/smtp-sink.ts';
import { auditOf, type Someone, type TwoNodes, twoNodes } from './two-nodes.ts';

describe('what a mail server says', () => {
  test.each([
    ['550 5.1.1 no such user', 'RCPT TO', 'EENVELOPE', true],
    ['452 4.2.1 mailbox disabled for now', 'RCPT TO', 'EENVELOPE', true],
    ['554 5.2.2 mailbox full', 'DATA', 'EMESSAGE', true],
    // About the mail, its sender or the session: no word on who it is for.
    ['451 4.7.1 greylisted', 'RCPT TO', 'EENVELOPE', false],
    ['504 5.5.2 <node>: Helo command rejected', 'RCPT TO', 'EENVELOPE', false],
    ['554 5.7.1 <a@b.example>: Relay access denied', 'RCPT TO', 'EENVELOPE', false],
    ['550 5.1.1 user unknown', 'MAIL FROM', 'EENVELOPE', false],
    ['554 5.7.1 looks like spam', 'DATA', 'EMESSAGE', false],
    ['550 5.7.1 sender refused', 'MAIL FROM', 'EENVELOPE', false],
    ['530 5.7.0 sign in first', 'RCPT TO', 'EENVELOPE', false],
    ['421 4.3.2 busy', 'CONN', 'ECONNECTION', false],
  ])('D5: %s (to %s) is about the recipient: %s, %s', (response, command, code, recipient) => {
    const error = Object.assign(new Error(response), {
      response,
      responseCode: Number(response.slice(0, 3)),
    });
    expect(faultOf(Object.assign(error, { command, code }), [])).toMatchObject({ recipient });
  });
});

describeOnEveryDatabase('the health of an address', (open) => {
  let database: TestDatabase;
  let stage: TwoNodes;
  let sink: SmtpSink;
  let transport: MailTransport;
  let sender: MailSender;
  beforeAll(async () => {
    database = await open();
    stage = await twoNodes(database);
  });
  beforeEach(async () => {
    sink = await startSmtpSink();
    transport = openTransport(sink);
    sender = createMailSender(
      {
        db: stage.db,
        transport,
        renderer,
        codeFor,
        linkFor,
        logger: silentLogger(),
        onUndelivered: (address, reason) => noteAddressFailure(stage.db, address, reason),
        onDelivered: (mailId) => forgiveAddressFailures(stage.db, mailId),
      },
      { handOverMs: 2_000, leaseMs: 5_000, retryMs: [60_000], pollMs: 60_000 },
    );
  });
  afterEach(async () => {
    await sender.stop();
    transport.close();
    await sink.close();
  });
  afterAll(() => database.close());

  /** Sends a code by mail, as far as it comes. */
  async function mailCode(who: Someone, lifetimeSeconds = 600): Promise<void> {
    const { signIn } = await stage.withCode(await stage.signIn(who), 'sign-in', who.address);
    const mail = await stage.db
      .updateTable('mails')
      .set({ expires_at: sql<Date>`now() + make_interval(secs => ${lifetimeSeconds})` })
      .where('challenge_id', '=', signIn.challenge?.id ?? '')
      .returning('id')
      .executeTakeFirstOrThrow();
    sender.wake(mail.id);
    await sender.idle();
  }
  const failuresOf = async (who: Someone): Promise<number> =>
    (
      await stage.db
        .selectFrom('mail_factors')
        .select('failures')
        .where('account_id', '=', who.id)
        .where('state', '=', 'active')
        .executeTakeFirstOrThrow()
    ).failures;

  test('D5: refusals are counted for the account, audited, and forgotten by a right code', async () => {
    const who = await stage.someone({ mail: true });
    const other = await stage.someone({ mail: true });
    sink.mode = 'refuse';
    await mailCode(who);
    await mailCode(who);
    expect([await failuresOf(who), await failuresOf(other)]).toEqual([2, 0]);
    expect((await stage.nodes[1].overview(who.id))?.mail?.failing).toBe(true);
    expect(await auditOf(stage.db, who.id, 'factor.address-failed')).toEqual([
      { event: 'factor.address-failed', details: { reason: 'refused', failures: 1 } },
      { event: 'factor.address-failed', details: { reason: 'refused', failures: 2 } },
    ]);
    const { signIn, digits } = await stage.withCode(await stage.signIn(who), 'sign-in', who.address);
    await stage.nodes[1].proving.verifyMailCode(signIn, digits, {
      requestId: 'request-1',
      address: '192.0.2.7',
      node: 'node-b',
    });
    expect(await failuresOf(who)).toBe(0);
    expect((await stage.nodes[0].overview(who.id))?.mail?.failing).toBe(false);
  });

  test('S19: what was counted while the relay refused is forgiven by the next mail that is taken; a returned mail is not', async () => {
    const who = await stage.someone({ mail: true });
    const bounced = await stage.someone({ mail: true });
    for (const address of [who.address, who.address, bounced.address])
      await noteAddressFailure(stage.db, address, 'refused');
    await noteAddressFailure(stage.db, bounced.address, 'bounced', 'cli:test');
    await mailCode(who);
    await mailCode(bounced);
    expect(sink.mails).toHaveLength(2);
    expect([await failuresOf(who), await failuresOf(bounced)]).toEqual([0, 3]);
  });

  test('S19: a refusal that is not about the mailbox never counts, at whatever command it is said', async () => {
    sink.mode = 'say';
    for (const at of ['CONNECT', 'MAIL', 'RCPT', 'DATA'] as const) {
      const who = await stage.someone({ mail: true });
      for (const reply of ['504 5.5.2 <node>: Helo command rejected', '554 5.7.1 Relay access denied']) {
        sink.said = { at, reply };
        await mailCode(who);
      }
      expect(await failuresOf(who)).toBe(0);
      const mails = await stage.db
        .selectFrom('mails')
        .select(['state', 'server_reply'])
        .where('account_id', '=', who.id)
        .execute();
      const waiting = { state: 'waiting', server_reply: expect.stringMatching(/5\.[57]\.[12] /) };
      expect(mails).toEqual([waiting, waiting]);
    }
  });

  test('S19: a code whose time runs out on the recipient’s mailbox counts; a relay that is away never does', async () => {
    const who = await stage.someone({ mail: true });
    // The first retry would come after the mail's end.
    sink.mode = 'say';
    sink.said = { at: 'RCPT', reply: '452 4.2.2 mailbox full' };
    await mailCode(who, 20);
    expect(await failuresOf(who)).toBe(1);
    sink.mode = 'greylist';
    await mailCode(who, 20);
    sink.mode = 'down';
    await mailCode(who, 20);
    sink.mode = 'temporary';
    await mailCode(who, 20);
    expect(await failuresOf(who)).toBe(1);
    expect(await auditOf(stage.db, who.id, 'factor.address-failed')).toEqual([
      { event: 'factor.address-failed', details: { reason: 'expired', failures: 1 } },
    ]);
    expect(
      await stage.db.selectFrom('mails').select('state').where('account_id', '=', who.id).execute(),
    ).toEqual(['', '', '', ''].map(() => ({ state: 'expired' })));
  });

  test('D5: an address that serves several accounts fails for all of them, and only where it is still in use', async () => {
    const [one, two, gone] = await Promise.all([0, 1, 2].map(() => stage.someone({ mail: true })));
    const address = one?.address ?? '';
    await stage.db
      .updateTable('mail_factors')
      .set({ address })
      .where('account_id', 'in', [two?.id ?? '', gone?.id ?? ''])
      .execute();
    await stage.db
      .updateTable('mail_factors')
      .set({ state: 'replaced' })
      .where('account_id', '=', gone?.id ?? '')
      .execute();
    expect(await noteAddressFailure(stage.db, address, 'bounced', 'cli:test')).toBe(2);
    expect(await auditOf(stage.db, gone?.id ?? '')).toEqual([]);
    for (const who of [one, two])
      expect(await auditOf(stage.db, who?.id ?? '')).toEqual([
        { event: 'factor.address-failed', details: { reason: 'bounced', failures: 2 } },
      ]);
    expect(await noteAddressFailure(stage.db, `nobody-${address}`, 'bounced')).toBe(0);
  });
});
