import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { alwaysOpen } from '../factors/pass-stage.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { make, newWorld, walks } from './walk.ts';
import { setUpsByPass } from './walk-judge.ts';

describeOnEveryDatabase('four people, three browsers, two nodes, any order', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  beforeAll(async () => {
    database = await open();
    cluster = await startCluster(database, {
      nodes: 2,
      config: { password_limits: { wrong_per_network: 5000 }, desk: alwaysOpen },
    });
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  test('C01, I1, R40: no code for a service without password and factor of that very account, no code used twice, no page without an exit', async () => {
    const runs = database.kind === 'pglite' ? 40 : 20;
    let arrivals = 0;
    let setUps = 0;
    await fc.assert(
      fc.asyncProperty(walks(25), async (moves) => {
        const world = await newWorld(cluster, database.db);
        for (const move of moves) await make(world, move);
        arrivals += world.arrivals;
        setUps += await setUpsByPass(world);
      }),
      // A walk is shown as it was found: shrinking would take longer than reading it.
      { numRuns: runs, endOnFailure: true },
    );
    // The walks do get somewhere, or they would show nothing.
    expect(arrivals).toBeGreaterThan(runs / 5);
    if (database.kind === 'pglite') expect(setUps).toBeGreaterThan(0);
  }, 240_000);
});
