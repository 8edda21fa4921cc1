import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { appCode, type Cluster, startCluster, testPassword } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { collectingLogger } from '../support/logger.ts';
import { type Answer, UserAgent } from '../support/user-agent.ts';
import {
  addSubject,
  ageMails,
  atFactor,
  codeIn,
  gained,
  nothing,
  recordsOf,
  resumePath,
  testLog,
  wrongCode,
} from './support.ts';

/** All sequences of up to `length` of these, in which none comes twice. */
function permutations<Item>(items: readonly Item[], length: number): Item[][] {
  if (length === 0) return [[]];
  const longer = items.flatMap((item) =>
    permutations(
      items.filter((other) => other !== item),
      length - 1,
    ).map((rest) => [item, ...rest]),
  );
  return [[], ...longer];
}

describeOnEveryDatabase('skipping a step of the login', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  const log = collectingLogger();
  beforeAll(async () => {
    database = await open();
    cluster = await startCluster(database, { nodes: 2, logger: log.logger });
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  test('A01 R1: going on after the password alone leads back to the factor, and the login can still be finished', async () => {
    const subject = await addSubject(cluster, { mail: true });
    const earlier = await atFactor(cluster, subject);
    await earlier.browser.submit(earlier.page, { code: await cluster.mailedCode(subject.address) });
    const before = await recordsOf(cluster, subject);

    const { browser, page } = await atFactor(cluster, subject);
    const resume = resumePath(page);
    for (let round = 0; round < 20; round += 1) {
      const answer = await browser.request(resume, { node: round % 2 });
      expect([303, 400]).toContain(answer.status);
      expect(codeIn(answer)).toBeUndefined();
    }
    expect((await browser.open(page.url.pathname)).page).toBe('mail-code');
    expect((await browser.open(resume)).page).toBe('mail-code');

    // The browser of the finished login has no part in this one; what it had itself is over.
    for (const path of [resume, resumePath(earlier.page)]) {
      const answer = await earlier.browser.open(path);
      expect(answer.callback).toBeUndefined();
      expect([answer.status, answer.page]).toEqual([400, 'error']);
    }
    // … not even with this login's own cookie: it leads to the pages, whose cookie it does not have.
    const cookies = await browser.jar.getCookies(new URL(resume, cluster.issuer).href);
    for (const cookie of cookies.filter(({ key }) => key.startsWith('nijo-resume'))) {
      await earlier.browser.jar.setCookie(cookie, new URL(resume, cluster.issuer).href);
    }
    const borrowed = await earlier.browser.open(resume);
    expect([codeIn(borrowed), borrowed.page]).toEqual([undefined, 'error']);

    expect(gained(before, await recordsOf(cluster, subject))).toEqual(nothing);
    const { callback } = await browser.submit(page, { code: await cluster.mailedCode(subject.address) });
    const { status, claims } = await browser.redeem(callback as URL);
    expect([status, claims.acr]).toEqual([200, 'urn:nijo:acr:mail-otp']);
  });

  test('A02 R1: no address beside the present step goes any further', async () => {
    const subject = await addSubject(cluster, { mail: true });
    const before = await recordsOf(cluster, subject);
    const { browser, page } = await atFactor(cluster, subject);
    const { pathname } = page.url;
    for (const path of ['/confirm', '/consent', '/login', '/continue', '/finish', '/abort']) {
      const answer = await browser.request(`${pathname}${path}`, { form: browser.fields(page) });
      expect([answer.status, codeIn(answer)]).toEqual([404, undefined]);
    }
    const otherPages = [
      'sign-in',
      'app-code',
      'consent',
      'finish',
      'step-up',
      'set-up-mail',
      'set-up-app-only',
    ];
    for (const name of otherPages) {
      const fields = { page: name, prompt: 'consent', login_id: subject.loginId, password: testPassword };
      const answer = await browser.post(page, fields);
      expect([answer.status, answer.page]).toEqual([409, 'mail-code']);
    }
    for (const path of ['/account', '/portal', '/set-up', '/reset', '/desk', '/operator']) {
      const answer = await browser.request(path, { form: browser.fields(page) });
      // Pages of ours that are there take no form at this address, or ask who it is first.
      const answers: Record<string, number> = { '/account': 405, '/operator': 405, '/desk': 303 };
      expect([path, answer.status, codeIn(answer)]).toEqual([path, answers[path] ?? 404, undefined]);
      if (answer.status === 303)
        expect(answer.headers.location).toMatch(/^\/authorize\?client_id=nijo-staff&/);
    }
    expect((await browser.open(pathname)).page).toBe('mail-code');
    expect(gained(before, await recordsOf(cluster, subject))).toEqual(nothing);
  });

  test('A03 R33: no order of switching, resending, cancelling and starting again skips the factor', async () => {
    const subject = await addSubject(cluster, { mail: true, app: true });
    const before = await recordsOf(cluster, subject);
    const actions = ['use-mail', 'use-app', 'resend', 'cancel', 'start-again'];
    const walks = permutations(actions, database.kind === 'postgres' ? 4 : 2);
    for (const walk of walks) {
      // Without the password as well, where the way is short.
      for (const signedIn of walk.length < 3 ? [true, false] : [true]) {
        const browser = new UserAgent(cluster);
        let page: Answer = signedIn ? await browser.password(subject.loginId) : await browser.start();
        for (const action of [...walk, 'open']) {
          const answer =
            action === 'start-again'
              ? await browser.start()
              : await (action === 'open'
                  ? browser.open(page.url.pathname)
                  : browser.submit(page, { action }));
          if (answer.page !== '' && answer.page !== 'error') page = answer;
          for (const seen of [answer, await browser.request(resumePath(page))]) {
            const brief = `${walk.join(' ')}: ${seen.status} ${codeIn(seen) === undefined ? '' : 'with a code'}`;
            expect([brief, codeIn(seen) === undefined && seen.status < 500]).toEqual([brief, true]);
          }
        }
      }
    }
    expect(gained(before, await recordsOf(cluster, subject))).toEqual(nothing);
  }, 120_000);

  test('A03: a code mailed before a switch no longer works after it', async () => {
    const subject = await addSubject(cluster, { mail: true, app: true });
    const { browser, page } = await atFactor(cluster, subject);
    const byMail = await browser.submit(page, { action: 'use-mail' });
    const first = await cluster.mailedCode(subject.address);
    const byApp = await browser.submit(byMail, { action: 'use-app' });
    expect(byApp.page).toBe('app-code');
    expect((await browser.submit(byApp, { code: first })).callback).toBeUndefined();
    expect((await browser.submit(byMail, { code: first })).callback).toBeUndefined();
    await cluster.mailsSettled();
    const mails = cluster.smtp.mails.length;
    await ageMails(cluster, subject, 31);
    const again = await browser.submit(byApp, { action: 'use-mail' });
    const second = await cluster.mailedCode(subject.address, mails);
    expect(second).not.toBe(first);
    const refused = await browser.submit(again, { code: first });
    expect([refused.status, refused.page, refused.fault]).toEqual([422, 'mail-code', 'code_wrong']);
    expect((await browser.submit(refused, { code: second })).callback?.searchParams.has('code')).toBe(true);
  });

  test('A03, A12, C11: turning away and back makes no new code inside the cooldown, and gives no try back', async () => {
    const subject = await addSubject(cluster, { mail: true, app: true });
    const { browser, page } = await atFactor(cluster, subject);
    let present = await browser.submit(page, { action: 'use-mail' });
    const code = await cluster.mailedCode(subject.address);
    await cluster.mailsSettled();
    const mails = cluster.smtp.mails.length;
    for (let turn = 0; turn < 5; turn += 1) {
      expect((await browser.submit(present, { code: wrongCode(code) })).status).toBe(422);
      const byApp = await browser.submit(present, { action: 'use-app' });
      expect(byApp.page).toBe('app-code');
      present = await browser.submit(byApp, { action: 'use-mail' });
      expect([present.status, present.page]).toEqual([200, 'mail-code']);
    }
    // Five tries are five, however often the way was changed between them.
    const exhausted = await browser.submit(present, { code });
    expect([exhausted.status, exhausted.fault]).toEqual([422, 'code_attempts_exhausted']);
    expect(cluster.smtp.mails.length).toBe(mails);
  });

  test('A05 R12: whoever has nothing set up meets the set-up, whichever way they come', async () => {
    const subject = await addSubject(cluster);
    const before = await recordsOf(cluster, subject);
    const { browser, page } = await atFactor(cluster, subject);
    expect(page.page).toBe('set-up-mail');
    expect((await browser.open(resumePath(page))).page).toBe('set-up-mail');
    expect((await browser.open(page.url.pathname)).page).toBe('set-up-mail');
    for (const action of ['skip', 'later', 'resend', 'use-mail', 'use-app', 'continue']) {
      const answer = await browser.submit(page, { action });
      expect([answer.status, answer.page]).toEqual([400, 'set-up-mail']);
    }
    // A new tab, another service, no questions: none of them finds anybody signed in.
    for (const client of ['important', 'optional', 'ordinary']) {
      expect((await browser.start(client)).page).toBe('sign-in');
      const silent = await browser.start(client, { prompt: 'none' });
      expect(silent.callback?.searchParams.get('error')).toBe('login_required');
    }
    expect((await new UserAgent(cluster, { node: 1 }).password(subject.loginId)).page).toBe('set-up-mail');

    // Cookies that are changed by one byte, or copied from somebody who is signed in elsewhere, open nothing.
    const other = new UserAgent(cluster);
    await other.submit(await other.password('app3'), { code: appCode() });
    const stolen = await other.jar.getCookies(cluster.issuer);
    const own = await browser.jar.getCookies(page.url.href);
    for (const cookie of own) {
      const flipped = `${cookie.value.startsWith('a') ? 'b' : 'a'}${cookie.value.slice(1)}`;
      const copies = stolen.filter(({ key }) => key === cookie.key).map(({ value }) => value);
      for (const value of [flipped, ...(cookie.key === 'nijo-session' ? [] : copies)]) {
        const forger = new UserAgent(cluster, { jar: await browser.jar.clone() });
        await forger.jar.setCookie(`${cookie.key}=${value}; path=${cookie.path ?? '/'}`, page.url.href);
        for (const answer of [await forger.open(page.url.pathname), await forger.open(resumePath(page))]) {
          expect(codeIn(answer)).toBeUndefined();
          expect(['set-up-mail', 'error']).toContain(answer.page);
        }
      }
    }
    expect(gained(before, await recordsOf(cluster, subject))).toEqual(nothing);
  });

  test('A07 R1: nothing that the browser says of itself skips the factor', async () => {
    const subject = await addSubject(cluster, { mail: true });
    const before = await recordsOf(cluster, subject);
    const flags = {
      skip_mfa: '1',
      mfa: 'false',
      amr: 'mfa',
      method: 'none',
      remember_device: 'true',
      trust_browser: 'yes',
      factor: 'mail',
      second_factor: 'off',
      step_up: 'true',
      way: 'none',
      accountId: subject.accountId,
    };
    const headers = {
      'x-skip-otp': '1',
      'x-forwarded-for': '10.0.0.1',
      'x-real-ip': '10.0.0.1',
      'x-original-url': '/',
      forwarded: 'for=127.0.0.1',
      'x-http-method-override': 'GET',
      'x-remote-user': subject.loginId,
    };
    const browser = new UserAgent(cluster);
    const acr = 'urn:nijo:acr:password';
    const first = await browser.request(browser.authorizeUrl('important', { ...flags, acr_values: acr }), {
      headers,
    });
    const signIn = await browser.follow(first);
    const credentials = { login_id: subject.loginId, password: testPassword };
    const page = await browser.submit(signIn, { ...credentials, ...flags, acr }, { headers });
    expect(page.page).toBe('mail-code');
    const onward = await browser.submit(page, { ...flags, acr, code: '' }, { headers });
    expect([onward.status, onward.page]).toEqual([400, 'mail-code']);
    expect((await browser.follow(await browser.request(resumePath(page), { headers }))).page).toBe(
      'mail-code',
    );
    expect(gained(before, await recordsOf(cluster, subject))).toEqual(nothing);
  });

  test('A08 R3: without the password no factor is asked for, taken or mailed', async () => {
    const byMail = await addSubject(cluster, { mail: true });
    const byApp = await addSubject(cluster, { app: true });
    const elsewhere = await atFactor(cluster, byMail);
    const code = await cluster.mailedCode(byMail.address);
    const before = [await recordsOf(cluster, byMail), await recordsOf(cluster, byApp)];
    await cluster.mailsSettled();
    const mails = cluster.smtp.mails.length;

    const browser = new UserAgent(cluster);
    const page = await browser.start('important', { login_hint: byMail.loginId });
    const tries: Record<string, string>[] = [
      ...['resend', 'use-mail', 'lost-app'].map((action) => ({ action, login_id: byMail.loginId })),
      { login_id: byMail.loginId, code },
      { login_id: byApp.loginId, code: appCode() },
      { login_id: byMail.loginId, email: byMail.address },
    ];
    for (const fields of tries) {
      for (const name of ['sign-in', 'mail-code', 'app-code', 'set-up-mail', 'set-up-mail-code']) {
        const answer = await browser.submit(page, { page: name, ...fields });
        expect([400, 409]).toContain(answer.status);
        expect(answer.page).toBe('sign-in');
        expect(answer.body).not.toContain('mail.example');
      }
    }
    expect(codeIn(await browser.open(resumePath(page)))).toBeUndefined();
    expect(cluster.smtp.mails.length).toBe(mails);
    const after = [await recordsOf(cluster, byMail), await recordsOf(cluster, byApp)];
    expect(after).toEqual(before);
    const { callback } = await elsewhere.browser.submit(elsewhere.page, { code });
    expect(callback?.searchParams.has('code')).toBe(true);
  });

  testLog(() => log);
});
