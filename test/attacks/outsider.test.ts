import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { appCode, type Cluster, startCluster } from '../support/cluster.ts';
import { openTestPostgres, type TestDatabase } from '../support/databases.ts';
import { burst } from '../support/burst.ts';
import { collectingLogger } from '../support/logger.ts';
import { UserAgent } from '../support/user-agent.ts';
import { addSubject, faultIn, formRequests, recordsOf, countOf, testLog } from './support.ts';

const networks = 50;
const guesses = 1000;
const perBurst = 50;

describe('an outsider who guesses (on Postgres)', () => {
  let database: TestDatabase;
  let cluster: Cluster;
  const log = collectingLogger();
  beforeAll(async () => {
    database = await openTestPostgres();
    // Every request comes through the proxy, which says whose it is.
    cluster = await startCluster(database, {
      nodes: 2,
      logger: log.logger,
      config: { server: { trusted_proxies: ['127.0.0.1'] } },
    });
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  test('A16: 1,000 wrong passwords from 50 networks lock nobody out, and move no counter of a factor', async () => {
    const victim = await addSubject(cluster, { app: true });
    const attacker = new UserAgent(cluster);
    const page = await attacker.start();
    const forms = Array.from({ length: perBurst }, (_, index) => ({
      login_id: victim.loginId,
      password: `wrong-${index}`,
    }));
    const requests = await formRequests(attacker, page, forms);
    const outcomes: Record<string, number> = {};
    for (let round = 0; round < guesses / perBurst; round += 1) {
      const answers = await burst(
        requests.map((request, index) => ({
          ...request,
          // A header of the client's own stands further left, and is not believed (A32).
          headers: {
            ...request.headers,
            'x-forwarded-for': `192.0.2.99, 198.51.100.${(round * perBurst + index) % networks}`,
          },
        })),
      );
      for (const answer of answers) {
        const fault = `${answer.status} ${faultIn(answer) ?? ''}`;
        outcomes[fault] = (outcomes[fault] ?? 0) + 1;
      }
      if (round % 4 !== 3) continue;
      // Meanwhile, from the usual place: the first try succeeds.
      const owner = new UserAgent(cluster, { node: round % 2 });
      const send = owner.request.bind(owner);
      owner.request = (path, options) =>
        send(path, { ...options, headers: { 'x-forwarded-for': '192.0.2.99', ...options?.headers } });
      const factor = await owner.password(victim.loginId);
      expect([round, factor.page, factor.fault]).toEqual([round, 'app-code', undefined]);
      await database.db
        .updateTable('app_factors')
        .set({ last_step: 0 })
        .where('account_id', '=', victim.accountId)
        .execute();
      expect((await owner.submit(factor, { code: appCode() })).callback).toBeDefined();
    }
    // Ten of each network were compared; the others were told to wait, whatever they guessed.
    expect(outcomes).toEqual({
      '422 wrong_credentials': networks * 10,
      '429 too_many_password_attempts': guesses - networks * 10,
    });
    const records = await recordsOf(cluster, victim);
    expect(countOf(records, 'sign-in.finished')).toBe(5);
    expect(records.events.filter(({ event }) => event.startsWith('factor.'))).toEqual([]);
    const moved = await database.db
      .selectFrom('limits')
      .select(['key', 'hits'])
      .where('key', 'like', `factor:%${victim.accountId}%`)
      .execute();
    expect(moved.flatMap(({ hits }) => hits)).toEqual([]);
    const inARow = await database.db
      .selectFrom('factor_failures')
      .select('in_a_row')
      .where('account_id', '=', victim.accountId)
      .execute();
    expect(inARow.filter(({ in_a_row: count }) => count > 0)).toEqual([]);
  }, 120_000);

  testLog(() => log);
});
