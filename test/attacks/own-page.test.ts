import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { accountId, eventsOf, person } from '../login/visits.ts';
import { atAccount, keyOf, stateOf } from '../portal/support.ts';
import { appCode, type Cluster, startCluster, testPassword } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { collectingLogger } from '../support/logger.ts';
import { UserAgent } from '../support/user-agent.ts';
import {
  addSubject,
  atFactor,
  burstForms,
  codeIn,
  gained,
  nothing,
  recordsOf,
  resumePath,
  testLog,
} from './support.ts';

describeOnEveryDatabase('the own page and the ways to it, attacked', (open) => {
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

  test('A38: links of another site and prefetching neither end what is begun nor fill a table', async () => {
    const who = await person(cluster, { mail: true });
    const { browser } = await atAccount(cluster, who, { way: 'mail' });
    const begun = await browser.open('/account/app');
    const id = await accountId(database.db, who);
    const before = await stateOf(database.db, id);
    for (const path of ['/account/app', '/account/new-phone']) {
      for (const headers of [
        { 'sec-fetch-site': 'cross-site', referer: 'https://evil.example/' },
        { 'sec-purpose': 'prefetch;prerender' },
      ] as Record<string, string>[]) {
        const opened = await Promise.all(
          [0, 1, 0, 1].map((node) => browser.request(path, { headers, node })),
        );
        for (const { status } of opened) expect(status).toBe(303);
        await browser.request(path, { method: 'HEAD', headers });
      }
    }
    expect(await stateOf(database.db, id)).toEqual(before);
    const done = await browser.submit(begun, { code: appCode(0, keyOf(begun)), device_name: 'Phone' });
    expect([done.page, done.fault]).toEqual(['account', undefined]);
    // Another browser of the account has a key of its own, and a finished one is never shown again.
    const anew = await browser.open('/account/app');
    expect([anew.page, keyOf(anew) === keyOf(begun)]).toEqual(['set-up-app', false]);
  });

  test('D8: of two clicks on two nodes one makes a sheet, so that no void one is printed', async () => {
    const who = await person(cluster, { mail: true, app: true });
    const { browser } = await atAccount(cluster, who);
    for (const round of [1, 2]) {
      const page = await browser.open('/account/recovery-codes');
      const answers = await Promise.all([0, 1, 0].map((node) => browser.post(page, {}, { node })));
      const shown = answers.flatMap(({ html }) =>
        html.querySelectorAll('[data-sheet]').map((sheet) => sheet.getAttribute('data-sheet')),
      );
      const sheets = await database.db
        .selectFrom('recovery_sheets')
        .select('number')
        .where('account_id', '=', await accountId(database.db, who))
        .where('ended_at', 'is', null)
        .execute();
      expect([round, shown]).toEqual([round, sheets.map(({ number }) => number)]);
      expect(answers.map(({ fault }) => fault ?? '').toSorted()).toEqual([
        '',
        'change_expired',
        'change_expired',
      ]);
    }
  });

  test('C45: whatever an id or a name holds, the answer is no fault of the server', async () => {
    const who = await person(cluster, { mail: true, app: true });
    const { browser } = await atAccount(cluster, who);
    const id = await accountId(database.db, who);
    const csrf = browser.fields(await browser.open('/account/check')).csrf ?? '';
    const before = await stateOf(database.db, id);
    const odd = [
      '',
      ' ',
      "' or 1=1 --",
      '%',
      '_',
      '../../',
      '\u{1F600}',
      '\uFFFD\uFFFE',
      '0',
      '-1',
      '9'.repeat(400),
      '\r\nX: y',
    ];
    const forms: [string, string, string][] = [
      ['/account/sessions', 'end', 'id'],
      ['/account/browsers', 'end', 'id'],
      ['/account/services', 'revoke', 'id'],
      ['/account/new-phone/nothing', 'continue', 'replaces'],
      ['/account/passkey', 'continue', 'change'],
      ['/account/check', 'continue', 'code'],
      ['/account/mail', 'continue', 'email'],
      ['/account/recovery-codes', 'other', 'codes'],
    ];
    for (const [path, action, field] of forms) {
      for (const value of odd) {
        const form = {
          csrf,
          action,
          [field]: value,
          code: field === 'code' ? value : '123456',
          passkey: '{}',
        };
        const { status } = await browser.request(path, { form });
        expect([path, value, status < 500]).toEqual([path, value, true]);
      }
    }
    for (const query of [
      'before=-1',
      `before=${'9'.repeat(30)}`,
      'before[]=1',
      'before=%00',
      'lang=xx',
      'lang[]=en',
    ])
      expect((await browser.request(`/account/history?${query}`)).status).toBeLessThan(500);
    for (const path of ['/account/app/%00', '/account/mail/%ff', '/account/rename/app/..%2f', '/not-me/%00'])
      expect((await browser.request(path)).status).toBeLessThan(500);
    expect(await stateOf(database.db, id)).toEqual(before);
  });

  test('A02, A37: with the password alone, no page, button or order of them leads past the factor', async () => {
    const subject = await addSubject(cluster, { mail: true, app: true });
    const { accountId: id } = subject;
    await sql`insert into recovery_sheets (id, account_id, number) values ('s', ${id}, 'ABC-DEF')`.execute(
      database.db,
    );
    await sql`insert into recovery_codes (sheet_id, account_id, digest) values ('s', ${id}, 'd')`.execute(
      database.db,
    );
    const before = await recordsOf(cluster, subject);
    const standing = await stateOf(database.db, id);
    const { browser, page } = await atFactor(cluster, subject);
    const pages = [
      'app-code',
      'mail-code',
      'recovery-code',
      'passkey',
      'reset',
      'help-support',
      'help-case',
      'set-up-pass',
      'reset-done',
      'set-up-app',
      'set-up-mail',
      'set-up-mail-code',
      'set-up-app-only',
      'confirm-address',
      'codes-low',
      'consent',
      'finish',
    ];
    const actions = [
      'continue',
      'skip',
      'back',
      'resend',
      'lost-app',
      'help',
      'file',
      'use-set-up-pass',
      'use-recovery-code',
      'use-passkey',
      'use-app',
      'change-address',
      'no-mail',
      'use-mail',
    ];
    const rest = {
      trust_browser: 'yes',
      reason: 'other',
      email: `thief@mail.example`,
      acknowledge: 'yes',
      device_name: 'Thief',
      password: testPassword,
      login_id: subject.loginId,
      passkey: '{}',
      code: '',
    };
    const seen = new Set<string>();
    for (const turn of ['lost-app', 'use-recovery-code', 'use-mail', 'use-app']) {
      let current = await browser.open(page.url.pathname);
      current = await browser.submit(current, { action: turn });
      seen.add(current.page);
      for (const name of pages) {
        for (const action of actions.filter(
          (each) => name === current.page || each === 'continue' || each === 'skip',
        )) {
          const answer = await browser.post(
            page,
            { ...rest, page: name, action },
            { node: actions.indexOf(action) % 2 },
          );
          expect([name, action, codeIn(answer), answer.status < 500]).toEqual([
            name,
            action,
            undefined,
            true,
          ]);
          if (action !== 'continue') current = await browser.open(page.url.pathname);
          seen.add(current.page);
        }
      }
      expect(codeIn(await browser.open(resumePath(page)))).toBeUndefined();
    }
    expect([...seen].filter((name) => name !== '').toSorted()).toEqual([
      'app-code',
      'help-support',
      'mail-code',
      'recovery-code',
      'reset',
    ]);
    const answers = await burstForms(
      browser,
      page,
      ['skip', 'back', 'continue', 'lost-app', 'use-mail', 'continue'].map((action) => ({
        ...rest,
        page: 'reset',
        action,
      })),
    );
    for (const { headers } of answers) expect(headers.location ?? '').not.toContain('code=');
    expect(gained(before, await recordsOf(cluster, subject))).toEqual(nothing);
    const after = await stateOf(database.db, id);
    expect({ ...after, codes: [] }).toEqual({ ...standing, codes: [] });
    expect(await eventsOf(database.db, id)).not.toContain('factor.reset');
    // A login that has not proven anything opens nothing of the own page.
    expect((await browser.open('/account')).page).not.toBe('account');
    expect((await new UserAgent(cluster, { jar: browser.jar, node: 1 }).open('/account/app')).page).not.toBe(
      'set-up-app',
    );
  });

  testLog(() => log);
});
