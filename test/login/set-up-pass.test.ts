import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { noticeToken } from '../../src/factors/notices/links.ts';
import {
  alwaysOpen,
  issuePass,
  type IssuedPass,
  letPassExpire,
  otherDigits,
  passesOf,
  passState,
} from '../factors/pass-stage.ts';
import { appCode, type Cluster, startCluster, testPassword } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { type Arrival, UserAgent } from '../support/user-agent.ts';
import { accountId, claimsAt, eventsOf, type Person, person } from './visits.ts';

const fullWidth = (digits: string): string =>
  digits.replace(/\d/g, (digit) => String.fromCharCode(0xff10 + Number(digit)));
const buttons = (page: Arrival): (string | undefined)[] =>
  page.html.querySelectorAll('button[name=action]').map((button) => button.getAttribute('value'));

describeOnEveryDatabase('the page of a setup pass', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  beforeAll(async () => {
    database = await open();
    cluster = await startCluster(database, {
      nodes: 2,
      config: { desk: { ...alwaysOpen, setup_pass: { required_for: { kinds: ['ecs'] } } } },
    });
  }, 60_000);
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  const issue = async (who: Person): Promise<IssuedPass> =>
    issuePass(database.db, passesOf(cluster, database.db), await accountId(database.db, who));
  /** Somebody whose factors are all gone. */
  async function lost(): Promise<Person> {
    const who = await person(cluster, { mail: true });
    await database.db
      .updateTable('mail_factors')
      .set({ state: 'removed', ended_at: sql<Date>`now()` })
      .where('account_id', '=', await accountId(database.db, who))
      .execute();
    return who;
  }
  /** From the first page of Initial setup to the service, with a new address. */
  async function setUpMail(browser: UserAgent, page: Arrival, address: string): Promise<Arrival> {
    expect(page.page).toBe('set-up-mail');
    const sent = cluster.smtp.mails.length;
    const code = await browser.submit(page, { email: address });
    expect(code.page).toBe('set-up-mail-code');
    return browser.submit(code, { code: await cluster.mailedCode(address, sent) });
  }

  test('R40, R15: where nothing is left there is no dead end: the pass is asked for, read as people type it, and opens Initial setup', async () => {
    const who = await lost();
    const pass = await issue(who);
    const browser = new UserAgent(cluster);
    const page = await browser.password(who.loginId);
    expect([page.page, page.status, page.fault]).toEqual(['set-up-pass', 200, undefined]);
    expect(buttons(page)).toEqual(['continue', 'help', 'cancel']);
    expect(page.body).toContain('1234 5678 9012 3456');
    const field = page.html.querySelector('input[name=setup_pass]');
    expect([field?.getAttribute('autocomplete'), field?.getAttribute('inputmode')]).toEqual([
      'off',
      'numeric',
    ]);
    // The support centre is one button away, and back again leads here.
    const help = await browser.submit(page, { action: 'help' });
    expect(help.page).toBe('help-support');
    expect((await browser.submit(help, { action: 'continue' })).page).toBe('set-up-pass');
    for (const [typed, fault, status] of [
      ['', 'setup_pass_missing', 400],
      [pass.digits.slice(1), 'setup_pass_malformed', 400],
      [pass.digits + pass.digits, 'setup_pass_malformed', 400],
      [pass.digits.repeat(500), 'setup_pass_malformed', 400],
      [otherDigits(pass.digits), 'setup_pass_wrong', 422],
    ] as const) {
      const refused = await browser.submit(page, { setup_pass: typed }, { node: 1 });
      expect([refused.page, refused.fault, refused.status]).toEqual(['set-up-pass', fault, status]);
      if (typed !== '') expect(refused.body).not.toContain(typed);
    }
    const twice = `${new URLSearchParams(browser.fields(page)).toString()}&setup_pass=1&setup_pass=2`;
    expect((await browser.request(page.url.pathname, { form: twice })).status).toBe(400);
    const typed = fullWidth(pass.digits).replace(/(.{4})(?=.)/g, '$1－');
    const opened = await browser.submit(page, { setup_pass: typed }, { node: 1 });
    const arrived = await setUpMail(browser, opened, `new-${who.address}`);
    expect(await claimsAt(browser, arrived)).toMatchObject({
      amr: ['pwd', 'mca'],
      acr: 'urn:nijo:acr:mail-otp',
    });
    expect(await passState(database.db, pass)).toMatchObject({ finished: true, state: 'done' });
    const events = await eventsOf(database.db, await accountId(database.db, who));
    expect(events.filter((event) => /pass/.test(event) && !event.startsWith('password'))).toEqual([
      'setup-pass.refused',
      'setup-pass.verified',
      'factor.set-up-by-pass',
    ]);
    // The next login is with what was set up.
    expect((await new UserAgent(cluster, { node: 1 }).password(who.loginId)).page).toBe('mail-code');
  });

  test('R36, R40, R22: beside a way that is there it is reached by the help page and left again; an app alone is set up too', async () => {
    const who = await person(cluster, { app: true });
    const pass = await issue(who);
    const browser = new UserAgent(cluster);
    const help = await browser.submit(await browser.password(who.loginId), { action: 'lost-app' });
    expect(help.page).toBe('help-support');
    const asked = await browser.submit(help, { action: 'use-set-up-pass' });
    expect([asked.page, buttons(asked)]).toEqual(['set-up-pass', ['continue', 'help', 'back', 'cancel']]);
    expect((await browser.submit(asked, { action: 'back' })).page).toBe('app-code');
    // The form of the page that was left is not applied to the one that is there.
    const stale = await browser.submit(asked, { setup_pass: pass.digits });
    expect([stale.page, stale.status]).toEqual(['app-code', 409]);
    expect(await passState(database.db, pass)).toMatchObject({ used: false });
    const again = await browser.submit(await browser.submit(stale, { action: 'lost-app' }), {
      action: 'use-set-up-pass',
    });
    const opened = await browser.submit(again, { setup_pass: pass.digits });
    const read = await browser.submit(opened, { action: 'no-mail' });
    const key = await browser.submit(read, { acknowledge: 'yes' });
    expect([opened.page, read.page, key.page]).toEqual(['set-up-mail', 'set-up-app-only', 'set-up-app']);
    const secret = key.html.querySelector('[data-copy]')?.getAttribute('data-copy') ?? '';
    // Reloading in the middle shows the same key, and the old app still opens another login.
    expect((await browser.open(key.url.pathname)).body).toContain(secret);
    const arrived = await browser.submit(key, { code: appCode(0, secret) });
    expect(await claimsAt(browser, arrived)).toMatchObject({
      amr: ['pwd', 'otp', 'mfa'],
      acr: 'https://refeds.org/profile/mfa',
    });
    const old = new UserAgent(cluster, { node: 1 });
    expect((await old.submit(await old.password(who.loginId), { code: appCode(1) })).fault).toBe(
      'code_wrong',
    );
  });

  test('R40: by the policy a first-timer needs one; others do not, and a service without factor asks for nothing', async () => {
    const who = await person(cluster, { kind: 'ecs' });
    const other = await person(cluster, {});
    const pass = await issue(who);
    expect((await new UserAgent(cluster).password(other.loginId)).page).toBe('set-up-mail');
    const browser = new UserAgent(cluster);
    expect((await browser.password(who.loginId, 'ordinary')).callback).toBeDefined();
    // The session stands for the first password, and the page asks for it once more (a step-up).
    const page = await browser.start('important');
    expect([page.page, buttons(page)]).toEqual(['set-up-pass', ['continue', 'help', 'cancel']]);
    for (const path of ['set-up-mail', 'set-up-app-only', 'set-up-app'])
      expect(
        (await browser.submit(page, { page: path, email: who.address, acknowledge: 'yes', code: '123456' }))
          .page,
      ).toBe('set-up-pass');
    const setup_pass = pass.digits;
    const without = await browser.submit(page, { setup_pass });
    const wrong = await browser.submit(page, { setup_pass, password: 'wrong' });
    expect([without.fault, wrong.fault]).toEqual(['password_missing', 'password_wrong']);
    expect(await passState(database.db, pass)).toMatchObject({ used: false });
    const opened = await browser.submit(page, { setup_pass, password: testPassword });
    const arrived = await setUpMail(browser, opened, who.address);
    expect(await claimsAt(browser, arrived)).toMatchObject({ amr: ['pwd', 'mca'] });
    // The session of this browser went on: the other service still asks for nothing.
    expect((await browser.start('ordinary')).callback).toBeDefined();
  });

  test('C05: a way that is switched off is set up anew with a pass', async () => {
    const who = await person(cluster, { app: true });
    const id = await accountId(database.db, who);
    await database.db
      .insertInto('factor_failures')
      .values({ account_id: id, factor: 'app', in_a_row: 20, disabled_at: new Date() })
      .execute();
    const pass = await issue(who);
    const browser = new UserAgent(cluster, { node: 1 });
    const page = await browser.password(who.loginId);
    expect([page.page, page.html.querySelector('main')?.textContent]).toEqual([
      'set-up-pass',
      expect.stringContaining('Too many wrong codes'),
    ]);
    const opened = await browser.submit(page, { setup_pass: pass.digits });
    const arrived = await setUpMail(browser, opened, who.address);
    expect(await claimsAt(browser, arrived)).toMatchObject({ amr: ['pwd', 'mca'] });
    expect((await new UserAgent(cluster).password(who.loginId)).page).toBe('mail-code');
  });

  test('R40, R8: an abandoned set-up is gone on with in the same browser alone; ten wrong passes pause the step and end the login', async () => {
    const who = await lost();
    const pass = await issue(who);
    const browser = new UserAgent(cluster);
    const opened = await browser.submit(await browser.password(who.loginId), { setup_pass: pass.digits });
    expect(opened.page).toBe('set-up-mail');
    await browser.submit(opened, { action: 'cancel' });
    const thief = new UserAgent(cluster, { node: 1 });
    const page = await thief.password(who.loginId);
    expect((await thief.submit(page, { setup_pass: pass.digits })).fault).toBe('setup_pass_used');
    const anew = await browser.password(who.loginId);
    expect(anew.page).toBe('set-up-pass');
    expect((await browser.submit(anew, { setup_pass: pass.digits }, { node: 1 })).page).toBe('set-up-mail');

    for (let tries = 1; tries <= 10; tries += 1)
      expect((await thief.submit(page, { setup_pass: otherDigits(pass.digits, tries) })).fault).toBe(
        'setup_pass_wrong',
      );
    const paused = await thief.submit(page, { setup_pass: pass.digits });
    expect([paused.page, paused.fault, paused.status]).toEqual(['sign-in', 'factor_paused', 429]);
    expect(await passState(database.db, pass)).toMatchObject({ finished: false });
  });

  test('D11: after "this was not me" the pass opens nothing, and the support centre has a case to look at', async () => {
    const who = await lost();
    const id = await accountId(database.db, who);
    const pass = await issue(who);
    const browser = new UserAgent(cluster);
    const page = await browser.password(who.loginId);
    await sql`insert into notice_links (id, account_id, event, expires_at)
      values ('AAAAAAAAAAAAAAAAAAAA' || ${database.kind === 'pglite' ? 'aa' : 'bb'}, ${id}, 'pass-issued',
        now() + interval '1 hour')`.execute(database.db);
    const { id: link } = await database.db
      .selectFrom('notice_links')
      .select('id')
      .where('account_id', '=', id)
      .executeTakeFirstOrThrow();
    const reader = new UserAgent(cluster, { node: 1 });
    const notMe = await reader.open(`/not-me/${noticeToken(cluster.sealer, link)}`);
    expect((await reader.submit(notMe)).page).toBe('not-me-done');
    expect(await passState(database.db, pass)).toMatchObject({ voided: 'not-me', state: 'withdrawn' });
    const { reason, state } = await database.db
      .selectFrom('desk_cases')
      .select(['reason', 'state'])
      .where('account_id', '=', id)
      .where('source', '=', 'not-me')
      .executeTakeFirstOrThrow();
    expect([reason, state]).toEqual(['not-me', 'open']);
    // The login ended too: with the password given anew the pass is over.
    const ended = await browser.submit(page, { setup_pass: pass.digits });
    expect(ended.page).toBe('sign-in');
    const anew = await browser.password(who.loginId);
    expect((await browser.submit(anew, { setup_pass: pass.digits })).fault).toBe('setup_pass_expired');
    // A pass that is issued after it is good, though everything else is frozen (R37).
    const next = await issue(who);
    const expired = await issue(await lost());
    await letPassExpire(database.db, expired);
    const opened = await browser.submit(anew, { setup_pass: next.digits });
    const arrived = await setUpMail(browser, opened, who.address);
    expect(await claimsAt(browser, arrived)).toMatchObject({ amr: ['pwd', 'mca'] });
  });
});
