import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { noticesOf } from '../factors/two-nodes.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { check, type DeskStage, deskStage, eventsAbout } from './desk-stage.ts';

/** Every text in a value, however deep, keys too. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (value instanceof Date || typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [key, ...textsIn(inner)]);
}

describeOnEveryDatabase('cases', (open) => {
  let database: TestDatabase;
  let stage: DeskStage;
  beforeAll(async () => {
    database = await open();
    stage = await deskStage(database);
  });
  afterAll(() => database.close());

  test('R39, R44: from search to pass in four acts; each leaves its record, the user’s history and a mail to the old address', async () => {
    const { desk, db } = stage;
    const who = await stage.person();
    const actor = await stage.staff();
    const { accountId } = await desk.cases.search(actor, ` ${who.loginId.toUpperCase()} `);
    expect(accountId).toBe(who.id);
    const { id } = await desk.cases.open(actor, accountId, 'lost-device');
    expect((await desk.cases.find(actor, id))?.approveObstacle).toBe('check_missing');
    await desk.cases.check(actor, id, await stage.seen(id, actor), { check, note: '写真と一致' });
    const sheet = await desk.cases.find(actor, id);
    expect(sheet).toMatchObject({
      summary: {
        state: 'open',
        checks: 1,
        approvals: 0,
        approvalsNeeded: 1,
        privileged: false,
        reason: 'lost-device',
      },
      openedBy: { loginId: actor.loginId },
      checks: [
        {
          method: 'in-person',
          evidence: 'university-card',
          note: '写真と一致',
          by: { accountId: actor.accountId },
          counts: true,
        },
      ],
      checkObstacle: undefined,
      approveObstacle: undefined,
      mayRefuse: true,
      mayWithdraw: false,
      pass: undefined,
      opening: { open: true },
    });
    const issued = await desk.cases.approve(actor, id, sheet?.seen ?? '', { breakGlass: false });
    expect(issued).toMatchObject({ outcome: 'issued', pass: expect.stringMatching(/^\d{16}$/) });
    expect(await desk.cases.find(actor, id)).toMatchObject({
      summary: { state: 'approved' },
      account: { pass: { caseId: id, claimed: false } },
      pass: { state: 'waiting', issuedBy: { loginId: actor.loginId } },
      approvals: [{ by: { loginId: actor.loginId }, breakGlass: false }],
      mayWithdraw: true,
      mayRefuse: false,
      approveObstacle: 'case_closed',
    });

    const events = await eventsAbout(db, { accountId });
    expect(events.map(({ event }) => event)).toEqual([
      'desk.account-viewed',
      'desk.case-opened',
      'desk.identity-checked',
      'desk.approved',
      'desk.pass-issued',
    ]);
    expect(new Set(events.map((one) => one.actor))).toEqual(new Set([actor.accountId]));
    const mails = await noticesOf(db, accountId);
    expect(mails.map(({ notice }) => notice).toSorted()).toEqual([
      'case-opened',
      'identity-checked',
      'pass-issued',
    ]);
    for (const mail of mails) {
      expect(mail).toMatchObject({ to: who.address, name: sheet?.summary.number });
      // Neither browser nor network of the staff is the user's business.
      expect([mail['device'], mail['place']]).toEqual([undefined, undefined]);
    }
    const pass = 'pass' in issued ? issued.pass : '';
    const { rows } = await sql<{ held: string }>`
      select coalesce(jsonb_agg(m.model), '[]')::text || (select jsonb_agg(a.details)::text from audit_events a)
        || (select jsonb_agg(to_jsonb(c))::text from desk_cases c) || (select jsonb_agg(to_jsonb(s))::text from setup_passes s)
        as held from mails m`.execute(db);
    for (const secret of [pass, pass.slice(0, 8), who.address, who.secret])
      expect(rows[0]?.held).not.toContain(secret);
  });

  test('R40: nothing that the desk is told holds a whole address, a seed, a digest or a user’s own words', async () => {
    const { desk, db, factors } = stage;
    const who = await stage.person({ email: 'private@directory.example' });
    await factors.recoveryCodes.make({
      accountId: who.id,
      origin: (await stage.staff()).origin,
      locale: 'en',
    });
    const [actor, lead] = [await stage.staff(), await stage.staff('desk-lead')];
    const id = await stage.checked(who, actor);
    const told: unknown[] = [
      await desk.cases.queue(),
      await desk.cases.account(actor, who.id),
      await desk.cases.find(actor, id),
      await desk.cases.search(actor, who.loginId),
      await desk.cases.open(actor, who.id, 'other'),
    ];
    const sheet = await desk.cases.account(actor, who.id);
    expect(sheet).toMatchObject({
      loginId: who.loginId,
      kind: 'sps',
      status: 'active',
      roles: [],
      privileged: false,
      own: false,
      recoverySheet: true,
      frozen: {},
      pass: undefined,
      cases: [{ id }],
    });
    expect(sheet?.ways.map(({ way, address }) => [way, address])).toEqual([
      ['mail', expect.stringMatching(/^p•••.@mail\.example$/)],
      ['app', undefined],
    ]);
    const issued = await desk.cases.approve(actor, id, await stage.seen(id, actor), { breakGlass: false });
    const pass = 'pass' in issued ? issued.pass : 'none';
    told.push(
      await desk.cases.find(lead, id),
      await desk.cases.account(lead, who.id),
      await desk.cases.queue(),
    );
    await desk.cases.withdraw(lead, id, await stage.seen(id, lead));
    told.push(await desk.cases.closed(), await desk.cases.find(lead, id));
    const { digest } = await db
      .selectFrom('setup_passes')
      .select('digest')
      .where('case_id', '=', id)
      .executeTakeFirstOrThrow();
    const texts = told.flatMap(textsIn);
    expect(texts.length).toBeGreaterThan(100);
    const secrets = [
      who.address,
      'private@directory.example',
      `${who.loginId}@device.example`,
      who.secret,
      digest,
      pass,
    ];
    expect(texts.filter((text) => secrets.some((secret) => text.includes(secret)))).toEqual([]);
    expect(texts.filter((text) => /[^\s•]{2,}@\S/.test(text))).toEqual([]);
    expect(texts.filter((text) => /^(?!withPassword$).*(password|secret|phc|digest)/i.test(text))).toEqual(
      [],
    );
  });
});
