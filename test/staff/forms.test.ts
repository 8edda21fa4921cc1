import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { roles as allRoles } from '../../src/desk/actor.ts';
import { formWith } from '../portal/support.ts';
import { type Cluster, startCluster, testPassword } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { type RequestOptions, UserAgent } from '../support/user-agent.ts';
import { atDesk, everything, type Staff, staffMember, victimOf } from './support.ts';
import { forms, routes } from './written.ts';

const posts = routes.filter((route) => route.startsWith('POST ')).map((route) => route.slice('POST '.length));

/** What nobody can say of themselves or of anybody else by a field of a form. */
const smuggled = (other: string): Record<string, string> => ({
  role: 'admin',
  roles: 'operator',
  status: 'active',
  factor: 'app',
  verified: 'true',
  privileged: 'false',
  state: 'approved',
  account_id: other,
  accountId: other,
  case_id: other,
  actor: other,
  approved_by: other,
  checked_by: other,
  opened_by: other,
  expires_at: '2099-01-01',
  first_enrolled_at: '2020-01-01',
});

describeOnEveryDatabase('C53: the forms of the pages for staff', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  beforeAll(async () => {
    database = await open();
    cluster = await startCluster(database);
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  /** Somebody who may do everything, with the forms as the pages have them. */
  async function setScene(roles: readonly (typeof allRoles)[number][] = allRoles) {
    const victim = await victimOf(cluster);
    const who = await staffMember(cluster, roles, { mail: true, app: true });
    const { browser } = await atDesk(cluster, who);
    const page = await browser.open(victim.real('/desk/cases/:id'));
    const { csrf = '', seen = '' } = formWith(page, 'check');
    expect([page.page, csrf.length, seen === '']).toEqual(['desk-case', 43, false]);
    const form = (path: string): Record<string, string> => ({
      ...forms[path],
      csrf,
      ...(path === '/desk/cases/:id' ? { seen } : {}),
    });
    return { victim, who, browser, csrf, form };
  }

  const encoded = (form: Record<string, string>): string => new URLSearchParams(form).toString();

  test('A52: a form without the token of this session, of another site or in another shape does nothing', async () => {
    const { victim, who, browser, form } = await setScene();
    const elsewhere = await atDesk(cluster, who);
    const colleague = await atDesk(cluster, await staffMember(cluster, allRoles));
    const tokens = {
      none: '',
      'made up': 'x'.repeat(43),
      'another session of the same person': formWith(elsewhere.page, 'search').csrf ?? '',
      'a colleague’s': formWith(colleague.page, 'search').csrf ?? '',
      'their own page’s': formWith(await browser.open('/account/check'), 'use-mail').csrf ?? '',
    };
    expect(new Set(Object.values(tokens)).size).toBe(5);
    const before = await everything(database.db);
    const wrong: string[] = [];
    const send = async (what: string, path: string, options: RequestOptions, code: string): Promise<void> => {
      const answer = await browser.request(victim.real(path), options);
      if (answer.fault !== code) wrong.push(`${what} ${path}: ${answer.fault ?? answer.status}, not ${code}`);
    };
    for (const path of posts) {
      const good = form(path);
      for (const [what, csrf] of Object.entries(tokens))
        await send(what, path, { form: { ...good, csrf } }, 'form_token_invalid');
      for (const headers of [
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' },
        { 'sec-fetch-site': '', origin: 'https://evil.example' },
        { 'sec-fetch-site': '', origin: 'null' },
      ])
        await send(JSON.stringify(headers), path, { form: good, headers }, 'cross_site_request');
      for (const [type, body] of [
        ['application/json', JSON.stringify(good)],
        ['text/plain', encoded(good)],
        [
          'multipart/form-data; boundary=x',
          `--x\r\ncontent-disposition: form-data; name="csrf"\r\n\r\n${good.csrf}`,
        ],
      ] as const)
        await send(type, path, { form: body, headers: { 'content-type': type } }, 'unsupported_media_type');
      for (const name of ['csrf', 'action']) {
        const twice = `${encoded(good)}&${name}=${good[name] ?? ''}`;
        await send(`${name} twice`, path, { form: twice }, 'bad_request');
      }
      await send('a list', path, { form: { ...good, 'roles[]': 'operator' } }, 'bad_request');
      await send('an object', path, { form: { ...good, 'account[roles]': 'operator' } }, 'bad_request');
      await send('NUL', path, { form: { ...good, note: 'a\0b' } }, 'bad_request');
      // What only looks at a page does no act, whatever its address or headers say.
      const asked = await browser.request(`${victim.real(path)}?${encoded(good)}`, {
        headers: { 'x-http-method-override': 'POST', 'x-method-override': 'POST' },
      });
      if (asked.status !== 200) wrong.push(`GET with a form ${path}: ${asked.status}`);
    }
    expect(wrong).toEqual([]);
    expect(await everything(database.db)).toEqual(before);
  });

  test('A52: fields that no form has change nothing: neither roles, status, factors nor in whose name', async () => {
    const { victim, who, browser, form } = await setScene(['desk', 'operator']);
    const other = await victimOf(cluster);
    const extra = smuggled(other.id);
    const state = async (): Promise<Record<string, unknown>> =>
      (await everything(database.db)) as Record<string, unknown>;
    const before = await state();
    for (const path of posts) {
      const answer = await browser.request(`${victim.real(path)}?${encoded(extra)}`, {
        form: { ...extra, ...form(path) },
      });
      // The acts themselves are done: what was added to them is not.
      expect([path, answer.status, answer.fault]).toEqual([path, 303, undefined]);
    }
    const after = await state();
    for (const table of ['accounts', 'approvals', 'passes', 'mail', 'apps'])
      expect([table, after[table]]).toEqual([table, before[table]]);
    const checks = after.checks as { case_id: string; checked_by: string }[];
    expect(checks.filter(({ case_id }) => case_id === other.caseId)).toEqual([]);
    expect(checks.find(({ case_id }) => case_id === victim.caseId)?.checked_by).toBe(who.id);
    const cases = after.cases as { id: string; account_id: string; state: string; privileged: boolean }[];
    expect(cases.find(({ id }) => id === victim.caseId)).toMatchObject({
      account_id: victim.id,
      state: 'open',
    });
    expect(cases).toHaveLength((before.cases as unknown[]).length);
  });

  test('A52: nor at the sign-in and on the own page', async () => {
    const who: Staff = await staffMember(cluster, [], { mail: true, app: true });
    const other = await staffMember(cluster, ['desk'], { mail: true, app: true });
    const extra = smuggled(other.id);
    const before = await everything(database.db);
    const browser = new UserAgent(cluster);
    const page = await browser.submit(await browser.open('/account'), {
      ...extra,
      login_id: who.loginId,
      password: testPassword,
    });
    const { browser: own } = await atDesk(cluster, who, { path: '/account' });
    const { csrf = '' } = formWith(await own.open('/account/check'), 'use-mail');
    for (const path of ['/account/sessions', '/account/browsers', '/account/services', '/account/check'])
      await own.request(path, { form: { ...extra, csrf, action: 'end-others' } });
    expect(page.page).toBe('app-code');
    expect((await own.open('/desk')).fault).toBe('staff_role_missing');
    expect(await everything(database.db)).toEqual(before);
  });

  test('C42: who asks for what their role does not include is written down', async () => {
    const who = await staffMember(cluster, ['desk']);
    const { browser } = await atDesk(cluster, who);
    // However often it is pressed.
    for (let press = 0; press < 3; press += 1)
      expect((await browser.open('/operator')).fault).toBe('staff_role_missing');
    const rows = await database.db
      .selectFrom('audit_events')
      .select(['event', 'result', 'actor', 'details'])
      .where('account_id', '=', who.id)
      .where('event', '=', 'staff.refused')
      .execute();
    expect(rows).toEqual([
      { event: 'staff.refused', result: 'failure', actor: who.id, details: { route: 'GET /operator' } },
    ]);
  });
});
