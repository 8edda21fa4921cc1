import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { disableAccount, enableAccount } from '../../src/accounts/status.ts';
import { setStaffRoles } from '../../src/desk/staff-roles.ts';
import { createNotices } from '../../src/factors/notices/notices.ts';
import { createFileNotMe } from '../../src/desk/requests.ts';
import { everything, setRoles } from '../staff/support.ts';
import { describeOnEveryDatabase } from '../support/databases.ts';
import { UserAgent } from '../support/user-agent.ts';
import {
  approving,
  burst,
  caseIdOf,
  type DeskScene,
  deskScene,
  livePasses,
  type Member,
  passOn,
  passPages,
  recordsAbout,
  refusing,
  seenCard,
} from './desk-scene.ts';
import { testLog } from './support.ts';

const outsideHours = { ...approving, break_glass: 'yes' };
const allDay = { opens: '00:00', closes: '24:00', name_en: 'Open', name_ja: '開' };

describeOnEveryDatabase('R41, R43: one person at the desk, against two', (open) => {
  let scene: DeskScene;
  let desk: Member;
  let second: Member;
  beforeAll(async () => {
    scene = await deskScene(open);
    [desk, second] = [await scene.member('desk'), await scene.member('desk')];
    second.browser.node = 1;
  }, 60_000);
  afterAll(() => scene.close());

  const roles = (id: string, ...set: ('desk' | 'auditor')[]) =>
    setStaffRoles(
      { db: scene.db, notices: createNotices({ timeZone: 'Asia/Tokyo', places: [] }) },
      id,
      { set },
      { actor: 'cli:test', locale: 'en' },
    );

  test('two cases of one person: a check here is none there, and approvals do not add up', async () => {
    const head = await scene.person('auditor');
    const here = await scene.checked(desk, head);
    // "This was not me" opens a second one beside it.
    await scene.db
      .transaction()
      .execute((trx) =>
        createFileNotMe({ two_approvers: { login_ids: [], affiliations: [] } })(
          trx,
          head.id,
          { requestId: 'r', address: '192.0.2.1', node: 'n' },
          'en',
        ),
      );
    const { id: there } = await scene.db
      .selectFrom('desk_cases')
      .select('id')
      .where('account_id', '=', head.id)
      .where('source', '=', 'not-me')
      .executeTakeFirstOrThrow();
    expect((await scene.act(second, there, approving)).fault).toBe('check_missing');
    await scene.act(desk, caseIdOf(here), seenCard);
    expect(passOn(await scene.act(desk, caseIdOf(here), approving))).toBe('');
    expect((await scene.act(second, there, approving)).fault).toBe('check_missing');
    await scene.act(second, there, seenCard);
    expect(passOn(await scene.act(second, there, approving))).toBe('');
    expect(await recordsAbout(scene.db, head)).toEqual({ cases: 2, checks: 3, approvals: 2, passes: 0 });
  });

  test('outside hours: without the tick nothing, with it the first of two, and so it stays in the morning', async () => {
    const who = await scene.person();
    const id = caseIdOf(await scene.checked(desk, who));
    await scene.whileClosed(async () => {
      expect((await scene.act(desk, id, approving)).fault).toBe('desk_closed');
      for (const tick of ['no', '', 'true '])
        expect((await scene.act(desk, id, { ...approving, break_glass: tick })).fault).toBe('desk_closed');
      expect(passOn(await scene.act(desk, id, outsideHours))).toBe('');
      expect((await scene.act(desk, id, outsideHours)).fault).toBe('desk_already_approved');
    });
    // Open again: the same person needs the other one still, with a new check too.
    await scene.act(desk, id, seenCard);
    expect(passOn(await scene.act(desk, id, approving))).toBe('');
    expect(await livePasses(scene.db, who)).toBe(0);
    expect(passOn(await scene.act(second, id, approving))).not.toBe('');
  });

  test('the calendar: whoever has opened a day, or taken a closing back, approves nothing on it alone', async () => {
    const lead = await scene.member('desk-lead');
    const { db } = scene;
    const { rows } = await sql<{ days: string[] }>`select array(select to_char(now() at time zone 'Etc/GMT+12'
      + make_interval(days => n), 'YYYY-MM-DD') from generate_series(0, 2) n) as days`.execute(db);
    const [today = '', tomorrow = '', after = ''] = rows[0]?.days ?? [];
    const calendar = await db.selectFrom('desk_calendar').selectAll().executeTakeFirstOrThrow();
    const never = sql`'[]'::jsonb`;
    const weekly = sql`${JSON.stringify(calendar.weekly)}::jsonb`;
    /** The farthest west, where the day is yesterday's still, and the farthest east: it has begun. */
    const clock = (zone: string, hours: typeof never) =>
      sql`update desk_calendar set time_zone = ${zone}, weekly = ${hours}`.execute(db);
    try {
      await clock('Etc/GMT+12', never);
      const opening = { action: 'continue', ...allDay };
      expect((await scene.calendar(lead, { ...opening, day: today })).fault).toBe('day_too_soon');
      expect((await scene.calendar(lead, { ...opening, day: tomorrow, until: after })).fault).toBeUndefined();
      await clock('Pacific/Kiritimati', never);
      const who = await scene.person();
      const page = await scene.checked(lead, who);
      expect(page.html.querySelector('[data-own-day]')).not.toBeNull();
      expect((await scene.act(lead, caseIdOf(page), approving)).fault).toBe('desk_closed');
      expect(passOn(await scene.act(lead, caseIdOf(page), outsideHours))).toBe('');
      expect(await livePasses(db, who)).toBe(0);
      // For everybody else it is a day like any other.
      const plain = await scene.person();
      expect(passOn(await scene.act(desk, caseIdOf(await scene.checked(desk, plain)), approving))).not.toBe(
        '',
      );
      // What the centre had closed, and the lead takes back.
      await clock('Etc/GMT+12', weekly);
      await sql`delete from desk_days`.execute(db);
      const other = await scene.member('desk-lead');
      for (const day of [tomorrow, after]) {
        await scene.calendar(lead, { action: 'continue', day, name_en: 'Closed', name_ja: '休' });
        expect((await scene.calendar(other, { action: 'remove', day })).fault).toBeUndefined();
      }
      await clock('Pacific/Kiritimati', weekly);
      const third = await scene.person();
      const back = await scene.checked(other, third);
      expect((await scene.act(other, caseIdOf(back), approving)).fault).toBe('desk_closed');
      expect(await livePasses(db, third)).toBe(0);
    } finally {
      await clock(calendar.time_zone, weekly);
      await sql`delete from desk_days`.execute(db);
    }
  });

  test('a role for a minute, a colleague who is gone, locked, or whose account somebody else had: no second person', async () => {
    const { db } = scene;
    const notices = createNotices({ timeZone: 'Asia/Tokyo', places: [] });
    const ends: Record<string, (id: string) => Promise<unknown>> = {
      'without the role': (id) => setRoles(db, id, ['auditor']),
      locked: (id) => disableAccount(db, id, 'test'),
      'this was not me': async (id) => {
        const origin = { requestId: 'r', address: '192.0.2.1', node: 'n' };
        await db.transaction().execute((trx) => notices.tell(trx, id, { kind: 'new-browser' }, origin, 'en'));
        const [link = ''] = await scene.notMeLinks({ id });
        const browser = new UserAgent(scene.cluster);
        expect((await browser.submit(await browser.open(link))).page).toBe('not-me-done');
      },
    };
    for (const [what, end] of Object.entries(ends)) {
      const head = await scene.person('operator');
      const gone = await scene.member('desk');
      const id = caseIdOf(await scene.checked(desk, head));
      expect(passOn(await scene.act(gone, id, approving))).toBe('');
      await end(gone.id);
      const alone = await scene.act(desk, id, approving);
      expect([what, alone.fault, passOn(alone)]).toEqual([what, undefined, '']);
      expect([what, await livePasses(db, head)]).toEqual([what, 0]);
      const then = await scene.act(second, id, approving);
      expect([what, passOn(then).length]).toEqual([what, 16]);
    }
    // Nor does a check count that was made in such a name.
    const gone = await scene.member('desk');
    const plain = await scene.person();
    const id = caseIdOf(await scene.checked(gone, plain));
    await setRoles(db, gone.id, []);
    expect((await scene.act(desk, id, approving)).fault).toBe('check_missing');
  });

  test('a pass that one person approved ends when its account becomes one for two', async () => {
    const who = await scene.person();
    const id = caseIdOf(await scene.checked(desk, who));
    expect(passOn(await scene.act(desk, id, approving))).not.toBe('');
    await roles(who.id, 'desk');
    expect(await livePasses(scene.db, who)).toBe(0);
    expect((await scene.look(desk, id)).body).toContain('data-state="withdrawn"');
    // And no longer being one, while a case is open, makes it no easier: it was one when it was filed.
    const head = await scene.person('auditor');
    const still = caseIdOf(await scene.checked(desk, head));
    await roles(head.id);
    expect(passOn(await scene.act(desk, still, approving))).toBe('');
    expect(await livePasses(scene.db, head)).toBe(0);
    const lowered = sql`update desk_cases set privileged = false where id = ${still}`.execute(scene.db);
    await expect(lowered).rejects.toThrow('desk_second_needed');
  });

  test('locked and unlocked: no pass comes back; a new one ends the earlier', async () => {
    const who = await scene.person();
    const id = caseIdOf(await scene.checked(desk, who));
    await scene.act(desk, id, approving);
    await disableAccount(scene.db, who.id, 'test');
    expect((await scene.act(desk, caseIdOf(await scene.checked(desk, who)), approving)).fault).toBe(
      'account_disabled',
    );
    await enableAccount(scene.db, who.id, 'test');
    expect(await livePasses(scene.db, who)).toBe(0);
    const accountPage = await desk.browser.open(`/desk/accounts/${who.id}`);
    const next = accountPage.html.querySelector('a.primary')?.getAttribute('href')?.split('/').at(-1) ?? '';
    expect(passOn(await scene.act(desk, next, approving))).not.toBe('');
    const last = await scene.act(second, caseIdOf(await scene.checked(second, who)), approving);
    expect([passOn(last).length, await livePasses(scene.db, who)]).toEqual([16, 1]);
    expect((await scene.look(desk, next)).body).toContain('data-state="withdrawn"');
  });

  test('approve, refuse, withdraw and “this was not me” at once, on two nodes: at most one effect, and no pass outlives the user’s word', async () => {
    for (let round = 0; round < 3; round += 1) {
      const who = await scene.person();
      const page = await scene.checked(desk, who);
      const beside = await scene.look(second, caseIdOf(page));
      const [link = ''] = await scene.notMeLinks(who);
      const user = new UserAgent(scene.cluster);
      const notMe = await user.open(link);
      const answers = await burst([
        ...(await scene.presses(desk.browser, page, approving, 4)),
        ...(await scene.presses(second.browser, beside, refusing, 4)),
        ...(await scene.presses(user, notMe, {}, 2)),
      ]);
      expect(passPages(answers)).toBeLessThanOrEqual(1);
      for (const { status } of answers) expect([200, 303, 409, 422]).toContain(status);
      expect(await livePasses(scene.db, who)).toBe(0);
      const { passes } = await recordsAbout(scene.db, who);
      expect(passes).toBe(passPages(answers));
      const { state } = await scene.db
        .selectFrom('desk_cases')
        .select('state')
        .where('id', '=', caseIdOf(page))
        .executeTakeFirstOrThrow();
      expect(passes === 1 ? ['withdrawn'] : ['refused', 'open']).toContain(state);
    }
  });

  test('R44: whoever searches has looked; what an auditor or an operator presses is refused and written down', async () => {
    const who = await scene.person();
    const curious = await scene.member('desk');
    const page = await curious.browser.open('/desk');
    // The answer names the page; its reader never goes there.
    const found = await curious.browser.post(page, { action: 'search', login_id: who.loginId.toUpperCase() });
    expect(found.headers.location).toBe(`/desk/accounts/${who.id}`);
    const looks = await scene.db
      .selectFrom('audit_events')
      .select(['event', 'account_id'])
      .where('actor', '=', curious.id)
      .where('event', 'like', 'desk.%')
      .execute();
    expect(looks).toEqual([{ event: 'desk.account-viewed', account_id: who.id }]);
    const auditor = await scene.member('auditor');
    const shown = await scene.checked(desk, who);
    const look = await scene.look(auditor, caseIdOf(shown));
    expect([look.page, look.html.querySelector('form button[name=action]')]).toEqual(['desk-case', null]);
    const before = await everything(scene.db);
    const csrf = look.html.querySelector('input[name=csrf]')?.getAttribute('value') ?? '';
    const { seen = '' } = desk.browser.fields(shown);
    for (const fields of [seenCard, approving, refusing, { action: 'withdraw' }])
      expect(
        (await auditor.browser.request(look.url.pathname, { form: { csrf, seen, ...fields } })).fault,
      ).toBe('staff_role_missing');
    expect(await everything(scene.db)).toEqual(before);
    const tried = await scene.db
      .selectFrom('audit_events')
      .select('event')
      .where('actor', '=', auditor.id)
      .where('event', '=', 'staff.refused')
      .execute();
    expect(tried).toHaveLength(1);
  });

  testLog(() => scene.log);
});
