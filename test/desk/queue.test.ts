import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { searchesPerHour } from '../../src/desk/cases/searching.ts';
import { queueLength } from '../../src/desk/cases/shapes.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { check, type DeskStage, deskStage, eventsAbout, refusal } from './desk-stage.ts';

describeOnEveryDatabase('the queue', (open) => {
  let database: TestDatabase;
  let stage: DeskStage;
  beforeAll(async () => {
    database = await open();
    stage = await deskStage(database, { two_approvers: { affiliations: ['president'] } });
  });
  afterAll(() => database.close());

  test('R43: a search finds exactly one ID, keeps nothing of what was typed, and ends after 120 in an hour', async () => {
    const { cases } = stage.desk;
    const [actor, who] = [await stage.staff(), await stage.person()];
    expect(await refusal(cases.search(actor, ' 　 '))).toBe('login_id_missing');
    const typed = [
      who.loginId.slice(0, -1),
      `${who.loginId}%`,
      '%',
      `${who.loginId} x`,
      `Name of ${who.loginId}`,
      who.address,
      'x\u0000',
    ];
    for (const one of typed)
      expect([one, await refusal(cases.search(actor, one))]).toEqual([one, 'account_unknown']);
    const searched = await stage.db
      .selectFrom('audit_events')
      .select(['event', 'result', 'details'])
      .where('actor', '=', actor.accountId)
      .execute();
    expect(searched).toEqual(
      typed.map(() => ({ event: 'desk.account-searched', result: 'failure', details: {} })),
    );
    const codes = await Promise.all(
      Array.from({ length: searchesPerHour }, () => refusal(cases.search(actor, who.loginId))),
    );
    expect(codes.filter((code) => code === 'done')).toHaveLength(searchesPerHour - typed.length);
    await expect(cases.search(actor, who.loginId)).rejects.toMatchObject({
      code: 'search_limit_reached',
      details: { minutes: 60 },
    });
    expect(await cases.search(await stage.staff(), who.loginId)).toEqual({ accountId: who.id });
  });

  test('R44: whoever looks at an account leaves one trace for ten minutes of looking', async () => {
    const { cases } = stage.desk;
    const who = await stage.person();
    const [actor, auditor] = [await stage.staff(), await stage.staff('auditor')];
    const id = await stage.opened(who, actor);
    await Promise.all([1, 2, 3].flatMap(() => [cases.account(actor, who.id), cases.find(actor, id)]));
    await cases.find(auditor, id);
    await sql`update limits set hits = array(select h - interval '11 minutes' from unnest(hits) h)
      where key = ${`desk-look:${actor.accountId}:${who.id}`}`.execute(stage.db);
    await cases.account(actor, who.id);
    const looks = (await eventsAbout(stage.db, { accountId: who.id })).filter(
      ({ event }) => event === 'desk.account-viewed',
    );
    expect(looks.map((look) => look.actor)).toEqual([actor.accountId, auditor.accountId, actor.accountId]);
  });

  test('the account’s open case is given again, and a closed one is not', async () => {
    const { cases } = stage.desk;
    const [one, two, who] = [await stage.staff(), await stage.staff('desk-lead'), await stage.person()];
    const opened = await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        stage.nodes[n % 2 === 0 ? 0 : 1].cases.open(n % 3 === 0 ? one : two, who.id, 'no-mail'),
      ),
    );
    expect(new Set(opened.map(({ id }) => id)).size).toBe(1);
    const [{ id } = { id: '' }] = opened;
    await cases.refuse(one, id, await stage.seen(id, one), { reason: 'other', note: 'asked twice' });
    expect(await cases.find(one, id)).toMatchObject({
      closing: { by: { accountId: one.accountId }, reason: 'other', note: 'asked twice' },
      checkObstacle: 'case_closed',
    });
    expect((await cases.open(one, who.id, 'no-mail')).id).not.toBe(id);
    const seen = await stage.seen(id, one);
    expect(await refusal(cases.check(one, id, seen, { check, note: '' }))).toBe('case_closed');
    expect(await refusal(cases.withdraw(one, id, seen))).toBe('case_closed');
  });

  test('R42: the queue shows the oldest 40 of hundreds, with what each one waits for', async () => {
    const { cases } = stage.desk;
    const actor = await stage.staff();
    const president = await stage.person({ affiliation: 'president' });
    const id = await stage.checked(president, actor);
    await sql`insert into desk_cases (id, number, login_id, reason, source, locale, created_at)
      select gen_random_uuid()::text, 'Q' || n, 'queued' || n, 'other', 'user', 'en', now() - make_interval(days => 20, mins => n)
      from generate_series(1, 450) n`.execute(stage.db);
    await sql`update desk_cases set created_at = created_at where id = ${id}`.execute(stage.db);
    const queue = await cases.queue();
    expect(queue).toHaveLength(queueLength);
    expect(queue[0]).toMatchObject({
      number: 'Q450',
      hasAccount: false,
      checks: 0,
      approvalsNeeded: 1,
      waitingMinutes: 20 * 1440 + 450,
    });
    expect(queue.map(({ createdAt }) => createdAt.getTime())).toEqual(
      queue.map(({ createdAt }) => createdAt.getTime()).toSorted((a, b) => a - b),
    );
    await sql`update desk_cases set state = 'expired', closed_by = 'system', closed_at = now() - make_interval(mins => substr(number, 2)::int)
      where login_id like 'queued%'`.execute(stage.db);
    const present = (await cases.queue()).find((one) => one.id === id);
    expect(present).toMatchObject({ privileged: true, approvalsNeeded: 2, checks: 1, hasAccount: true });
    const pages = [
      await cases.closed(),
      await cases.closed(2),
      await cases.closed(1000),
      await cases.closed(-1),
    ];
    expect(pages.map(({ cases: list, page, more }) => [list.length, page, more])).toEqual([
      [50, 1, true],
      [50, 2, true],
      [0, 1000, false],
      [50, 1, true],
    ]);
    const ends = [...(pages[0]?.cases ?? []), ...(pages[1]?.cases ?? [])].map(
      ({ closedAt }) => closedAt?.getTime() ?? 0,
    );
    expect(ends).toEqual(ends.toSorted((a, b) => b - a));
  });
});
