import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { appCode, type Cluster, startCluster, testClients, testPassword } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { collectingLogger } from '../support/logger.ts';
import { type Answer, UserAgent } from '../support/user-agent.ts';
import {
  addSubject,
  atFactor,
  codeIn,
  countOf,
  gained,
  nothing,
  recordsOf,
  resumePath,
  testLog,
} from './support.ts';

describeOnEveryDatabase('mistaking one login for another', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  const log = collectingLogger();
  beforeAll(async () => {
    database = await open();
    const careful = {
      ...testClients[0],
      client_id: 'careful',
      client_secret: 'careful-secret-with-enough-characters-0123456789',
      consent: 'explicit',
    };
    cluster = await startCluster(database, {
      nodes: 2,
      logger: log.logger,
      clients: [...testClients, careful],
    });
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  /** Presses the button of a form that a page of the protocol shows. */
  async function press(
    browser: UserAgent,
    page: Answer,
    fields: Record<string, string> = {},
  ): Promise<Answer> {
    const form = page.html.querySelector('form');
    const hidden = (form?.querySelectorAll('input') ?? []).map(
      (input) => [input.getAttribute('name') ?? '', input.getAttribute('value') ?? ''] as const,
    );
    const action = new URL(form?.getAttribute('action') ?? '', page.url);
    const form_ = { ...Object.fromEntries(hidden), ...fields };
    return browser.follow(await browser.request(action.pathname, { form: form_ }));
  }

  test('I1, A27: a step-up that one account has begun is of no use when the browser has become another', async () => {
    const [first, second] = [
      await addSubject(cluster, { app: true }),
      await addSubject(cluster, { app: true }),
    ];
    for (const how of ['signed out', 'another account', 'signed out and in as another']) {
      const browser = new UserAgent(cluster);
      expect(codeIn(await browser.password(first.loginId, 'ordinary'))).toBeDefined();
      const stepUp = await browser.start('important');
      expect([stepUp.page, stepUp.body.includes(first.loginId)]).toEqual(['app-code', true]);
      const before = [await recordsOf(cluster, first), await recordsOf(cluster, second)] as const;
      if (how !== 'another account') {
        const question = await browser.open('/logout');
        expect((await press(browser, question, { logout: 'yes' })).status).toBeLessThan(400);
      }
      if (how !== 'signed out') {
        const page = await browser.start('ordinary', { prompt: 'login' });
        const answer = await browser.submit(page, { login_id: second.loginId, password: testPassword });
        // Over a session of somebody else the provider first ends that one.
        const arrived = codeIn(answer) === undefined ? await press(browser, answer) : answer;
        expect(codeIn(arrived)).toBeDefined();
      }
      const answer = await browser.submit(stepUp, { code: appCode() });
      expect([codeIn(answer), answer.page, answer.status]).toEqual([undefined, 'error', 400]);
      expect(codeIn(await browser.open(resumePath(stepUp)))).toBeUndefined();
      const after = [await recordsOf(cluster, first), await recordsOf(cluster, second)] as const;
      expect(after[0].sessions).toBe(before[0].sessions - 1);
      expect(after[0].codes).toBeLessThanOrEqual(before[0].codes);
      // The other one is who they are, and no more than the password has made them.
      const silent = await browser.start('important', { prompt: 'none' });
      const error = how === 'signed out' ? 'login_required' : 'interaction_required';
      expect(silent.callback?.searchParams.get('error')).toBe(error);
      expect(countOf(after[1], 'app-code.verified')).toBe(0);
      await cluster.nodes[0]!.db.updateTable('app_factors').set({ last_step: 0 }).execute();
    }
  });

  test('R45: the language toggle only changes the language, whatever else the form holds', async () => {
    const subject = await addSubject(cluster, { mail: true, app: true });
    const before = await recordsOf(cluster, subject);
    const browser = new UserAgent(cluster);
    const signIn = await browser.start();
    const credentials = { login_id: subject.loginId, password: testPassword };
    const toggled = await browser.submit(signIn, { lang: 'ja', ...credentials });
    expect([toggled.page, toggled.html.querySelector('html')?.getAttribute('lang')]).toEqual([
      'sign-in',
      'ja',
    ]);
    const page = await browser.submit(toggled, credentials);
    await cluster.mailsSettled();
    const mails = cluster.smtp.mails.length;
    const fields = [{ code: appCode() }, { action: 'use-mail' }, { action: 'cancel' }, { action: 'resend' }];
    for (const [index, more] of fields.entries()) {
      const answer = await browser.submit(page, { lang: index % 2 === 0 ? 'en' : 'ja', ...more });
      expect([answer.status, answer.page]).toEqual([200, 'app-code']);
    }
    for (const lang of ['', 'fr', '../en', 'x'.repeat(5000)]) {
      expect((await browser.submit(page, { lang, code: appCode() })).page).toBe('app-code');
    }
    expect(cluster.smtp.mails.length).toBe(mails);
    const after = await recordsOf(cluster, subject);
    expect([gained(before, after), countOf(after, 'app-code.verified')]).toEqual([nothing, 0]);
    expect(codeIn(await browser.submit(page, { code: appCode() }))).toBeDefined();
  });

  test('C45: a form that does not say which page it is from is applied to none', async () => {
    const subject = await addSubject(cluster, { app: true });
    const { browser, page } = await atFactor(cluster, subject);
    const { csrf } = browser.fields(page);
    for (const fields of [
      {},
      { page: '' },
      { page: 'app-code ' },
      { page: 'APP-CODE' },
      { page: 'toString' },
    ]) {
      const answer = await browser.request(page.url.pathname, {
        form: { csrf: String(csrf), action: 'continue', code: appCode(), ...fields },
      });
      expect([400, 409]).toContain(answer.status);
    }
    expect(countOf(await recordsOf(cluster, subject), 'app-code.verified')).toBe(0);
    expect(codeIn(await browser.submit(page, { code: appCode() }))).toBeDefined();
  });

  test('C45: other methods do nothing, and a login’s address may hold anything', async () => {
    const subject = await addSubject(cluster, { mail: true });
    const { browser, page } = await atFactor(cluster, subject);
    const code = await cluster.mailedCode(subject.address);
    await cluster.mailsSettled();
    const mails = cluster.smtp.mails.length;
    const form = new URLSearchParams(browser.fields(page, { code })).toString();
    const { pathname } = page.url;
    for (const method of ['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND']) {
      const answer = await browser.request(pathname, { method, form });
      const expected = method === 'OPTIONS' ? [200, 204] : [404, 405];
      expect([method, expected.includes(answer.status)]).toEqual([method, true]);
    }
    const head = await browser.request(pathname, { method: 'HEAD' });
    expect([head.status, head.body]).toEqual([200, '']);
    const inQuery = await browser.open(`${pathname}?${form}`);
    expect([inQuery.status, inQuery.page]).toEqual([200, 'mail-code']);
    const odd = ['%00', '%', '%FF', "'", '%0d%0aset-cookie:x', 'a'.repeat(8000), '__proto__', '%F0%9F%98%80'];
    for (const uid of odd) {
      for (const options of [{}, { form: browser.fields(page, { code }) }]) {
        const answer = await browser.request(`/interaction/${uid}`, options);
        expect([uid, answer.status >= 400 && answer.status < 500, answer.page]).toEqual([uid, true, 'error']);
        expect(codeIn(await browser.open(`/authorize/${uid}`))).toBeUndefined();
      }
    }
    const records = await recordsOf(cluster, subject);
    expect([countOf(records, 'mail-code.verified'), records.sessions]).toEqual([0, 0]);
    expect(cluster.smtp.mails.length).toBe(mails);
    expect(codeIn(await browser.submit(page, { code }))).toBeDefined();
  });

  test('C45: very long fields end in a page, at once', async () => {
    const long = (length: number): string => 'ｱ'.repeat(length);
    const known = await addSubject(cluster, { app: true });
    const unknown = await addSubject(cluster);
    const browser = new UserAgent(cluster);
    const signIn = await browser.start();
    const here = async (page: Answer, fields: Record<string, string>): Promise<number> => {
      const answer = await browser.submit(page, fields);
      expect(['error', page.page]).toContain(answer.page);
      expect(codeIn(answer)).toBeUndefined();
      return answer.status;
    };
    for (const name of ['login_id', 'password', 'csrf', 'page', 'action', 'anything']) {
      const fields = { login_id: known.loginId, password: 'wrong', [name]: long(1500) };
      expect([400, 403, 409, 422]).toContain(await here(signIn, fields));
      expect(await here(signIn, { ...fields, [name]: long(6000) })).toBe(413);
    }
    const many = Object.fromEntries(Array.from({ length: 1500 }, (_, index) => [`f${index}`, '']));
    expect([400, 413]).toContain(await here(signIn, many));

    const codePage = await browser.submit(signIn, { login_id: known.loginId, password: testPassword });
    expect(await here(codePage, { code: long(1500) })).toBe(400);
    const other = new UserAgent(cluster);
    const address = await other.password(unknown.loginId);
    expect((await other.submit(address, { email: `${long(1500)}@mail.example` })).status).toBe(422);
    const acknowledge = await other.submit(address, { action: 'no-mail' });
    expect((await other.submit(acknowledge, { acknowledge: long(1500) })).status).toBe(400);
    const app = await other.submit(acknowledge, { acknowledge: 'yes' });
    expect(app.page).toBe('set-up-app');
    expect((await other.submit(app, { device_name: long(1500), code: '123456' })).fault).toBe(
      'device_name_too_long',
    );
    expect((await recordsOf(cluster, unknown)).factors).toBe(0);
  });

  test('R1: an explicit consent comes after the factor, and cannot be skipped or given before', async () => {
    const subject = await addSubject(cluster, { app: true });
    const before = await recordsOf(cluster, subject);
    const { browser, page } = await atFactor(cluster, subject, { client: 'careful' });
    expect((await browser.submit(page, { page: 'consent' })).status).toBe(409);
    const consent = await browser.submit(page, { code: appCode() });
    expect(consent.page).toBe('consent');
    for (const answer of [
      await browser.open(resumePath(consent)),
      await browser.open(consent.url.pathname),
      await browser.submit(consent, { action: 'skip' }),
      await browser.submit(consent, { lang: 'en' }),
    ]) {
      expect([codeIn(answer), answer.page]).toEqual([undefined, 'consent']);
    }
    expect((await recordsOf(cluster, subject)).codes).toBe(before.codes);
    expect(codeIn(await browser.submit(consent))).toBeDefined();
  });

  test('R33: a cancelled login is over for the service, and its pages let nobody in', async () => {
    const subject = await addSubject(cluster, { app: true });
    const { browser, page } = await atFactor(cluster, subject);
    const cancelled = await browser.submit(page, { action: 'cancel' });
    expect(cancelled.callback?.searchParams.get('error')).toBe('access_denied');
    for (const answer of [
      await browser.submit(page, { code: appCode() }),
      await browser.open(page.url.pathname),
      await browser.open(resumePath(page)),
    ]) {
      expect([answer.status, answer.page, codeIn(answer)]).toEqual([400, 'error', undefined]);
    }
    const records = await recordsOf(cluster, subject);
    expect([records.sessions, countOf(records, 'app-code.verified')]).toEqual([0, 0]);
  });

  testLog(() => log);
});
