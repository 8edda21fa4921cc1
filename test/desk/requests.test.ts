import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { KyselyPlugin } from 'kysely';
import { deskSchema } from '../../src/config/sections/desk.ts';
import { createFileNotMe, createSupportRequests, type SupportRequest } from '../../src/desk/requests.ts';
import { digestOfUnknownId } from '../../src/desk/typed-id.ts';
import { noticesOf } from '../factors/two-nodes.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { testSealer } from '../support/sealer.ts';
import { type DeskStage, deskStage, eventsAbout, origin, refusal } from './desk-stage.ts';

const number = /^[B-DF-HJ-NP-TV-XZ2-9]{4}-[B-DF-HJ-NP-TV-XZ2-9]{4}$/;

describeOnEveryDatabase('requests for help', (open) => {
  let database: TestDatabase;
  let stage: DeskStage;
  let networks = 0;
  beforeAll(async () => {
    database = await open();
    stage = await deskStage(database);
  });
  afterAll(() => database.close());

  /** From a network of its own, so that no test fills another one's limit. */
  const elsewhere = () => {
    networks += 1;
    return { ...origin, address: `198.51.${Math.floor(networks / 200)}.${networks % 200}` };
  };
  const request = (loginId: string, more: Partial<SupportRequest> = {}): SupportRequest => ({
    loginId,
    reason: 'lost-device',
    origin: elsewhere(),
    locale: 'ja',
    ...more,
  });
  const casesOf = (loginId: string) =>
    stage.db
      .selectFrom('desk_cases')
      .selectAll()
      .where('login_id', 'in', [loginId, digestOfUnknownId(testSealer(), loginId)])
      .orderBy('created_at')
      .execute();

  test('C12, C13: the same statements and the same answer for an ID that exists, is disabled, or is nobody’s', async () => {
    const statements: string[] = [];
    const listening: KyselyPlugin = {
      transformQuery({ node, queryId }) {
        statements.push(stage.db.getExecutor().compileQuery(node, queryId).sql);
        return node;
      },
      transformResult: async ({ result }) => result,
    };
    const requests = createSupportRequests({
      db: stage.db.withPlugin(listening),
      settings: deskSchema.parse({}),
      notices: stage.factors.notices,
      sealer: testSealer(),
      places: [],
    });
    const [known, disabled] = [await stage.person(), await stage.person({ disabled: true })];
    const filed = [];
    for (const loginId of [
      known.loginId,
      disabled.loginId,
      'nobody-has-this',
      `　${known.loginId.toUpperCase()}　`,
    ]) {
      statements.length = 0;
      const answer = await requests.file(request(loginId));
      expect(Object.keys(answer)).toEqual(['number']);
      expect(answer.number).toMatch(number);
      filed.push([...statements]);
    }
    expect(filed[0]?.length).toBeGreaterThanOrEqual(4);
    for (const one of filed) expect(one).toEqual(filed[0]);
    expect(
      (await casesOf(known.loginId)).map((row) => [row.account_id, row.with_password, row.state, row.source]),
    ).toEqual([1, 2].map(() => [known.id, false, 'open', 'user']));
    expect((await casesOf('nobody-has-this')).map((row) => row.account_id)).toEqual([null]);
    // Anybody can do this to anybody: nobody is written to, and nothing says that the account's owner did it.
    expect(await noticesOf(stage.db, known.id)).toEqual([]);
    const [first] = await eventsAbout(stage.db, { accountId: known.id });
    expect(first).toMatchObject({
      event: 'desk.case-filed',
      actor: 'anonymous',
      details: { password: false, reason: 'lost-device' },
    });
  });

  test('R42, S30: what is no ID at all is filed too, as a digest of what was typed; nothing at all is not', async () => {
    const typed: [string, string][] = [
      ['hanako yamada', 'hanako yamada'],
      ['山田　花子', '山田 花子'],
      ['a\u0000b\u202e\u200bc\n d', 'a b c d'],
      [`x y${'z'.repeat(300)}`, `x y${'z'.repeat(61)}`],
      ['😀'.repeat(80), '😀'.repeat(64)],
      ["'; drop table desk_cases; --", "'; drop table desk_cases; --"],
    ];
    for (const [input, kept] of typed) {
      const { number: given } = await stage.desk.requests.file(request(input, { wishedCheck: 'in-person' }));
      expect(await casesOf(kept)).toMatchObject([
        {
          number: given,
          account_id: null,
          wished_check: 'in-person',
          locale: 'ja',
          login_id: expect.stringMatching(/^\?[\w-]{22}$/),
        },
      ]);
    }
    for (const input of ['', ' 　\n', '\u0000\u200b'])
      expect(await refusal(stage.desk.requests.file(request(input)))).toBe('login_id_missing');
    expect(await refusal(stage.desk.requests.file(request('x', { reason: 'not-me' as 'other' })))).toBe(
      'reason_missing',
    );
    await stage.desk.requests.file(request('wishes', { wishedCheck: 'bribe' }));
    expect(await casesOf('wishes')).toMatchObject([{ wished_check: null }]);
  });

  test('one network files twenty times in an hour, whatever IDs it names; a campus that knows its passwords files on', async () => {
    const from = { ...origin, address: '2001:db8:1:2:3:4:5:6' };
    const neighbour = { ...origin, address: '2001:db8:1:2:ffff::1' };
    const file = (n: number, by = n % 2 === 0 ? from : neighbour) =>
      stage.nodes[n % 2 === 0 ? 0 : 1].requests.file(request(`network-${n}`, { origin: by }));
    const codes = await Promise.all(Array.from({ length: 27 }, (_, n) => refusal(file(n))));
    expect(codes.filter((code) => code === 'done')).toHaveLength(20);
    expect(codes.filter((code) => code === 'support_limit_reached')).toHaveLength(7);
    await expect(file(0)).rejects.toMatchObject({ details: { minutes: 60 } });
    expect(await refusal(file(0, elsewhere()))).toBe('done');
    const who = await stage.person();
    expect(
      (await stage.desk.requests.file(request(who.loginId, { account: who.id, origin: from }))).number,
    ).toMatch(number);
  });

  test('an ID has five new cases in a day; whoever files on is told the newest number, and nothing is stored', async () => {
    const who = await stage.person();
    for (const loginId of [who.loginId, 'nobody-with-limits']) {
      const numbers = [];
      for (let n = 0; n < 8; n += 1) numbers.push((await stage.desk.requests.file(request(loginId))).number);
      const stored = (await casesOf(loginId)).map((row) => row.number);
      expect(stored).toEqual(numbers.slice(0, 5));
      expect(numbers.slice(5)).toEqual([5, 6, 7].map(() => stored[4]));
    }
    // A flood of strangers does not keep out the one who knows the password.
    const { number: given } = await stage.desk.requests.file(request(who.loginId, { account: who.id }));
    expect((await casesOf(who.loginId)).filter((row) => row.with_password)).toMatchObject([
      { number: given },
    ]);
  });

  test('R36: with the password given, a form sent ten times on two nodes is one case and one mail', async () => {
    const who = await stage.person();
    const filed = await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        stage.nodes[n % 2 === 0 ? 0 : 1].requests.file(
          request(who.loginId, { account: who.id, reason: 'new-device', wishedCheck: 'video' }),
        ),
      ),
    );
    expect(new Set(filed.map((one) => one.number)).size).toBe(1);
    expect(await casesOf(who.loginId)).toMatchObject([
      { account_id: who.id, with_password: true, reason: 'new-device', wished_check: 'video', state: 'open' },
    ]);
    expect(await noticesOf(stage.db, who.id)).toMatchObject([
      { notice: 'case-filed', name: filed[0]?.number, to: who.address },
    ]);
    const events = await eventsAbout(stage.db, { accountId: who.id });
    expect(events).toMatchObject([{ event: 'desk.case-filed', actor: who.id, details: { password: true } }]);
    // The desk opens the same one; when it is closed, the next request is a new case.
    const actor = await stage.staff();
    const { id } = await stage.desk.cases.open(actor, who.id, 'other');
    expect((await stage.desk.cases.find(actor, id))?.summary.number).toBe(filed[0]?.number);
    await stage.desk.cases.refuse(actor, id, await stage.seen(id, actor), {
      reason: 'no-longer-needed',
      note: '',
    });
    const again = await stage.desk.requests.file(request(who.loginId, { account: who.id }));
    expect(again.number).not.toBe(filed[0]?.number);
  });

  test('a case that was filed without the password, or by staff, becomes the one of who knows it', async () => {
    const [who, actor] = [await stage.person(), await stage.staff()];
    const { id } = await stage.desk.cases.open(actor, who.id, 'other');
    const seen = await stage.seen(id, actor);
    const { number: given } = await stage.desk.requests.file(
      request(who.loginId, { account: who.id, wishedCheck: 'call-back' }),
    );
    expect(await stage.desk.cases.find(actor, id)).toMatchObject({
      summary: { number: given, withPassword: true, source: 'desk' },
      wishedCheck: 'call-back',
    });
    expect(await stage.seen(id, actor)).not.toBe(seen);
    expect((await noticesOf(stage.db, who.id)).map(({ notice }) => notice).toSorted()).toEqual([
      'case-filed',
      'case-opened',
    ]);
  });

  test('D11: “this was not me” opens a case of its own, with the change that it comes from or not at all', async () => {
    const [who, actor] = [await stage.person({ roles: ['desk'] }), await stage.staff()];
    const opened = await stage.checked(who, actor);
    const seen = await stage.seen(opened, actor);
    const fileNotMe = createFileNotMe(deskSchema.parse({}));
    const lost = stage.db.transaction().execute(async (trx) => {
      await fileNotMe(trx, who.id, origin, 'ja');
      throw new Error('rolled back');
    });
    await expect(lost).rejects.toThrow('rolled back');
    expect(await stage.seen(opened, actor)).toBe(seen);
    await stage.db.transaction().execute((trx) => fileNotMe(trx, who.id, origin, 'ja'));
    expect((await casesOf(who.loginId)).filter((row) => row.source === 'not-me')).toMatchObject([
      { account_id: who.id, reason: 'not-me', state: 'open', privileged: true, with_password: false },
    ]);
    expect(await stage.seen(opened, actor)).not.toBe(seen);
    const sheet = await stage.desk.cases.find(actor, opened);
    expect(sheet).toMatchObject({
      summary: { checks: 0 },
      checks: [{ counts: false }],
      approveObstacle: 'check_missing',
    });
    expect(sheet?.account?.cases.map(({ source }) => source).toSorted()).toEqual(['desk', 'not-me']);
  });
});
