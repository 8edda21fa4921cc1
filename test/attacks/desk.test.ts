import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { newId } from '../../src/base/ids.ts';
import { disableAccount } from '../../src/accounts/status.ts';
import { atAccount, formWith } from '../portal/support.ts';
import { everything, setRoles, type Staff } from '../staff/support.ts';
import { describeOnEveryDatabase } from '../support/databases.ts';
import { type Answer, UserAgent } from '../support/user-agent.ts';
import {
  approving,
  burst,
  caseIdOf,
  type DeskScene,
  deskScene,
  type Member,
  passOn,
  passPages,
  recordsAbout,
  refusing,
  seenCard,
} from './desk-scene.ts';
import { faultIn, testLog } from './support.ts';

describeOnEveryDatabase('A41: the desk, from the browser of staff', (open) => {
  let scene: DeskScene;
  let desk: Member;
  let colleague: Member;
  beforeAll(async () => {
    scene = await deskScene(open);
    [desk, colleague] = [await scene.member('desk'), await scene.member('desk-lead')];
    colleague.browser.node = 1;
  }, 60_000);
  afterAll(() => scene.close());

  test('no evidence, blank or one character of it, none of ours: no check, no approval, no pass', async () => {
    const who = await scene.person();
    const page = await scene.opened(desk, who);
    for (const check of [
      '',
      ' ',
      'x',
      ':',
      'in-person',
      'in-person:',
      'in-person: ',
      ':university-card',
      'in-person:x',
      'in-person:university-card ',
      'x:university-card',
      'call-back:university-card',
      '__proto__:university-card',
    ])
      expect([check, (await desk.browser.submit(page, { ...seenCard, check })).fault]).toEqual([
        check,
        'check_missing',
      ]);
    expect((await desk.browser.submit(page, approving)).fault).toBe('check_missing');
    for (const note of ['', ' ', '.', '\u3000'])
      expect(
        (await desk.browser.submit(page, { ...refusing, reason: 'other', refusal_note: note })).fault,
      ).toBe('note_missing');
    for (const note of [
      'passport TK1234567',
      '１２３４ ５６７８',
      'me@mail.example',
      '1\u200B2\u200B3\u200B4\u200B5\u200B6',
    ])
      expect([note, (await desk.browser.submit(page, { ...seenCard, note })).fault]).toEqual([
        note,
        'note_holds_number',
      ]);
    expect(await recordsAbout(scene.db, who)).toEqual({ cases: 1, checks: 0, approvals: 0, passes: 0 });
  });

  test('on whoever has a role one person gets nowhere, however often and wherever they press', async () => {
    const head = await scene.person('operator');
    const page = await scene.checked(desk, head);
    const id = caseIdOf(page);
    const first = await desk.browser.submit(page, { ...approving, privileged: 'false', needed: '1' });
    expect([first.page, first.fault, passOn(first)]).toEqual(['desk-case', undefined, '']);
    expect((await scene.act(desk, id, approving)).fault).toBe('desk_already_approved');
    // A new check, another sign-in, both: the same person still.
    const again = await scene.act(desk, id, seenCard);
    expect(passOn(await desk.browser.submit(again, approving))).toBe('');
    expect((await scene.act(desk, id, { ...approving, break_glass: 'yes' })).fault).toBe(
      'desk_already_approved',
    );
    expect(await recordsAbout(scene.db, head)).toMatchObject({ approvals: 2, passes: 0 });
    const second = await scene.act(colleague, id, approving);
    expect(second.page).toBe('desk-pass');
    expect(passOn(second)).toHaveLength(16);
    // Whoever was first sees that there is one, and not which.
    expect(passOn(await scene.look(desk, id))).toBe('');
  });

  test('nobody on themselves: neither their own form, nor a colleague’s, nor a case that was there before', async () => {
    const own = await desk.browser.request(`/desk/accounts/${desk.id}`);
    const { csrf = '' } = formWith(await scene.opened(desk, await scene.person()), 'check');
    expect(own.html.querySelector('button[value=open]')).toBeNull();
    const opening = { csrf, action: 'open', reason: 'other' };
    expect((await desk.browser.request(`/desk/accounts/${desk.id}`, { form: opening })).fault).toBe(
      'desk_own_case',
    );
    const page = await scene.checked(colleague, desk);
    const id = caseIdOf(page);
    const seen = formWith(page, 'approve').seen ?? '';
    for (const node of [0, 1])
      for (const fields of [
        seenCard,
        approving,
        { ...approving, break_glass: 'yes' },
        refusing,
        { action: 'withdraw' },
      ]) {
        const form = { csrf, seen, ...fields };
        const answer = await desk.browser.request(`/desk/cases/${id}`, { form, node });
        expect([fields.action, answer.fault]).toEqual([fields.action, 'desk_own_case']);
      }
    expect(await recordsAbout(scene.db, desk)).toMatchObject({ checks: 1, approvals: 0, passes: 0 });
    const tried = await scene.db
      .selectFrom('audit_events')
      .select('details')
      .where('event', '=', 'staff.refused')
      .where('account_id', '=', desk.id)
      .execute();
    expect(tried.length).toBeGreaterThanOrEqual(11);
  });

  test('other ids in the address: a form is about its own case, and nothing else is one', async () => {
    const [one, other] = [await scene.person(), await scene.person()];
    const mine = await scene.checked(desk, one);
    const theirs = await scene.checked(colleague, other);
    const before = await everything(scene.db);
    const form = { ...formWith(mine, 'approve') };
    const approve = (id: string): Promise<Answer> => desk.browser.request(`/desk/cases/${id}`, { form });
    expect((await approve(caseIdOf(theirs))).fault).toBe('case_changed');
    for (const id of [
      one.id,
      desk.id,
      newId(),
      'x',
      '0',
      '-',
      '%2e%2e',
      `${caseIdOf(mine)}%00`,
      `${caseIdOf(mine)}%20`,
    ]) {
      const answer = await approve(id);
      expect([id, ['case_unknown', 'not_found', 'bad_request'].includes(answer.fault ?? '')]).toEqual([
        id,
        true,
      ]);
    }
    expect(await everything(scene.db)).toEqual(before);
  });

  test('without the token, with a colleague’s, from elsewhere, by another method: nothing is approved', async () => {
    const who = await scene.person();
    const page = await scene.checked(desk, who);
    const form = formWith(page, 'approve');
    const path = page.url.pathname;
    const foreign = formWith(await scene.look(colleague, caseIdOf(page)), 'approve').csrf ?? '';
    const refused: unknown[] = [];
    const send = async (options: Parameters<UserAgent['request']>[1], query = ''): Promise<void> => {
      const answer = await desk.browser.request(`${path}${query}`, options);
      refused.push(answer.fault ?? answer.status);
      expect(passOn(answer)).toBe('');
    };
    await send({ form: { ...form, csrf: '' } });
    await send({ form: { ...form, csrf: foreign } });
    await send({ form, headers: { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' } });
    await send({ form, headers: { cookie: '' } });
    const query = `?${new URLSearchParams(form).toString()}`;
    await send({}, query);
    await send({ method: 'HEAD' }, query);
    await send({ form, method: 'PUT' });
    await send({ form, headers: { 'x-http-method-override': 'PUT' }, method: 'PATCH' });
    await send({ form, method: 'DELETE' });
    expect(refused.slice(0, 3)).toEqual(['form_token_invalid', 'form_token_invalid', 'cross_site_request']);
    // A mailed code alone is no sign-in of staff.
    const mailOnly = await scene.person('desk');
    const { browser } = await atAccount(scene.cluster, mailOnly, { way: 'mail' });
    const answer = await browser.request(path, { form });
    expect([answer.status, String(answer.headers.location).startsWith('/authorize?')]).toEqual([303, true]);
    expect(await recordsAbout(scene.db, who)).toMatchObject({ approvals: 0, passes: 0 });
  });

  test('a page that shows what is no longer so approves nothing, whatever has changed', async () => {
    const { db } = scene;
    const changes: Record<string, (who: Staff, id: string) => Promise<unknown>> = {
      'a new way': (who) =>
        db.updateTable('app_factors').set({ state: 'removed' }).where('account_id', '=', who.id).execute(),
      'another check': (_, id) => scene.act(colleague, id, seenCard),
      'a role': (who) => setRoles(db, who.id, ['auditor']),
      locked: (who) => disableAccount(db, who.id, 'test'),
      'this was not me': async (who) => {
        const [link = ''] = await scene.notMeLinks(who);
        const browser = new UserAgent(scene.cluster);
        expect((await browser.submit(await browser.open(link))).page).toBe('not-me-done');
      },
    };
    for (const [what, change] of Object.entries(changes)) {
      const who = await scene.person();
      const page = await scene.checked(desk, who);
      await change(who, caseIdOf(page));
      for (const node of [0, 1]) {
        const answer = await desk.browser.post(page, approving, { node });
        expect([what, answer.fault, answer.status]).toEqual([what, 'case_changed', 409]);
      }
      expect([what, await recordsAbout(db, who)]).toEqual([
        what,
        expect.objectContaining({ approvals: 0, passes: 0 }),
      ]);
    }
  });

  test('20 presses of one and 20 of a colleague at once on two nodes: one reset, one record, one page', async () => {
    const who = await scene.person();
    const page = await scene.checked(desk, who);
    const beside = await scene.look(colleague, caseIdOf(page));
    const answers = await burst([
      ...(await scene.presses(desk.browser, page, approving, 20)),
      ...(await scene.presses(colleague.browser, beside, approving, 20)),
    ]);
    expect(passPages(answers)).toBe(1);
    expect(answers.filter((answer) => faultIn(answer) === 'case_changed')).toHaveLength(39);
    expect(await recordsAbout(scene.db, who)).toEqual({ cases: 1, checks: 1, approvals: 1, passes: 1 });
    const events = await scene.db
      .selectFrom('audit_events')
      .select('event')
      .where('account_id', '=', who.id)
      .execute();
    for (const once of ['desk.identity-checked', 'desk.approved', 'desk.pass-issued'])
      expect([once, events.filter(({ event }) => event === once).length]).toEqual([once, 1]);
  });

  testLog(() => scene.log);
});
