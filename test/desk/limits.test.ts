import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { newId } from '../../src/base/ids.ts';
import type { StaffActor } from '../../src/desk/actor.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { type DeskStage, deskStage, type Person, refusal } from './desk-stage.ts';

/** What a program that skips the whole domain is told by the database: message and SQLSTATE. */
async function told(statement: Promise<unknown>): Promise<string> {
  try {
    await statement;
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return code === 'NJ001' ? message : `${code ?? ''} ${message}`;
  }
  return 'done';
}

describeOnEveryDatabase('limits that the database itself enforces', (open) => {
  let database: TestDatabase;
  let stage: DeskStage;
  let staff: StaffActor;
  let second: StaffActor;
  beforeAll(async () => {
    database = await open();
    stage = await deskStage(database);
    [staff, second] = [await stage.staff(), await stage.staff('desk-lead')];
  });
  afterAll(() => database.close());

  /** Statements as a program without our domain writes them. */
  async function newCase(
    who: Person | undefined,
    more: { openedBy?: string; privileged?: boolean } = {},
  ): Promise<string> {
    const id = newId();
    await stage.db
      .insertInto('desk_cases')
      .values({
        id,
        number: id,
        account_id: who?.id ?? null,
        login_id: who?.loginId ?? 'nobody',
        reason: 'other',
        source: 'desk',
        locale: 'en',
        opened_by: more.openedBy ?? null,
        privileged: more.privileged ?? false,
      })
      .execute();
    return id;
  }
  async function newCheck(
    caseId: string,
    by: string,
    more: { method?: string; evidence?: string } = {},
  ): Promise<string> {
    const id = newId();
    const { method = 'in-person', evidence = 'university-card' } = more;
    await stage.db
      .insertInto('identity_checks')
      .values({ id, case_id: caseId, method, evidence, checked_by: by })
      .execute();
    return id;
  }
  async function approve(caseId: string, checkId: string, by: string, breakGlass = false): Promise<void> {
    await stage.db
      .insertInto('desk_approvals')
      .values({ id: newId(), case_id: caseId, check_id: checkId, approved_by: by, break_glass: breakGlass })
      .execute();
  }
  async function issue(caseId: string, accountId: string, by: string, lifetime = '4 hours'): Promise<string> {
    const id = newId();
    await sql`insert into setup_passes (id, case_id, account_id, digest, issued_by, expires_at)
      values (${id}, ${caseId}, ${accountId}, ${id}, ${by}, now() + ${lifetime}::interval)`.execute(stage.db);
    return id;
  }

  test('R39: no approval without a check of this very case and of the last 24 hours', async () => {
    const [one, other] = [await newCase(await stage.person()), await newCase(await stage.person())];
    const elsewhere = await newCheck(other, staff.accountId);
    expect(await told(approve(one, newId(), staff.accountId))).toBe('check_missing');
    expect(await told(approve(one, elsewhere, staff.accountId))).toBe('check_missing');
    const check = await newCheck(one, staff.accountId);
    await stage.age(one, '24 hours 1 second');
    expect(await told(approve(one, check, staff.accountId))).toBe('check_missing');
    await stage.age(one, '-2 seconds');
    expect(await told(approve(one, check, staff.accountId))).toBe('done');
    // No time but the database's own: what an insert says of it counts for nothing.
    const early = newId();
    await stage.db
      .insertInto('identity_checks')
      .values({
        id: early,
        case_id: other,
        method: 'video',
        evidence: 'card',
        checked_by: staff.accountId,
        checked_at: new Date('2099-01-01'),
      })
      .execute();
    const { rows } = await sql<{
      now: boolean;
    }>`select checked_at < now() as now from identity_checks where id = ${early}`.execute(stage.db);
    expect(rows[0]?.now).toBe(true);
  });

  test('A41: evidence that is blank or one character is none', async () => {
    const id = await newCase(await stage.person());
    for (const more of [
      { evidence: '' },
      { evidence: '   ' },
      { evidence: 'x' },
      { method: ' ' },
      { method: 'm' },
    ])
      expect(await told(newCheck(id, staff.accountId, more))).toBe('check_missing');
  });

  test('R43, C17: nothing by the person concerned, by who is no staff, or is disabled', async () => {
    const who = await stage.person({ roles: ['desk'] });
    const [auditor, none] = [await stage.staff('auditor', 'operator'), await stage.person()];
    const disabled = await stage.person({ roles: ['desk'], disabled: true });
    const id = await newCase(who);
    const check = await newCheck(id, staff.accountId);
    expect(await told(newCase(who, { openedBy: who.id }))).toBe('desk_own_case');
    for (const [by, code] of [
      [who.id, 'desk_own_case'],
      [auditor.accountId, 'staff_role_missing'],
      [none.id, 'staff_role_missing'],
      [disabled.id, 'staff_role_missing'],
      [newId(), 'staff_role_missing'],
      ['', 'staff_role_missing'],
    ] as const) {
      expect([by, await told(newCheck(id, by))]).toEqual([by, code]);
      expect([by, await told(approve(id, check, by))]).toEqual([by, code]);
      expect([by, await told(approve(id, check, by, true))]).toEqual([by, code]);
    }
    await approve(id, check, staff.accountId);
    await approve(id, check, second.accountId);
    expect(await told(issue(id, who.id, who.id))).toBe('desk_own_case');
    const close = (by: string) =>
      stage.db
        .updateTable('desk_cases')
        .set({ state: 'refused', closed_by: by })
        .where('id', '=', id)
        .execute();
    expect(await told(close(who.id))).toBe('desk_own_case');
    expect(await told(close(staff.accountId))).toBe('done');
    expect(await told(newCheck(id, staff.accountId))).toBe('case_closed');
    expect(await told(approve(id, check, staff.accountId))).toBe('case_closed');
    expect(await told(issue(id, who.id, staff.accountId))).toBe('case_closed');
    const nobody = await newCase(undefined);
    expect(await told(newCheck(nobody, staff.accountId))).toBe('case_without_account');
    expect(await told(approve(nobody, check, staff.accountId))).toBe('case_without_account');
  });

  test('R41: outside hours nothing but break-glass, and that takes two people', async () => {
    const who = await stage.person();
    const id = await newCase(who);
    await stage.whileClosed(async () => {
      const check = await newCheck(id, staff.accountId);
      expect(await told(approve(id, check, staff.accountId))).toBe('desk_closed');
      await approve(id, check, staff.accountId, true);
      expect(await told(issue(id, who.id, staff.accountId))).toBe('desk_second_needed');
      expect(await told(approve(id, check, staff.accountId, true))).toBe('desk_already_approved');
      expect(await told(issue(id, who.id, staff.accountId))).toBe('desk_second_needed');
      expect(await told(approve(id, check, second.accountId))).toBe('desk_closed');
      await approve(id, check, second.accountId, true);
      expect(await told(issue(id, who.id, second.accountId))).toBe('done');
    });
  });

  test('R43: a pass with too few approvals, with two of one person, or with old ones, is none', async () => {
    const privileged = await stage.person({ roles: ['auditor'] });
    const named = await stage.person();
    const plain = await stage.person();
    for (const [who, needed] of [
      [privileged, 2],
      [named, 2],
      [plain, 1],
    ] as const) {
      const id = await newCase(who, { privileged: who === named });
      expect(await told(issue(id, who.id, staff.accountId))).toBe('desk_second_needed');
      const check = await newCheck(id, staff.accountId);
      await approve(id, check, staff.accountId);
      expect(await told(approve(id, check, staff.accountId))).toBe('desk_already_approved');
      await stage.age(id, '24 hours 1 second');
      expect(await told(issue(id, who.id, staff.accountId))).toBe('desk_second_needed');
      await approve(id, await newCheck(id, staff.accountId), staff.accountId);
      if (needed === 2) {
        await approve(id, await newCheck(id, second.accountId), staff.accountId);
        expect(await told(issue(id, who.id, staff.accountId))).toBe('desk_second_needed');
        await approve(id, await newCheck(id, second.accountId), second.accountId);
      }
      expect(await told(issue(id, (await stage.person()).id, staff.accountId))).toBe('case_without_account');
      expect(await told(issue(id, who.id, staff.accountId, '25 hours'))).toMatch(/^23514 /);
      expect(await told(issue(id, who.id, staff.accountId))).toBe('done');
      expect(await stage.stateOf(id)).toBe('approved');
      expect(await told(issue(id, who.id, staff.accountId))).toBe('case_closed');
    }
  });

  test('R56: no pass is issued for a locked account, by the domain nor by the database', async () => {
    const who = await stage.person({ disabled: true });
    const id = await stage.checked(who, staff);
    const { cases } = stage.desk;
    expect((await cases.find(staff, id))?.approveObstacle).toBe('account_disabled');
    const seen = await stage.seen(id, staff);
    expect(await refusal(cases.approve(staff, id, seen, { breakGlass: false }))).toBe('account_disabled');
    await approve(id, await newCheck(id, staff.accountId), staff.accountId);
    expect(await told(issue(id, who.id, staff.accountId))).toBe('account_disabled');
  });

  test('D11: what was checked and approved before “this was not me” counts no more', async () => {
    const who = await stage.person();
    const id = await newCase(who);
    const check = await newCheck(id, staff.accountId);
    await approve(id, check, staff.accountId);
    await stage.db
      .transaction()
      .execute((trx) => stage.desk.requests.fileNotMe(trx, who.id, staff.origin, 'ja'));
    expect(await told(approve(id, check, second.accountId))).toBe('check_missing');
    expect(await told(issue(id, who.id, staff.accountId))).toBe('desk_second_needed');
  });

  test('R44: checks, approvals and passes are never changed or deleted, and no state is made up', async () => {
    const { db } = stage;
    const who = await stage.person();
    const id = await newCase(who);
    const set = (state: string) => sql`update desk_cases set state = ${state} where id = ${id}`.execute(db);
    expect([await told(set('approved')), await told(set('done'))]).toEqual([
      'desk_second_needed',
      'desk_second_needed',
    ]);
    const check = await newCheck(id, staff.accountId);
    await approve(id, check, staff.accountId);
    const pass = await issue(id, who.id, staff.accountId);
    for (const statement of [
      sql`update identity_checks set note = 'another' where id = ${check}`,
      sql`update desk_approvals set approved_by = ${second.accountId} where case_id = ${id}`,
      sql`delete from identity_checks where id = ${check}`,
      sql`delete from desk_approvals where case_id = ${id}`,
      sql`delete from setup_passes where id = ${pass}`,
      sql`truncate desk_approvals`,
      sql`truncate identity_checks cascade`,
    ])
      expect(await told(statement.execute(db))).toMatch(/append-only|permission denied/);
    for (const change of [
      sql`expires_at = expires_at + interval '1 minute'`,
      sql`digest = 'another'`,
      sql`account_id = ${staff.accountId}`,
      sql`case_id = ${await newCase(who)}`,
      sql`issued_at = now() - interval '1 minute'`,
    ])
      expect(await told(sql`update setup_passes set ${change} where id = ${pass}`.execute(db))).toBe(
        'setup_pass_used',
      );
    await sql`update setup_passes set used_at = now(), browser = 'one' where id = ${pass}`.execute(db);
    for (const change of [
      sql`browser = 'two'`,
      sql`used_at = null, browser = null`,
      sql`finished_at = now(), voided_at = now()`,
    ])
      expect(await told(sql`update setup_passes set ${change} where id = ${pass}`.execute(db))).toBe(
        'setup_pass_used',
      );
    await sql`update setup_passes set finished_at = now() where id = ${pass}`.execute(db);
    expect(await stage.stateOf(id)).toBe('done');
    expect([await told(set('open')), await told(set('refused'))]).toEqual(['case_closed', 'case_closed']);
    expect(
      await told(sql`update desk_cases set account_id = ${second.accountId} where id = ${id}`.execute(db)),
    ).toBe('case_closed');
  });
});
