import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Cluster, startCluster, testPassword } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { collectingLogger } from '../support/logger.ts';
import { type Answer, type RequestOptions, UserAgent } from '../support/user-agent.ts';
import { addSubject, codeIn, countOf, gained, nothing, recordsOf, resumePath, testLog } from './support.ts';

/** A browser that keeps every byte it was answered. */
class Recorder extends UserAgent {
  readonly heard: string[] = [];

  override async request(path: string, options?: RequestOptions): Promise<Answer> {
    const answer = await super.request(path, options);
    this.heard.push(JSON.stringify(answer.headers), answer.body);
    return answer;
  }
}

describeOnEveryDatabase('what a form may hold', (open) => {
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

  test('A04 R3: an empty, missing or misshapen field is never a proof, and gives no try back', async () => {
    const subject = await addSubject(cluster, { mail: true });
    const before = await recordsOf(cluster, subject);
    const browser = new UserAgent(cluster);
    const signIn = await browser.start();
    const misshapen = async (page: Answer, bodies: readonly string[]): Promise<void> => {
      const token = String(browser.fields(page).csrf);
      const send = (form: string, contentType?: string): Promise<Answer> =>
        browser.request(page.url.pathname, {
          method: 'POST',
          form,
          ...(contentType === undefined ? {} : { headers: { 'content-type': contentType } }),
        });
      const frame = `csrf=${token}&page=${page.page}&action=continue`;
      for (const body of bodies) {
        const answer = await send(`${frame}&${body}`);
        expect([body, answer.page === page.page || answer.page === 'error']).toEqual([body, true]);
        expect([400, 422]).toContain(answer.status);
        expect([400, 403]).toContain((await send(body)).status);
      }
      expect((await send('')).status).toBe(403);
      for (const type of ['application/json', 'text/plain', 'multipart/form-data; boundary=x', 'text/html']) {
        for (const body of ['{}', '{"code":null}', '{"code":true}', '{"code":[]}', frame]) {
          expect((await send(body, type)).status).toBe(415);
        }
      }
      expect(codeIn(await browser.open(resumePath(page)))).toBeUndefined();
    };
    const id = `login_id=${subject.loginId}`;
    await misshapen(signIn, [
      '',
      id,
      `${id}&password=`,
      `${id}&password[]=${testPassword}`,
      `${id}&password=%20`,
      `${id}&password=%00`,
      `${id}&password=null`,
      `login_id=&password=${testPassword}`,
      `login_id[]=${subject.loginId}&password=${testPassword}`,
      `login_id=%20&password=${testPassword}`,
      `${id}&${id}&password=${testPassword}`,
    ]);
    const page = await browser.submit(signIn, { login_id: subject.loginId, password: testPassword });
    const bodies = [
      'code=',
      'code=%20',
      'code[]=',
      'code[]=1',
      'code=null',
      'code=0',
      'code=true',
      'code=%00',
    ];
    const wrong = await browser.post(page, { code: '00000000' });
    expect([wrong.status, wrong.fault]).toEqual([422, 'code_wrong']);
    await misshapen(page, ['', ...bodies, 'code[a]=1', 'Code=12345678', '__proto__[code]=12345678']);
    const { attempts } = await cluster.nodes[0]!.db.selectFrom('challenges')
      .select('attempts')
      .where('account_id', '=', subject.accountId)
      .executeTakeFirstOrThrow();
    expect(attempts).toBe(1);
    const after = await recordsOf(cluster, subject);
    expect(countOf(after, 'mail-code.refused')).toBe(1);
    expect(gained(before, after)).toEqual(nothing);
    const code = await cluster.mailedCode(subject.address);
    expect((await browser.submit(page, { code })).callback?.searchParams.has('code')).toBe(true);
  });

  test('A06 R6: the code never reaches the browser except by mail', async () => {
    for (let login = 0; login < (database.kind === 'postgres' ? 50 : 10); login += 1) {
      const setUp = login % 5 === 0;
      const subject = await addSubject(cluster, setUp ? {} : { mail: true });
      const browser = new Recorder(cluster, { node: login % 2 });
      let page: Answer = await browser.password(subject.loginId);
      if (setUp) page = await browser.submit(page, { email: subject.address });
      const code = await cluster.mailedCode(subject.address);
      await browser.submit(page, { action: 'resend' });
      await browser.submit(page, { code: '00000000' });
      await browser.submit(page, { lang: 'ja' });
      const { callback } = await browser.submit(page, { code });
      expect(callback?.searchParams.has('code')).toBe(true);
      const digest = createHash('sha256').update(code);
      const { id } = await cluster.nodes[0]!.db.selectFrom('challenges')
        .select('id')
        .where('account_id', '=', subject.accountId)
        .executeTakeFirstOrThrow();
      const traces = [
        code,
        Array.from(code).toReversed().join(''),
        `${code.slice(0, 4)} ${code.slice(4)}`,
        id,
        Buffer.from(code).toString('base64').replace(/=+$/, ''),
        digest.copy().digest('hex'),
        digest.copy().digest('base64'),
        digest.copy().digest('base64url'),
      ];
      const heard = browser.heard.join('\n');
      expect(traces.filter((trace) => heard.includes(trace))).toEqual([]);
    }
  }, 120_000);

  testLog(() => log);
});
