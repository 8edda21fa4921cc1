import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { disableAccount } from '../../src/accounts/status.ts';
import { type Cluster, startCluster, testPassword } from '../support/cluster.ts';
import { openTestPostgres, type TestDatabase } from '../support/databases.ts';
import { UserAgent } from '../support/user-agent.ts';
import { addSubject, type Subject } from './support.ts';

/** Attempts of each kind in one round, and rounds: noise passes, a leak stays. */
const attempts = 15;
const rounds = 3;
/** The slowest kind's median over the fastest one's; without the dummy hash it is above 3. */
const tolerance = 1.5;

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

describe('enumeration by time (on Postgres)', () => {
  let database: TestDatabase;
  let cluster: Cluster;
  const subjects: Subject[] = [];
  const disabled: Subject[] = [];
  const without: Subject[] = [];
  beforeAll(async () => {
    database = await openTestPostgres();
    cluster = await startCluster(database, {
      // As much work as a real server does for one password.
      config: {
        passwords: { memory_kib: 19_456, passes: 4, max_queue: 1000 },
        password_limits: { wrong_per_id_and_network: 1000, wrong_per_network: 5000 },
      },
    });
    for (let number = 0; number < 3; number += 1) {
      subjects.push(await addSubject(cluster, { app: true, mail: true }));
      disabled.push(await addSubject(cluster, { mail: true }));
      without.push(await addSubject(cluster));
    }
    for (const { accountId } of disabled) await disableAccount(database.db, accountId, 'test');
    for (const { accountId } of without)
      await database.db.deleteFrom('passwords').where('account_id', '=', accountId).execute();
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  test('A34, C13: an unknown ID takes as long as a wrong password, a disabled account or one without a password', async () => {
    const browser = new UserAgent(cluster);
    const page = await browser.start();
    const given = (subject: Subject | undefined, password: string) => ({
      login_id: subject?.loginId ?? '',
      password,
    });
    const kinds: Record<string, (index: number) => Record<string, string>> = {
      wrong: (index) => given(subjects[index % 3], `wrong-${index}`),
      unknown: (index) => ({ login_id: `nobody${index}`, password: testPassword }),
      disabled: (index) => given(disabled[index % 3], testPassword),
      without: (index) => given(without[index % 3], testPassword),
      malformed: (index) => ({ login_id: `no such id ${index}!`, password: testPassword }),
    };
    const names = Object.keys(kinds);
    const seen: string[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const times = new Map(names.map((name): [string, number[]] => [name, []]));
      for (let index = 0; index < attempts; index += 1) {
        // One after the other in turns, so that whatever else the machine does meets all alike.
        for (const [place] of names.entries()) {
          const name = names[(place + index) % names.length] ?? '';
          const started = performance.now();
          const answer = await browser.post(page, kinds[name]?.(round * attempts + index) ?? {});
          times.get(name)?.push(performance.now() - started);
          expect([name, answer.status, answer.fault]).toEqual([name, 422, 'wrong_credentials']);
        }
      }
      const medians = names.map((name) => median(times.get(name) ?? []));
      if (Math.max(...medians) < Math.min(...medians) * tolerance) return;
      seen.push(names.map((name, place) => `${name} ${Math.round(medians[place] ?? 0)} ms`).join(', '));
    }
    expect(seen).toEqual([]);
  }, 120_000);
});
