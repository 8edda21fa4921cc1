import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { burst } from '../support/burst.ts';
import { appCode, type Cluster, startCluster } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { UserAgent } from '../support/user-agent.ts';
import { addSubject, faultIn, formRequests } from './support.ts';

describeOnEveryDatabase('many people behind one address', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  beforeAll(async () => {
    database = await open();
    cluster = await startCluster(database, { nodes: 2 });
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  test('S13, R67: 320 wrong passwords refuse nobody there a right one, in a new browser and in a known one', async () => {
    const owner = await addSubject(cluster, { app: true });
    const stranger = await addSubject(cluster, { app: true });
    const browser = new UserAgent(cluster);
    const first = await browser.password(owner.loginId);
    expect((await browser.submit(first, { code: appCode() })).callback).toBeDefined();

    const attacker = new UserAgent(cluster);
    const page = await attacker.start();
    const outcomes: Record<string, number> = {};
    for (let round = 0; round < 16; round += 1) {
      const forms = Array.from({ length: 20 }, (_, index) => ({
        login_id: `invented${round}-${index}`,
        password: 'wrong',
      }));
      for (const answer of await burst(await formRequests(attacker, page, forms))) {
        const fault = `${answer.status} ${faultIn(answer) ?? ''}`;
        outcomes[fault] = (outcomes[fault] ?? 0) + 1;
      }
    }
    // What is over the limit is slowed and answered as any other.
    expect(outcomes).toEqual({ '422 wrong_credentials': 320 });

    const unknown = await new UserAgent(cluster, { node: 1 }).password(stranger.loginId);
    expect([unknown.status, unknown.page]).toEqual([200, 'app-code']);
    // Somebody there has guessed at this very ID too.
    const guesses = Array.from({ length: 15 }, (_, index) => ({
      login_id: owner.loginId,
      password: `guess ${index}`,
    }));
    const guessed = await burst(await formRequests(attacker, page, guesses));
    expect(guessed.filter((answer) => faultIn(answer) === 'too_many_password_attempts')).toHaveLength(5);
    const again = new UserAgent(cluster, { node: 1 });
    for (const cookie of await browser.jar.getCookies(cluster.issuer))
      if (cookie.key.endsWith('nijo-known')) await again.jar.setCookie(cookie, cluster.issuer);
    const known = await again.password(owner.loginId);
    expect([known.status, known.page]).toEqual([200, 'app-code']);
    // The cookie alone, without its signature, makes no browser known.
    const forger = new UserAgent(cluster);
    for (const cookie of await browser.jar.getCookies(cluster.issuer))
      if (cookie.key.endsWith('nijo-known'))
        await forger.jar.setCookie(
          `${cookie.key}=${cookie.value.slice(0, 43)}; Path=/${cluster.issuer.startsWith('https:') ? '; Secure' : ''}`,
          cluster.issuer,
        );
    expect((await forger.password(owner.loginId)).fault).toBe('too_many_password_attempts');
  }, 120_000);
});
