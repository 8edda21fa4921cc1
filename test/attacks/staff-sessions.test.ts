import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { applyEnds } from '../../src/accounts/ended-accounts.ts';
import { disableAccount, endEverythingOf } from '../../src/accounts/status.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import { createSupportDesk, type SupportDesk } from '../../src/desk/support-desk.ts';
import type { StaffActor } from '../../src/desk/actor.ts';
import { lockAccount } from '../../src/accounts/account-lock.ts';
import { createSecondFactor } from '../../src/factors/second-factor.ts';
import { atAccount } from '../portal/support.ts';
import { forgetCodes, setRoles } from '../staff/support.ts';
import { describeOnEveryDatabase } from '../support/databases.ts';
import { silentLogger } from '../support/logger.ts';
import { type Answer, UserAgent } from '../support/user-agent.ts';
import {
  approving,
  caseIdOf,
  type DeskScene,
  deskScene,
  type Member,
  passOn,
  recordsAbout,
  refusing,
  seenCard,
} from './desk-scene.ts';

describeOnEveryDatabase('S29: acts of staff and the session behind them', (open) => {
  let scene: DeskScene;
  let desk: SupportDesk;
  beforeAll(async () => {
    scene = await deskScene(open);
    const { db, cluster } = scene;
    const { config, sealer } = cluster;
    const secondFactor = createSecondFactor({ db, sealer, config, handOver: () => undefined });
    const { notices } = secondFactor;
    desk = createSupportDesk({ db, config, sealer, notices, secondFactor, logger: silentLogger() });
  }, 60_000);
  afterAll(() => scene.close());

  const endSessions = (id: string): Promise<void> =>
    inTransaction(scene.db, async (trx) => {
      await lockAccount(trx, id);
      await endEverythingOf(trx, id);
    });

  /** Sends a form that has to wait for the account's turn, and meanwhile does something else. */
  async function whileItWaits(
    accountId: string,
    send: () => Promise<Answer>,
    meanwhile: () => Promise<void>,
  ): Promise<Answer> {
    let answer: Promise<Answer> | undefined;
    await scene.db.transaction().execute(async (trx) => {
      await lockAccount(trx, accountId);
      answer = send();
      for (let wait = 0; ; wait += 1) {
        const { rows } = await sql<{ waiting: number }>`select count(*)::int as waiting from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`.execute(scene.db);
        if ((rows[0]?.waiting ?? 0) > 0) break;
        if (wait > 300) throw new Error('nothing waits');
        await sleep(20);
      }
      await meanwhile();
    });
    if (answer === undefined) throw new Error('nothing was sent');
    return answer;
  }

  test('an act that waited for a lock is refused when its session, role or account ended meanwhile', async () => {
    if (scene.database.kind === 'pglite') return;
    const ends: Readonly<Record<string, (member: Member) => Promise<void>>> = {
      session: ({ id }) => endSessions(id),
      role: ({ id }) => setRoles(scene.db, id, ['auditor']),
      account: async ({ id }) => {
        await disableAccount(scene.db, id, 'cli:test');
      },
    };
    for (const [what, end] of Object.entries(ends)) {
      for (const [act, fields] of Object.entries({ check: seenCard, approve: approving, refuse: refusing })) {
        const [member, who] = [await scene.member('desk'), await scene.person()];
        const page = await (act === 'approve' ? scene.checked(member, who) : scene.opened(member, who));
        const before = await recordsAbout(scene.db, who);
        const answer = await whileItWaits(
          who.id,
          () => member.browser.post(page, fields),
          () => end(member),
        );
        expect([what, act, answer.status, answer.page, passOn(answer)]).toEqual([
          what,
          act,
          403,
          'error',
          '',
        ]);
        expect(await recordsAbout(scene.db, who)).toEqual(before);
        const { state } = await scene.db
          .selectFrom('desk_cases')
          .select('state')
          .where('id', '=', caseIdOf(page))
          .executeTakeFirstOrThrow();
        expect(state).toBe('open');
      }
    }
  }, 120_000);

  test('no act, of cases or of the calendar, is done in the name of a session that has ended', async () => {
    const [who, member] = [await scene.person(), await scene.member('desk', 'desk-lead')];
    const caseId = caseIdOf(await scene.checked(member, who));
    const { rows } = await sql<{ uid: string }>`select session_uid as uid from oidc_payloads
      where model = 'Session' and account_id = ${member.id}`.execute(scene.db);
    const actor: StaffActor = {
      accountId: member.id,
      loginId: member.loginId,
      roles: ['desk', 'desk-lead'],
      origin: { requestId: 'r', address: '192.0.2.1', node: 'n' },
      locale: 'en',
      session: { uids: rows.map(({ uid }) => uid) },
    };
    const seen = async () => (await desk.cases.find(actor, caseId))?.seen ?? '';
    const day = { day: '2031-05-05', name: { en: 'Closed', ja: '休み' } };
    await desk.calendar.setDay(actor, day, actor.origin);
    const now = await seen();
    const acts: Readonly<Record<string, () => Promise<unknown>>> = {
      search: () => desk.cases.search(actor, who.loginId),
      open: () => desk.cases.open(actor, who.id, 'lost-device'),
      check: () => desk.cases.check(actor, caseId, now, { check: 'in-person:university-card', note: '' }),
      approve: () => desk.cases.approve(actor, caseId, now, { breakGlass: false }),
      refuse: () => desk.cases.refuse(actor, caseId, now, { reason: 'not-the-holder', note: '' }),
      withdraw: () => desk.cases.withdraw(actor, caseId, now),
      setDay: () => desk.calendar.setDay(actor, day, actor.origin),
      removeDay: () => desk.calendar.removeDay(actor, day.day, actor.origin),
    };
    // Whoever adds an act of staff adds it here.
    const reading = ['queue', 'closed', 'account', 'find'];
    expect(Object.keys(desk.cases).filter((name) => !reading.includes(name) && !(name in acts))).toEqual([]);
    await endSessions(member.id);
    for (const [name, act] of Object.entries(acts))
      await expect(act().catch((error: { code?: string }) => [name, error.code])).resolves.toEqual([
        name,
        'fresh_sign_in_needed',
      ]);
    const { rows: refused } = await sql<{
      acts: string[];
    }>`select array_agg(details ->> 'act' order by id) as acts
      from audit_events where actor = ${member.id} and event = 'staff.refused'`.execute(scene.db);
    expect(refused[0]?.acts).toEqual(['open', 'check', 'approve', 'refuse', 'withdraw']);
  });

  test('a pass of somebody who then says "this was not me" opens nothing, typed in or not, and the case says why', async () => {
    for (const typed of [false, true]) {
      const [who, member] = [await scene.person(), await scene.member('desk')];
      const page = await scene.checked(member, who);
      const digits = passOn(await scene.act(member, caseIdOf(page), approving));
      expect(digits).toHaveLength(16);
      const { browser, page: atPass } = await scene.atPass(who);
      const opened = typed ? await browser.submit(atPass, { setup_pass: digits }) : atPass;
      if (typed) expect(opened.page).toBe('set-up-mail');

      // A code that the member did not ask for: its mail carries the link.
      const stranger = new UserAgent(scene.cluster);
      await stranger.submit(await stranger.password(member.loginId), { action: 'use-mail' });
      const [link] = await scene.notMeLinks(member);
      const owner = new UserAgent(scene.cluster);
      const asked = await owner.open(link ?? '');
      expect((await owner.submit(asked, {})).page).toBe('not-me-done');

      const late = typed
        ? await browser.submit(opened, { email: `stolen-${who.address}` })
        : await browser.submit(atPass, { setup_pass: digits });
      expect(['set-up-mail-code', 'set-up-mail']).not.toContain(late.page);
      if (!typed) expect(late.fault).toBe('setup_pass_expired');
      const colleague = await scene.member('desk');
      const shown = await scene.look(colleague, caseIdOf(page));
      expect(shown.html.querySelector('[data-pass]')?.textContent).toContain('this was not me');
      const { rows } = await sql<{ state: string; why: string }>`select c.state, p.voided_detail as why
        from setup_passes p join desk_cases c on c.id = p.case_id where p.account_id = ${who.id}`.execute(
        scene.db,
      );
      expect(rows).toEqual([{ state: 'withdrawn', why: 'approval-void' }]);
    }
  }, 120_000);

  test('the approval of a session that its owner has ended from another one carries no pass', async () => {
    const [who, member] = [await scene.person(), await scene.member('desk')];
    const digits = await scene.passFor(member, who);
    await forgetCodes(scene.db, member.id);
    const { browser: owner } = await atAccount(scene.cluster, member);
    const sessions = await owner.open('/account/sessions');
    const csrf = sessions.html.querySelector('input[name=csrf]')?.getAttribute('value') ?? '';
    const ended = await owner.request('/account/sessions', { form: { csrf, action: 'end-others' } });
    expect([sessions.page, ended.status]).toEqual(['account-sessions', 303]);
    const { browser, page } = await scene.atPass(who);
    expect((await browser.submit(page, { setup_pass: digits })).fault).toBe('setup_pass_expired');
  });

  test('S5: a pass of staff whose account ends on its day is void from then on', async () => {
    const [who, member] = [await scene.person(), await scene.member('desk')];
    await scene.passFor(member, who);
    await sql`update accounts set ends_at = now() - interval '2 days' where id = ${member.id}`.execute(
      scene.db,
    );
    await inTransaction(scene.db, (trx) => applyEnds(trx, { timeZone: 'Asia/Tokyo' }));
    const { rows } = await sql`select from setup_passes
      where account_id = ${who.id} and voided_detail = 'approval-void'`.execute(scene.db);
    expect(rows).toHaveLength(1);
  });

  test('the database itself refuses a pass whose approver is no longer at the desk', async () => {
    const [who, member] = [await scene.person(), await scene.member('desk')];
    const digits = await scene.passFor(member, who);
    // Past every page and command of ours.
    await sql`update accounts set roles = '{}' where id = ${member.id}`.execute(scene.db);
    await expect(
      sql`update setup_passes set used_at = now(), browser = 'b', interaction = 'i'
        where account_id = ${who.id}`.execute(scene.db),
    ).rejects.toThrow('desk_second_needed');
    const { browser, page } = await scene.atPass(who);
    expect((await browser.submit(page, { setup_pass: digits })).fault).toBe('setup_pass_expired');
    const { rows } = await sql`select from setup_passes
      where account_id = ${who.id} and voided_detail = 'approval-void'`.execute(scene.db);
    expect(rows).toHaveLength(1);
  });
});
