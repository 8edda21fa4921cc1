import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { StaffActor } from '../../src/desk/actor.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { check, type DeskStage, deskStage, eventsAbout, refusal } from './desk-stage.ts';

describeOnEveryDatabase('refusals at the desk', (open) => {
  let database: TestDatabase;
  let stage: DeskStage;
  beforeAll(async () => {
    database = await open();
    stage = await deskStage(database);
  });
  afterAll(() => database.close());

  test('A41: what is missing, blank or one character is refused, and nothing is recorded', async () => {
    const { cases } = stage.desk;
    const actor = await stage.staff();
    const id = await stage.opened(await stage.person(), actor);
    const seen = await stage.seen(id, actor);
    for (const one of [
      '',
      ' ',
      'x',
      'in-person',
      'in-person:',
      'in-person:x',
      ':university-card',
      'video:number-on-record',
    ])
      expect([one, await refusal(cases.check(actor, id, seen, { check: one, note: '' }))]).toEqual([
        one,
        'check_missing',
      ]);
    const note = (text: string) => refusal(cases.check(actor, id, seen, { check, note: text }));
    expect([await note('card AB12345678CD'), await note('x'.repeat(501))]).toEqual([
      'note_holds_number',
      'note_too_long',
    ]);
    const refuse = (reason: string, text: string) =>
      refusal(cases.refuse(actor, id, seen, { reason: reason as 'other', note: text }));
    expect([
      await refuse('other', ''),
      await refuse('other', ' x '),
      await refuse('', 'why'),
      await refuse('other', '1234567'),
    ]).toEqual(['note_missing', 'note_missing', 'reason_missing', 'note_holds_number']);
    expect(await refusal(cases.approve(actor, id, seen, { breakGlass: true }))).toBe('check_missing');
    // Nothing of all that has made the page an old one.
    await cases.refuse(actor, id, seen, { reason: 'identity-not-shown', note: '' });
    expect(await stage.stateOf(id)).toBe('refused');
    expect((await eventsAbout(stage.db, { caseId: id })).map(({ event }) => event)).toEqual([
      'desk.case-opened',
      'desk.refused',
    ]);
  });

  test('A41: a page that shows an earlier state acts on nothing; neither does one for another case', async () => {
    const { cases } = stage.desk;
    const [actor, who, other] = [await stage.staff(), await stage.person(), await stage.person()];
    const id = await stage.checked(who, actor);
    const elsewhere = await stage.checked(other, actor);
    const approve = (seen: string) => refusal(cases.approve(actor, id, seen, { breakGlass: false }));
    for (const seen of ['', 'x', await stage.seen(elsewhere, actor)])
      expect(await approve(seen)).toBe('case_changed');
    const changes: (() => Promise<unknown>)[] = [
      () =>
        stage.db
          .updateTable('accounts')
          .set({ roles: ['operator'] })
          .where('id', '=', who.id)
          .execute(),
      () => stage.db.updateTable('accounts').set({ roles: [] }).where('id', '=', who.id).execute(),
      () =>
        stage.db
          .updateTable('app_factors')
          .set({ state: 'removed' })
          .where('account_id', '=', who.id)
          .execute(),
      () => stage.db.updateTable('accounts').set({ status: 'disabled' }).where('id', '=', who.id).execute(),
      () => stage.db.updateTable('accounts').set({ status: 'active' }).where('id', '=', who.id).execute(),
      async () => cases.check(actor, id, await stage.seen(id, actor), { check, note: 'again' }),
      () =>
        stage.db
          .transaction()
          .execute((trx) => stage.desk.requests.fileNotMe(trx, who.id, actor.origin, 'en')),
    ];
    for (const change of changes) {
      const seen = await stage.seen(id, actor);
      await change();
      expect(await approve(seen)).toBe('case_changed');
      expect(await refusal(cases.check(actor, id, seen, { check, note: '' }))).toBe('case_changed');
      expect(await refusal(cases.refuse(actor, id, seen, { reason: 'duplicate', note: '' }))).toBe(
        'case_changed',
      );
    }
    expect(await stage.stateOf(id)).toBe('open');
    expect(
      await stage.db.selectFrom('desk_approvals').selectAll().where('case_id', '=', id).execute(),
    ).toEqual([]);
    // "This was not me" came after every check: none of them counts any more (D11).
    expect(await approve(await stage.seen(id, actor))).toBe('check_missing');
  });

  test('A41: identifiers of nothing, of accounts and of other tables reach no case', async () => {
    const { cases } = stage.desk;
    const [actor, who] = [await stage.staff(), await stage.person()];
    const id = await stage.opened(who, actor);
    for (const wrong of [
      '',
      '1',
      `${id}\u0000`,
      `${id}' or true --`,
      id.toUpperCase(),
      who.id,
      actor.accountId,
      'a'.repeat(5000),
    ]) {
      expect(await cases.find(actor, wrong)).toBeUndefined();
      for (const act of [
        () => cases.check(actor, wrong, 'x', { check, note: '' }),
        () => cases.approve(actor, wrong, 'x', { breakGlass: true }),
        () => cases.refuse(actor, wrong, 'x', { reason: 'duplicate', note: '' }),
        () => cases.withdraw(actor, wrong, 'x'),
      ])
        expect(await refusal(act())).toBe('case_unknown');
    }
    for (const wrong of ['', id, `${who.id}\u0000`, 'x'])
      expect([await cases.account(actor, wrong), await refusal(cases.open(actor, wrong, 'other'))]).toEqual([
        undefined,
        'account_unknown',
      ]);
  });

  test('R43, C17: nobody acts on their own account, nor without the role at this very moment; both are written down', async () => {
    const { cases } = stage.desk;
    const colleague = await stage.staff();
    const self = await stage.staff('desk-lead');
    const { id: own } = await cases.open(colleague, self.accountId, 'lost-device');
    const person = await stage.person();
    const id = await stage.opened(person, colleague);
    const everyAct = (actor: StaffActor, caseId: string, about: string, seen: string) =>
      Promise.all(
        [
          cases.open(actor, about, 'other'),
          cases.check(actor, caseId, seen, { check, note: '' }),
          cases.approve(actor, caseId, seen, { breakGlass: true }),
          cases.refuse(actor, caseId, seen, { reason: 'duplicate', note: '' }),
          cases.withdraw(actor, caseId, seen),
        ].map(refusal),
      );
    const seenOwn = await stage.seen(own, self);
    expect(await everyAct(self, own, self.accountId, seenOwn)).toEqual(
      Array.from({ length: 5 }, () => 'desk_own_case'),
    );
    expect(await cases.find(self, own)).toMatchObject({
      ownCase: true,
      approveObstacle: 'desk_own_case',
      mayRefuse: false,
      account: { own: true },
    });
    const noted = (await eventsAbout(stage.db, { caseId: own })).filter(
      ({ event }) => event === 'staff.refused',
    );
    expect(
      noted
        .map(({ result, actor, details }) => [result, actor, details['act'], details['reason']])
        .toSorted(),
    ).toEqual(
      ['approve', 'check', 'refuse', 'withdraw'].map((act) => [
        'failure',
        self.accountId,
        act,
        'desk_own_case',
      ]),
    );

    const seen = await stage.seen(id, colleague);
    const former = await stage.staff();
    await stage.db.updateTable('accounts').set({ roles: [] }).where('id', '=', former.accountId).execute();
    const disabled = await stage.staff();
    await stage.db
      .updateTable('accounts')
      .set({ status: 'disabled' })
      .where('id', '=', disabled.accountId)
      .execute();
    const others = [
      former,
      disabled,
      await stage.staff('auditor'),
      await stage.staff('operator'),
      { ...(await stage.staff('auditor')), roles: ['desk' as const] },
    ];
    for (const actor of others) {
      expect(await everyAct(actor, id, person.id, seen)).toEqual(
        Array.from({ length: 5 }, () => 'staff_role_missing'),
      );
      expect(
        (await eventsAbout(stage.db, { caseId: id })).filter((event) => event.actor === actor.accountId),
      ).toHaveLength(4);
    }
    const [auditor, operator] = [await stage.staff('auditor'), await stage.staff('operator')];
    for (const reading of [
      cases.search(auditor, person.loginId),
      cases.account(auditor, person.id),
      cases.account(operator, person.id),
      cases.find(operator, id),
    ])
      expect(await refusal(reading)).toBe('staff_role_missing');
    expect(await cases.find(auditor, id)).toMatchObject({
      checkObstacle: 'staff_role_missing',
      mayRefuse: false,
    });
  });
});
