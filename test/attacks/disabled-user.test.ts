import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { disableAccount } from '../../src/accounts/status.ts';
import { appCode, type Cluster, startCluster, testPassword } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { collectingLogger } from '../support/logger.ts';
import { redirectUri } from '../support/cluster.ts';
import { type Arrival, UserAgent } from '../support/user-agent.ts';
import { addSubject, codeIn, countOf, recordsOf, resumePath, type Subject, testLog } from './support.ts';

describeOnEveryDatabase('an account that is disabled', (open) => {
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

  /** Each app code works once; the tests sign in more often than its steps come. */
  const freshStep = ({ accountId }: Subject) =>
    database.db
      .updateTable('app_factors')
      .set({ last_step: 0 })
      .where('account_id', '=', accountId)
      .execute();
  async function signIn(subject: Subject, node: number): Promise<{ agent: UserAgent; arrival: Arrival }> {
    await freshStep(subject);
    const agent = new UserAgent(cluster, { node });
    const page = await agent.password(subject.loginId);
    return { agent, arrival: await agent.submit(page, { code: appCode() }) };
  }

  test('A55, C19: session, tokens, codes and logins in progress are refused at once, on both nodes', async () => {
    const subject = await addSubject(cluster, { app: true });
    const bystander = await addSubject(cluster, { app: true });
    const stages = [];
    for (const node of [0, 1]) {
      const session = await signIn(subject, node);
      const { tokens } = await session.agent.redeem(session.arrival.callback!);
      expect(tokens.refresh_token).toBeDefined();
      const unredeemed = await signIn(subject, node);
      expect(codeIn(unredeemed.arrival)).toBeDefined();
      // One at the factor, one whose pages are done but who has not gone on.
      const atFactor = new UserAgent(cluster, { node });
      const factor = await atFactor.password(subject.loginId);
      const finished = new UserAgent(cluster, { node });
      const last = await finished.password(subject.loginId);
      await freshStep(subject);
      const done = await finished.post(last, { code: appCode() });
      expect(done.headers.location).toContain(resumePath(last));
      const atPassword = new UserAgent(cluster, { node });
      const password = await atPassword.start();
      stages.push({ session, tokens, unredeemed, atFactor, factor, finished, last, atPassword, password });
    }
    const others = await signIn(bystander, 1);

    expect(await disableAccount(database.db, subject.accountId, 'test')).toBe('changed');
    // No waiting: the next request of each, at the node that made it and at the other one.
    for (const [made, stage] of stages.entries()) {
      for (const node of [1 - made, made]) {
        const { agent } = stage.session;
        agent.node = node;
        const silent = await agent.start('important', { prompt: 'none' });
        expect(silent.callback?.searchParams.get('error')).toBe('login_required');
        expect((await agent.start()).page).toBe('sign-in');
        const refresh = { grant_type: 'refresh_token', refresh_token: stage.tokens.refresh_token ?? '' };
        const refreshed = await agent.tokenRequest(refresh, 'important', node);
        expect([refreshed.status, JSON.parse(refreshed.body)]).toMatchObject([
          400,
          { error: 'invalid_grant' },
        ]);
        const bearer = { authorization: `Bearer ${stage.tokens.access_token ?? ''}` };
        expect((await agent.request('/userinfo', { headers: bearer })).status).toBe(401);

        const code = stage.unredeemed.arrival.callback!;
        const redeemed = await stage.unredeemed.agent.redeem(code, 'important', node);
        expect([redeemed.status, redeemed.tokens.error]).toEqual([400, 'invalid_grant']);

        stage.atFactor.node = node;
        await freshStep(subject);
        const proven = await stage.atFactor.submit(stage.factor, { code: appCode() });
        expect([proven.callback, ['sign-in', 'error'].includes(proven.page)]).toEqual([undefined, true]);
        stage.finished.node = node;
        expect(codeIn(await stage.finished.open(resumePath(stage.last)))).toBeUndefined();

        stage.atPassword.node = node;
        const refused = await stage.atPassword.submit(stage.password, {
          login_id: subject.loginId,
          password: testPassword,
        });
        expect([refused.page, refused.fault]).toEqual(['sign-in', 'wrong_credentials']);
      }
    }
    const records = await recordsOf(cluster, subject);
    expect([records.sessions, records.codes]).toEqual([0, 0]);
    expect(countOf(records, 'app-code.verified')).toBe(6);
    // Nobody else has noticed.
    const { status, claims } = await others.agent.redeem(others.arrival.callback!);
    expect([status, claims.sub]).toEqual([200, bystander.accountId]);
    expect((await others.agent.start()).callback?.href).toContain(redirectUri);
  }, 60_000);

  testLog(() => log);
});
