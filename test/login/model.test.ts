import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { make, newWorld, walks } from './walk.ts';

describeOnEveryDatabase('three people, three browsers, two nodes, any order', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  beforeAll(async () => {
    database = await open();
    cluster = await startCluster(database, {
      nodes: 2,
      config: { password_limits: { wrong_per_network: 5000 } },
    });
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  test('C01, I1: no code for a service without password and factor of that very account, no code used twice, no page without an exit', async () => {
    const runs = database.kind === 'pglite' ? 60 : 25;
    let arrivals = 0;
    await fc.assert(
      fc.asyncProperty(walks(25), async (moves) => {
        const world = await newWorld(cluster, database.db);
        for (const move of moves) await make(world, move);
        arrivals += world.arrivals;
      }),
      // A walk is shown as it was found: shrinking would take longer than reading it.
      { numRuns: runs, endOnFailure: true },
    );
    // The walks do get somewhere, or they would show nothing.
    expect(arrivals).toBeGreaterThan(runs / 5);
  }, 240_000);
});
