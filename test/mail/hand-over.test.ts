import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { claimMail } from '../../src/mail/claims.ts';
import { deliveryOf, forgetOldMails } from '../../src/mail/delivery.ts';
import { enqueueMail } from '../../src/mail/outbox.ts';
import { createMetrics } from '../../src/observe/metrics.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { collectingLogger } from '../support/logger.ts';
import { type SmtpSink, startSmtpSink } from '../support/smtp-sink.ts';
import { realReplies } from './real-replies.ts';
import { addAccount, addChallenge, codeFor, eventually, mailRow, openSender, post } from './post-office.ts';

describeOnEveryDatabase('handing mails over', (open) => {
  let database: TestDatabase;
  let sink: SmtpSink;
  const senders: { close(): Promise<void> }[] = [];
  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    sink = await startSmtpSink();
    await sql`truncate mails`.execute(database.db);
  });
  afterEach(async () => {
    await Promise.all(senders.splice(0).map((sender) => sender.close()));
    await sink.close();
  });
  const sender = (...args: Parameters<typeof openSender>) => {
    const opened = openSender(...args);
    senders.push(opened);
    return opened;
  };
  const state = async (id: string) => (await mailRow(database.db, id)).state;

  test('a mail leaves at once, with the derived code that no row holds', async () => {
    const metrics = createMetrics();
    const { wake, idle } = sender(database.db, sink, { metrics: metrics.mail });
    const id = await post(database.db);
    wake(id);
    await idle();
    const row = await mailRow(database.db, id);
    expect(row).toMatchObject({ state: 'handed-over', attempts: 1, model: {} });
    expect(row.handed_over_at).toBeInstanceOf(Date);
    const challenge = row.challenge_id ?? '';
    const [mail] = sink.mails;
    expect(mail?.to).toEqual(['user@mail.example']);
    expect((await mail?.parsed)?.text).toContain(codeFor(challenge));
    expect(JSON.stringify(row)).not.toContain(codeFor(challenge));
    expect(await deliveryOf(database.db, challenge)).toEqual({
      state: 'handed-over',
      domain: 'mail.example',
    });
    const text = await metrics.text();
    expect(text).toContain('nijo_mails_total{kind="sign-in-code",state="handed-over"} 1');
    expect(text).toContain('nijo_mail_handover_seconds_count{domain="other"} 1');
  });

  test('a mail exists only with what it tells of: after a roll-back there is none', async () => {
    const { wake, start, idle } = sender(database.db, sink);
    let id = '';
    const given = database.db.transaction().execute(async (trx) => {
      const account = await addAccount(trx);
      id = await enqueueMail(trx, {
        accountId: account,
        kind: 'notice',
        locale: 'ja',
        to: 'user@mail.example',
        model: { notice: 'app-added', loginId: 'a•••1', at: '9:00', place: 'here' },
        lifetimeSeconds: 60,
      });
      throw new Error('rolled back');
    });
    await expect(given).rejects.toThrow('rolled back');
    wake(id);
    start();
    await idle();
    expect(sink.mails).toEqual([]);
  });

  test('F06: while the server is down mails wait and say so; when it is back each arrives once', async () => {
    const { wake, start } = sender(database.db, sink);
    sink.mode = 'down';
    start();
    const ids: string[] = [];
    for (let i = 0; i < 12; i += 1) ids.push(await post(database.db, { to: `u${i}@mail.example` }));
    for (const id of ids) wake(id);
    const row = await eventually(
      () => mailRow(database.db, ids[0] ?? ''),
      (seen) => seen.server_reply !== null,
    );
    expect(row.state).toBe('waiting');
    expect(await deliveryOf(database.db, row.challenge_id ?? '')).toMatchObject({ state: 'retrying' });
    sink.mode = 'ok';
    await eventually(
      () => database.db.selectFrom('mails').select('id').where('state', '=', 'handed-over').execute(),
      (done) => done.length === 12,
    );
    expect(sink.mails).toHaveLength(12);
    expect(new Set(sink.mails.map((mail) => mail.to[0]))).toEqual(
      new Set(ids.map((_id, i) => `u${i}@mail.example`)),
    );
  });

  test('F07: a stalled server holds no page, no more sockets than the pool, and is given up in time', async () => {
    const { wake, idle } = sender(database.db, sink, {
      settings: { pool_size: 2 },
      times: { retryMs: [60_000] },
    });
    sink.mode = 'stall';
    const ids: string[] = [];
    for (let i = 0; i < 6; i += 1) ids.push(await post(database.db));
    const before = performance.now();
    for (const id of ids) wake(id);
    expect(performance.now() - before).toBeLessThan(50);
    await idle();
    expect(performance.now() - before).toBeLessThan(5_000);
    expect(sink.mostConnections).toBeLessThanOrEqual(2);
    const row = await mailRow(database.db, ids[0] ?? '');
    expect(row).toMatchObject({ state: 'waiting', server_reply: 'Greeting never received' });
  });

  test.each(['temporary', 'greylist'] as const)(
    'F08: a server that says later (%s) gets it again',
    async (mode) => {
      const { wake, start } = sender(database.db, sink);
      sink.mode = mode;
      const id = await post(database.db);
      wake(id);
      const row = await eventually(
        () => mailRow(database.db, id),
        (seen) => seen.server_reply !== null,
      );
      expect(row).toMatchObject({
        state: 'waiting',
        server_reply: expect.stringMatching(/^4(21|51) .*try later$/),
      });
      if (mode === 'temporary') sink.mode = 'ok';
      start();
      await eventually(
        () => state(id),
        (seen) => seen === 'handed-over',
      );
      expect(sink.mails).toHaveLength(1);
    },
  );

  test('S19: the server says what real ones say: only what is about the mailbox ends a mail, the rest alarms', async () => {
    const log = collectingLogger();
    const metrics = createMetrics();
    const { wake, idle } = sender(database.db, sink, {
      logger: log.logger,
      metrics: metrics.mail,
      times: { retryMs: [60_000] },
    });
    sink.mode = 'say';
    const account = await addAccount(database.db);
    let alarms = 0;
    for (const [subject, reply] of realReplies) {
      if (reply.includes('\n')) continue;
      sink.said = { at: 'RCPT', reply };
      const id = await post(database.db, { accountId: account });
      wake(id);
      await idle();
      const row = await mailRow(database.db, id);
      const final = subject === 'recipient' && reply.startsWith('5');
      expect([reply, row.state]).toEqual([reply, final ? 'refused' : 'waiting']);
      expect([reply, (await deliveryOf(database.db, row.challenge_id ?? ''))?.state]).toEqual([
        reply,
        final ? 'refused' : subject === 'recipient' ? 'deferred' : 'retrying',
      ]);
      if (subject === 'other') alarms += 1;
      const alarmed = log.lines().filter((line) => line.event === 'mail.relay-trouble');
      expect([reply, alarmed.length]).toEqual([reply, alarms]);
    }
    expect(alarms).toBeGreaterThan(40);
    const lines = log.lines().filter((line) => line.event === 'mail.relay-trouble');
    expect(new Set(lines.map((line) => line.level))).toEqual(new Set(['error']));
    const counted = [
      ...(await metrics.text()).matchAll(/nijo_mail_relay_trouble_total\{reply="[45]yz"\} (\d+)/g),
    ];
    expect(counted.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(alarms);
  });

  test('S19: a mail that the relay refused leaves when the relay is mended; at the end it is a delay, not a bad address', async () => {
    const { wake, start, idle } = sender(database.db, sink);
    sink.mode = 'say';
    sink.said = { at: 'RCPT', reply: '554 5.7.1 <user@mail.example>: Relay access denied' };
    const id = await post(database.db);
    const late = await post(database.db, { lifetimeSeconds: 1, to: 'late@mail.example' });
    wake(id);
    wake(late);
    await idle();
    await eventually(
      () => mailRow(database.db, late),
      (seen) => {
        start();
        return seen.state === 'expired';
      },
    );
    const { challenge_id: challenge } = await mailRow(database.db, late);
    expect(await deliveryOf(database.db, challenge ?? '')).toMatchObject({ state: 'retrying' });
    sink.mode = 'ok';
    await eventually(
      () => state(id),
      (seen) => seen === 'handed-over',
    );
    expect(sink.mails).toHaveLength(1);
  });

  test("F08: a refusal is final, with the server's words for operators but neither address nor code", async () => {
    const log = collectingLogger();
    const { wake, start, idle } = sender(database.db, sink, { logger: log.logger });
    const account = await addAccount(database.db);
    const challenge = await addChallenge(database.db, account);
    const code = codeFor(challenge);
    sink.mode = 'refuse';
    sink.refusal = `5.1.1 <user@mail.example> unknown, mail ${code.slice(0, 4)} ${code.slice(4)} discarded`;
    const id = await post(database.db, { accountId: account, challengeId: challenge });
    wake(id);
    await idle();
    expect(await mailRow(database.db, id)).toMatchObject({
      state: 'refused',
      server_reply: '550 5.1.1 <[…]> unknown, mail […] discarded',
      model: {},
    });
    expect(await deliveryOf(database.db, challenge)).toEqual({ state: 'refused', domain: 'mail.example' });
    start();
    await new Promise((resolve) => {
      setTimeout(resolve, 400);
    });
    expect(sink.recipients).toHaveLength(1);
    expect(log.lines().filter((line) => line.event === 'mail.refused')).toHaveLength(1);
    expect(log.text()).not.toContain('user@mail.example');
    expect(log.text()).not.toContain(code);
  });

  test('F08: a reset after the mail was taken leads to one duplicate at most, under the same Message-ID', async () => {
    const { wake, start } = sender(database.db, sink);
    sink.mode = 'reset';
    const id = await post(database.db);
    wake(id);
    await eventually(
      () => mailRow(database.db, id),
      (seen) => seen.server_reply !== null,
    );
    sink.mode = 'ok';
    start();
    await eventually(
      () => state(id),
      (seen) => seen === 'handed-over',
    );
    expect(sink.mails).toHaveLength(2);
    const [first, second] = await Promise.all(sink.mails.map((mail) => mail.parsed));
    expect(first?.messageId).toBe(`<${id}@idp.example>`);
    expect(second?.messageId).toBe(first?.messageId);
    expect(second?.date).toEqual(first?.date);
    expect(second?.text).toBe(first?.text);
  });

  test('F08: a server that always breaks off after the mail gets two copies, never more', async () => {
    const { wake, start } = sender(database.db, sink);
    sink.mode = 'reset';
    const id = await post(database.db);
    wake(id);
    start();
    const row = await eventually(
      () => mailRow(database.db, id),
      (seen) => seen.state !== 'waiting',
    );
    expect(row).toMatchObject({
      state: 'handed-over',
      server_reply: expect.stringMatching(/^unconfirmed: /),
    });
    expect(sink.mails).toHaveLength(2);
  });

  test.each(['expires_at', 'consumed_at', 'voided_at'] as const)(
    'a code never leaves once its challenge is over (%s)',
    async (column) => {
      const { wake, idle } = sender(database.db, sink);
      const account = await addAccount(database.db);
      const challengeId = await addChallenge(database.db, account);
      const id = await post(database.db, { accountId: account, challengeId });
      await sql`update challenges set ${sql.ref(column)} = now() where id = ${challengeId}`.execute(
        database.db,
      );
      wake(id);
      await idle();
      expect(await mailRow(database.db, id)).toMatchObject({ state: 'expired', model: {} });
      expect(sink.recipients).toEqual([]);
    },
  );

  test('a mail whose next try would come after its time is given up', async () => {
    const { wake, idle } = sender(database.db, sink, { times: { retryMs: [60_000] } });
    sink.mode = 'greylist';
    const id = await post(database.db, { lifetimeSeconds: 30 });
    wake(id);
    await idle();
    expect(await state(id)).toBe('expired');
    expect(await deliveryOf(database.db, (await mailRow(database.db, id)).challenge_id ?? '')).toMatchObject({
      state: 'retrying',
    });
  });

  test('I4: two nodes send 50 mails, each exactly once', async () => {
    const nodes = [sender(database.db, sink), sender(await database.connect(), sink)];
    const ids = await Promise.all(
      Array.from({ length: 50 }, (_, i) => post(database.db, { to: `u${i}@mail.example` })),
    );
    for (const node of nodes) {
      node.start();
      // Both are told of all, which is worse than what happens.
      for (const id of ids) node.wake(id);
    }
    await eventually(
      () => database.db.selectFrom('mails').select('id').where('state', '<>', 'handed-over').execute(),
      (left) => left.length === 0,
      20_000,
    );
    await Promise.all(nodes.map((node) => node.idle()));
    expect(sink.mails).toHaveLength(50);
    expect(new Set(sink.mails.map((mail) => mail.to[0])).size).toBe(50);
  });

  test('another node sends the mail of a node that died in the middle, when its lease is over', async () => {
    const id = await post(database.db);
    // The dead node: it took the mail and was never heard of again.
    expect(await claimMail(database.db, 600, id)).toMatchObject({ id, attempt: 1, expired: false });
    const other = sender(await database.connect(), sink);
    other.start();
    other.wake(id);
    await other.idle();
    expect(sink.mails).toHaveLength(0);
    await eventually(
      () => state(id),
      (seen) => seen === 'handed-over',
    );
    expect(sink.mails).toHaveLength(1);
  });

  test('a node that stops finishes what is in flight', async () => {
    const leaving = openSender(database.db, sink);
    const ids = await Promise.all(Array.from({ length: 4 }, () => post(database.db)));
    for (const id of ids) leaving.wake(id);
    await leaving.close();
    expect(sink.mails).toHaveLength(4);
    leaving.wake(await post(database.db));
    await leaving.idle();
    expect(sink.mails).toHaveLength(4);
  });

  test('a node that stops gives back what it cannot finish, and another one sends it', async () => {
    const slow = { connect_timeout_ms: 5_000, socket_timeout_ms: 5_000 };
    const times = { handOverMs: 20_000, leaseMs: 60_000, stopMs: 200 };
    const leaving = openSender(database.db, sink, { settings: slow, times });
    sink.mode = 'stall';
    const id = await post(database.db);
    leaving.wake(id);
    await eventually(
      () => sink.mostConnections,
      (count) => count === 1,
    );
    const before = performance.now();
    await leaving.close();
    expect(performance.now() - before).toBeLessThan(2_000);
    sink.mode = 'ok';
    sender(await database.connect(), sink).start();
    await eventually(
      () => state(id),
      (seen) => seen === 'handed-over',
    );
    expect(sink.mails).toHaveLength(1);
  });

  test('an unreachable database stops nothing: it is logged, and no rejection is left unhandled', async () => {
    if (database.kind === 'pglite') return;
    const gone = await database.connect();
    await sql`select 1`.execute(gone);
    await gone.destroy();
    const log = collectingLogger();
    const { wake, start, idle } = sender(gone, sink, { logger: log.logger });
    wake(await post(database.db));
    start();
    await idle();
    expect(log.lines().map((line) => line.event)).toContain('mail.outbox-unreachable');
  });

  test('a notice never goes before a code', async () => {
    const account = await addAccount(database.db);
    const notice = await enqueueMail(database.db, {
      accountId: account,
      kind: 'notice',
      locale: 'en',
      to: 'user@mail.example',
      model: { notice: 'app-added', loginId: 'a•••1', at: '9:00', place: 'here' },
      lifetimeSeconds: 60,
    });
    const code = await post(database.db, { accountId: account });
    expect((await claimMail(database.db, 60_000))?.id).toBe(code);
    expect((await claimMail(database.db, 60_000))?.id).toBe(notice);
    expect(await claimMail(database.db, 60_000)).toBeUndefined();
  });

  test('old mails are forgotten in batches, waiting ones are kept', async () => {
    const ids = await Promise.all(Array.from({ length: 5 }, () => post(database.db)));
    const [waiting = ''] = ids;
    await sql`update mails set created_at = now() - interval '25 hours',
      state = case when id = ${waiting} then 'waiting' else 'handed-over' end`.execute(database.db);
    const young = await post(database.db);
    expect(await forgetOldMails(database.db, { batch: 3 })).toBe(3);
    expect(await forgetOldMails(database.db, { batch: 3 })).toBe(1);
    const left = await database.db.selectFrom('mails').select('id').execute();
    expect(new Set(left.map((row) => row.id))).toEqual(new Set([waiting, young]));
  });
});
