import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { newId } from '../../src/base/ids.ts';
import { expireStaleCases } from '../../src/desk/stale.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { type DeskStage, deskStage, eventsAbout, refusal } from './desk-stage.ts';

describeOnEveryDatabase('cases that nobody goes on with', (open) => {
  let database: TestDatabase;
  let stage: DeskStage;
  beforeAll(async () => {
    database = await open();
    stage = await deskStage(database);
  });
  afterAll(() => database.close());

  const expire = (batch = 100): Promise<number> =>
    stage.db.transaction().execute((trx) => expireStaleCases(trx, batch));

  /** A case that was opened so long ago. */
  async function old(interval: string, accountId?: string): Promise<string> {
    const id = newId();
    await sql`insert into desk_cases (id, number, account_id, login_id, reason, source, locale, created_at)
      values (${id}, ${id}, ${accountId ?? null}, 'x', 'other', 'user', 'en', now() - ${interval}::interval)`.execute(
      stage.db,
    );
    return id;
  }

  test('an open case ends after 30 days without anybody touching it', async () => {
    const [actor, who] = [await stage.staff(), await stage.person()];
    const [recent, nobodys] = [await old('29 days 23 hours'), await old('30 days 1 hour')];
    const touched = await old('40 days', who.id);
    await sql`insert into identity_checks (id, case_id, method, evidence, checked_by)
      values (${newId()}, ${touched}, 'video', 'card', ${actor.accountId})`.execute(stage.db);
    const untouched = await old('31 days', (await stage.person()).id);
    const seen = await stage.seen(untouched, actor);
    expect([await expire(1), await expire(), await expire()]).toEqual([1, 1, 0]);
    expect(await Promise.all([recent, nobodys, touched, untouched].map((id) => stage.stateOf(id)))).toEqual([
      'open',
      'expired',
      'open',
      'expired',
    ]);
    expect(await eventsAbout(stage.db, { caseId: nobodys })).toMatchObject([
      { event: 'desk.case-expired', actor: 'system', account_id: null },
    ]);
    expect(
      await refusal(stage.desk.cases.refuse(actor, untouched, seen, { reason: 'duplicate', note: '' })),
    ).toBe('case_changed');
    await stage.age(touched, '31 days');
    expect(await expire()).toBe(1);
  });

  test('R40: a case ends with its pass that nobody used in time; one that is in use does not', async () => {
    const [actor] = [await stage.staff()];
    const issued = async (): Promise<string> => {
      const id = await stage.checked(await stage.person(), actor);
      await stage.desk.cases.approve(actor, id, await stage.seen(id, actor), { breakGlass: false });
      return id;
    };
    const over = (id: string, used?: string) =>
      sql`update setup_passes set expires_at = now() - interval '1 second',
        used_at = now() - ${used ?? null}::interval, browser = ${used === undefined ? null : 'browser'}
        where case_id = ${id}`.execute(stage.db);
    const [good, unused, inUse, given] = [await issued(), await issued(), await issued(), await issued()];
    await over(unused);
    await over(inUse, '5 minutes');
    await over(given, '25 hours');
    expect(await stage.desk.cases.find(actor, unused)).toMatchObject({
      pass: { state: 'expired' },
      mayWithdraw: false,
      account: { pass: undefined },
    });
    expect(await expire()).toBe(2);
    expect(await Promise.all([good, unused, inUse, given].map((id) => stage.stateOf(id)))).toEqual([
      'approved',
      'expired',
      'approved',
      'expired',
    ]);
    // The set-up that is in use still ends its case well.
    await sql`update setup_passes set finished_at = now() where case_id = ${inUse}`.execute(stage.db);
    expect(await stage.stateOf(inUse)).toBe('done');
  });
});
