import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { disableAccount } from '../../src/accounts/status.ts';
import { accountLine, type Cluster, startCluster, testPassword } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { type Answer, type Arrival, UserAgent } from '../support/user-agent.ts';
import { addSubject, recordsOf, wrongCode } from './support.ts';

/** An answer without what is new in every answer: the token, the login's id, the request's id, the ID typed. */
function masked(answer: Answer, typed: string): { status: number; headers: object; body: string } {
  const uid = answer.url.pathname.split('/').at(-1) ?? '';
  const {
    date: _date,
    'x-request-id': _request,
    'set-cookie': _cookie,
    'retry-after': retryAfter,
    ...headers
  } = answer.headers;
  const token = answer.html.querySelector('input[name=csrf]')?.getAttribute('value') ?? 'none';
  const body = answer.body.replaceAll(uid, '<uid>').replaceAll(token, '<token>').replaceAll(typed, '<id>');
  return { status: answer.status, headers: { ...headers, waits: retryAfter !== undefined }, body };
}

describeOnEveryDatabase('what an answer tells', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  beforeAll(async () => {
    database = await open();
    // What comes from 127.0.0.2 comes from our proxy; 127.0.0.1 is anybody.
    cluster = await startCluster(database, {
      nodes: 2,
      config: { server: { trusted_proxies: ['127.0.0.2/32', '2001:db8::/32'] } },
    });
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  async function attempt(
    loginId: string,
    password: string,
    options: { language?: string; forwardedFor?: string; from?: string } = {},
  ): Promise<Arrival> {
    const browser = new UserAgent(cluster);
    const request = {
      headers: {
        'accept-language': options.language ?? 'en',
        ...(options.forwardedFor === undefined ? {} : { 'x-forwarded-for': options.forwardedFor }),
      },
      localAddress: options.from ?? '127.0.0.1',
    };
    const page = await browser.start();
    return browser.submit(page, { login_id: loginId, password }, request);
  }

  test('A33, C12, R3: unknown, wrong, disabled, without password or factor: byte for byte the same answer', async () => {
    const lines = ['mail0001', 'off00001', 'new00001'].map((loginId) =>
      accountLine({ loginId, ...(loginId === 'mail0001' ? { mail: 'mail0001@mail.example' } : {}) }),
    );
    await cluster.addAccounts([
      ...lines,
      accountLine({ loginId: 'app00001', app: true, kind: 'ecs' }),
      'none0001,sps,Nobody,無名,en,,,',
    ]);
    const { id } = await database.db
      .selectFrom('accounts')
      .select('id')
      .where('login_id', '=', 'off00001')
      .executeTakeFirstOrThrow();
    await disableAccount(database.db, id, 'test');
    await cluster.mailsSettled();
    const mailed = cluster.smtp.recipients.length;

    for (const [language, from] of [
      ['en', '127.0.1.1'],
      ['ja', '127.0.1.2'],
    ] as const) {
      const reference = masked(await attempt('who00001', 'wrong', { language, from }), 'who00001');
      expect(reference).toMatchObject({ status: 422, body: expect.stringContaining('wrong_credentials') });
      expect(reference.body).toContain(`lang="${language}"`);
      for (const [loginId, password] of [
        ['mail0001', 'wrong'],
        ['app00001', 'wrong'],
        ['new00001', 'wrong'],
        ['off00001', 'wrong'],
        ['off00001', testPassword],
        ['none0001', testPassword],
        ['who00002', testPassword],
        ['a@b!c d#', 'wrong'],
        ['mail0001', testPassword.toUpperCase()],
        ['mail0001', `${testPassword} `],
      ] as const) {
        const answer = masked(await attempt(loginId, password, { language, from }), loginId);
        expect([loginId, answer]).toEqual([loginId, reference]);
      }
    }
    expect(cluster.smtp.recipients).toHaveLength(mailed);
  });

  test('A33: being asked to wait looks the same for an ID that exists and one that does not', async () => {
    const subject = await addSubject(cluster, { mail: true });
    const nobody = subject.loginId.replace('subject', 'nosuchx');
    const last: Answer[] = [];
    for (const loginId of [subject.loginId, nobody]) {
      let answer = await attempt(loginId, 'wrong', { from: '127.0.2.1' });
      for (let tries = 1; tries < 11; tries += 1)
        answer = await attempt(loginId, tries === 10 ? testPassword : 'wrong', { from: '127.0.2.1' });
      expect([answer.status, answer.fault]).toEqual([429, 'too_many_password_attempts']);
      last.push(answer);
    }
    const [known, unknown] = last as [Answer, Answer];
    expect(masked(known, subject.loginId)).toEqual(masked(unknown, nobody));
    const seconds = last.map(({ headers }) => Number(headers['retry-after']));
    expect(Math.abs((seconds[0] ?? 0) - (seconds[1] ?? 0))).toBeLessThan(30);
    // The owner, elsewhere, does not notice (I2).
    const owner = await attempt(subject.loginId, testPassword, { from: '127.0.2.2' });
    expect(owner.page).toBe('mail-code');
  });

  test('A32, C26: what a stranger writes into X-Forwarded-For moves neither the limit nor the audit', async () => {
    const subject = await addSubject(cluster, { mail: true });
    const faults: (string | undefined)[] = [];
    for (let tries = 0; tries < 30; tries += 1) {
      const forwardedFor = tries % 3 === 0 ? `192.0.2.${tries}, 127.0.0.2` : `192.0.2.${tries}`;
      faults.push((await attempt(subject.loginId, 'wrong', { forwardedFor, from: '127.0.3.1' })).fault);
    }
    expect(faults.filter((fault) => fault === 'wrong_credentials')).toHaveLength(10);
    expect(faults.slice(10)).toEqual(Array.from({ length: 20 }, () => 'too_many_password_attempts'));
    // Nobody whose address was written there is kept out.
    const bystander = await attempt(subject.loginId, testPassword, {
      forwardedFor: '192.0.2.5',
      from: '127.0.0.2',
    });
    expect(bystander.page).toBe('mail-code');
    expect(await addressesOf(subject.accountId)).toEqual(['127.0.3.1', '192.0.2.5']);
  });

  test('A32, C26: from our proxy the last address counts that is no proxy of ours', async () => {
    const subject = await addSubject(cluster, { mail: true });
    for (const [forwardedFor, expected] of [
      ['192.0.2.10', '192.0.2.10'],
      ['1.1.1.1, 192.0.2.11', '192.0.2.11'],
      ['1.1.1.1,127.0.0.1, 192.0.2.12 , 127.0.0.2', '192.0.2.12'],
      ['192.0.2.13:4711', '192.0.2.13'],
      ['[2001:db9::1]:4711, 127.0.0.2', '2001:db9::1'],
      ['::ffff:192.0.2.14', '192.0.2.14'],
      ['1.1.1.1, 192.0.2.15, 2001:db8::5', '192.0.2.15'],
      ['1.1.1.1, nonsense', '127.0.0.2'],
      ['', '127.0.0.2'],
    ] as const) {
      await attempt(subject.loginId, 'wrong', { forwardedFor, from: '127.0.0.2' });
      const seen = await addressesOf(subject.accountId);
      expect([forwardedFor, seen.includes(expected)]).toEqual([forwardedFor, true]);
      expect(seen).not.toContain('1.1.1.1');
    }
  });

  test('A32: wrong codes count for the account, from wherever they come', async () => {
    const subject = await addSubject(cluster, { app: true });
    const browser = new UserAgent(cluster);
    let page = await browser.password(subject.loginId);
    const faults: (string | undefined)[] = [];
    for (let tries = 0; tries < 12 && page.page === 'app-code'; tries += 1) {
      const answer = await browser.submit(
        page,
        { code: wrongCode('000000', tries) },
        { headers: { 'x-forwarded-for': `192.0.2.${tries}` }, localAddress: '127.0.0.2', node: tries % 2 },
      );
      faults.push(answer.fault);
      page = answer;
    }
    expect(faults).toEqual([...Array.from({ length: 10 }, () => 'code_wrong'), 'factor_paused']);
    const { events } = await recordsOf(cluster, subject);
    expect(events.filter(({ event }) => event === 'app-code.refused')).toHaveLength(10);
  });

  async function addressesOf(accountId: string): Promise<string[]> {
    const rows = await database.db
      .selectFrom('audit_events')
      .select('address')
      .distinct()
      .where('account_id', '=', accountId)
      .where('address', 'is not', null)
      .execute();
    return rows.map(({ address }) => address ?? '').toSorted();
  }
});
