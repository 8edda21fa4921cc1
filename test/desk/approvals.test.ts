import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { recordAudit } from '../../src/audit/audit.ts';
import { noticesOf } from '../factors/two-nodes.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { check, type DeskStage, deskStage, eventsAbout, refusal } from './desk-stage.ts';

describeOnEveryDatabase('approvals', (open) => {
  let database: TestDatabase;
  let stage: DeskStage;
  beforeAll(async () => {
    database = await open();
    stage = await deskStage(database, {
      two_approvers: { login_ids: [' Rector ', 'nobody'], affiliations: ['board'] },
      setup_pass: { lifetime_minutes: 45 },
    });
  });
  afterAll(() => database.close());

  const approve = async (caseId: string, actor: Parameters<DeskStage['seen']>[1], breakGlass = false) =>
    stage.desk.cases.approve(actor, caseId, await stage.seen(caseId, actor), { breakGlass });
  const passesOf = (caseId: string) =>
    stage.db.selectFrom('setup_passes').selectAll().where('case_id', '=', caseId).execute();

  test('A41: of 20 presses at once on two nodes, one issues a pass; there is one record and one mail of each kind', async () => {
    const [actor, who] = [await stage.staff(), await stage.person()];
    const id = await stage.checked(who, actor);
    const seen = await stage.seen(id, actor);
    const pressed = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        stage.nodes[n % 2 === 0 ? 0 : 1].cases.approve(actor, id, seen, { breakGlass: false }).then(
          ({ outcome }) => outcome,
          (error: unknown) => (error as { code: string }).code,
        ),
      ),
    );
    expect(pressed.toSorted()).toEqual([...Array.from({ length: 19 }, () => 'case_changed'), 'issued']);
    expect(await passesOf(id)).toHaveLength(1);
    expect(
      await stage.db.selectFrom('desk_approvals').selectAll().where('case_id', '=', id).execute(),
    ).toHaveLength(1);
    const events = (await eventsAbout(stage.db, { caseId: id })).map(({ event }) => event);
    expect(events).toEqual([
      'desk.case-opened',
      'desk.identity-checked',
      'desk.approved',
      'desk.pass-issued',
    ]);
    expect((await noticesOf(stage.db, who.id)).filter(({ notice }) => notice === 'pass-issued')).toHaveLength(
      1,
    );
  });

  test('A41: of 20 that see the page anew each time, one still issues a pass', async () => {
    const who = await stage.person();
    const actors = await Promise.all(Array.from({ length: 20 }, () => stage.staff()));
    const id = await stage.checked(who, await stage.staff());
    const codes = await Promise.all(
      actors.map(async (actor, n) => {
        const node = stage.nodes[n % 2 === 0 ? 0 : 1];
        for (;;) {
          const seen = (await node.cases.find(actor, id))?.seen ?? '';
          const code = await node.cases.approve(actor, id, seen, { breakGlass: false }).then(
            ({ outcome }) => outcome,
            (error: unknown) => (error as { code: string }).code,
          );
          if (code !== 'case_changed') return code;
        }
      }),
    );
    expect(codes.toSorted()).toEqual([...Array.from({ length: 19 }, () => 'case_closed'), 'issued']);
    expect(await passesOf(id)).toHaveLength(1);
  });

  test('R43: whoever has a role, or is named by the configuration, takes two people; the database agrees', async () => {
    const [one, two] = [await stage.staff(), await stage.staff('desk-lead')];
    const privileged = [
      await stage.person({ roles: ['desk'] }),
      await stage.person({ roles: ['operator'] }),
      await stage.person({ loginId: 'rector' }),
      await stage.person({ affiliation: 'board' }),
    ];
    for (const who of privileged) {
      const id = await stage.checked(who, one);
      expect(await stage.desk.cases.find(one, id)).toMatchObject({
        summary: { privileged: true, approvalsNeeded: 2 },
      });
      expect(await approve(id, one)).toEqual({ outcome: 'second-needed' });
      expect(await stage.desk.cases.find(one, id)).toMatchObject({
        summary: { approvals: 1 },
        approveObstacle: 'desk_already_approved',
      });
      expect(await refusal(approve(id, one))).toBe('desk_already_approved');
      expect((await stage.desk.cases.find(two, id))?.approveObstacle).toBeUndefined();
      expect(await passesOf(id)).toEqual([]);
      const issued = await approve(id, two);
      expect(issued).toMatchObject({ outcome: 'issued', pass: expect.stringMatching(/^\d{16}$/) });
      const notices = (await noticesOf(stage.db, who.id)).map(({ notice }) => notice).toSorted();
      expect(notices).toEqual(['case-approved', 'case-opened', 'identity-checked', 'pass-issued']);
      const approved = (await eventsAbout(stage.db, { caseId: id })).filter(
        ({ event }) => event === 'desk.approved',
      );
      expect(approved.map(({ actor, details }) => [actor, details['needed'], details['breakGlass']])).toEqual(
        [
          [one.accountId, 2, false],
          [two.accountId, 2, false],
        ],
      );
    }
    // Who becomes privileged while the case waits is so when it is approved.
    const who = await stage.person();
    const id = await stage.checked(who, one);
    await stage.db.updateTable('accounts').set({ affiliation: 'board' }).where('id', '=', who.id).execute();
    expect(await approve(id, one)).toEqual({ outcome: 'second-needed' });
    await stage.db.updateTable('accounts').set({ affiliation: null }).where('id', '=', who.id).execute();
    expect(await refusal(approve(id, one))).toBe('desk_already_approved');
  });

  test('R43: old approvals count no more; with a new check the same two approve again', async () => {
    const [one, two] = [await stage.staff(), await stage.staff()];
    const id = await stage.checked(await stage.person({ roles: ['auditor'] }), one);
    expect(await approve(id, one)).toEqual({ outcome: 'second-needed' });
    await stage.age(id, '25 hours');
    expect(await refusal(approve(id, two))).toBe('check_missing');
    expect(await stage.desk.cases.find(two, id)).toMatchObject({
      summary: { checks: 0, approvals: 0 },
      approveObstacle: 'check_missing',
      checks: [{ counts: false }],
      approvals: [{ counts: false }],
    });
    await stage.desk.cases.check(two, id, await stage.seen(id, two), { check, note: 'again' });
    expect(await approve(id, two)).toEqual({ outcome: 'second-needed' });
    expect(await approve(id, one)).toMatchObject({ outcome: 'issued' });
  });

  test('R41: outside hours approving is refused; break-glass takes two people and is flagged for ever', async () => {
    const [one, two, who] = [await stage.staff(), await stage.staff(), await stage.person()];
    const id = await stage.checked(who, one);
    await stage.whileClosed(async () => {
      expect((await stage.desk.cases.find(one, id))?.opening.open).toBe(false);
      expect(await refusal(approve(id, one))).toBe('desk_closed');
      const [refused] = (await eventsAbout(stage.db, { caseId: id })).filter(
        ({ event }) => event === 'staff.refused',
      );
      expect(refused).toMatchObject({
        result: 'failure',
        actor: one.accountId,
        account_id: who.id,
        details: { act: 'approve', reason: 'desk_closed', case: id },
      });
      expect(await stage.desk.cases.find(one, id)).toMatchObject({
        summary: { approvals: 0, breakGlass: false },
      });
      expect(await approve(id, one, true)).toEqual({ outcome: 'second-needed' });
      expect(await refusal(approve(id, one, true))).toBe('desk_already_approved');
      expect(await refusal(approve(id, two))).toBe('desk_closed');
      expect(await passesOf(id)).toEqual([]);
    });
    // Back within hours it still takes the second person.
    expect(await refusal(approve(id, one))).toBe('desk_already_approved');
    expect(await approve(id, two, true)).toMatchObject({ outcome: 'issued' });
    expect(await stage.desk.cases.find(two, id)).toMatchObject({
      summary: { breakGlass: true, approvalsNeeded: 2 },
      // Nothing is broken within hours, whatever was ticked.
      approvals: [{ breakGlass: true }, { breakGlass: false }],
    });
    expect((await stage.desk.cases.queue()).find((line) => line.id === id)?.breakGlass).toBe(true);
    const within = await stage.checked(await stage.person(), one);
    expect(await approve(within, one, true)).toMatchObject({ outcome: 'issued' });
  });

  test('R40: a pass is good for the configured time; it is taken back while nobody has typed it in', async () => {
    const [actor, who] = [await stage.staff(), await stage.person()];
    const id = await stage.checked(who, actor);
    await approve(id, actor);
    const [pass] = await passesOf(id);
    expect((pass?.expires_at.getTime() ?? 0) - (pass?.issued_at.getTime() ?? 0)).toBe(45 * 60_000);
    await stage.desk.cases.withdraw(actor, id, await stage.seen(id, actor));
    expect(await stage.desk.cases.find(actor, id)).toMatchObject({
      summary: { state: 'withdrawn' },
      pass: { state: 'withdrawn', voidedWhy: 'withdrawn' },
      closing: { by: { accountId: actor.accountId } },
      account: { pass: undefined },
    });
    expect((await noticesOf(stage.db, who.id)).map(({ notice }) => notice)).toContain('pass-withdrawn');

    const used = await stage.checked(who, actor);
    await approve(used, actor);
    await stage.db
      .updateTable('setup_passes')
      .set({ used_at: new Date(), browser: 'browser' })
      .where('case_id', '=', used)
      .execute();
    expect(await stage.desk.cases.find(actor, used)).toMatchObject({
      pass: { state: 'claimed' },
      mayWithdraw: false,
    });
    expect(await refusal(stage.desk.cases.withdraw(actor, used, await stage.seen(used, actor)))).toBe(
      'setup_pass_used',
    );
    expect(await stage.stateOf(used)).toBe('approved');
    // A new pass takes the place of the earlier one.
    const next = await stage.checked(who, actor);
    await approve(next, actor);
    expect([await stage.stateOf(used), await stage.stateOf(next)]).toEqual(['withdrawn', 'approved']);
    expect((await stage.desk.cases.account(actor, who.id))?.pass?.caseId).toBe(next);
  });

  test('C17: record, approval and pass are there together or not at all', async () => {
    const [actor, who] = [await stage.staff(), await stage.person()];
    const id = await stage.checked(who, actor);
    const seen = await stage.seen(id, actor);
    await recordAudit(stage.db, undefined, {
      event: 'desk.case-expired',
      result: 'success',
      accountId: who.id,
    });
    const before = await eventsAbout(stage.db, { accountId: who.id });
    // The pass cannot be written: neither approval, nor audit row, nor mail, nor a new version stays.
    await stage.db.schema.alterTable('setup_passes').renameColumn('digest', 'hidden').execute();
    try {
      expect(await refusal(stage.desk.cases.approve(actor, id, seen, { breakGlass: false }))).toBe('42703');
    } finally {
      await stage.db.schema.alterTable('setup_passes').renameColumn('hidden', 'digest').execute();
    }
    expect(await eventsAbout(stage.db, { accountId: who.id })).toEqual(before);
    expect(await stage.desk.cases.find(actor, id)).toMatchObject({
      seen,
      approvals: [],
      summary: { state: 'open' },
    });
    expect((await noticesOf(stage.db, who.id)).map(({ notice }) => notice)).not.toContain('pass-issued');
    expect(await approve(id, actor)).toMatchObject({ outcome: 'issued' });
  });
});
