import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { sql } from 'kysely';
import { appSecretPlace } from '../../src/factors/app/codes.ts';
import { type Cluster, startCluster, testAppSecret } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { type Breakdown, breakingDown } from './breakdown.ts';
import { beginnings, findsTheWayIn, type Life, lives, make, newLife } from './life-walk.ts';

describeOnEveryDatabase('the life of a second factor, in any order, on two nodes', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  let breakdown: Breakdown;
  beforeAll(async () => {
    database = await open();
    breakdown = breakingDown(await database.connect());
    cluster = await startCluster(database, {
      nodes: 2,
      handles: [database.db, breakdown.db],
      config: { password_limits: { wrong_per_network: 5000 } },
    });
  });
  afterAll(async () => {
    breakdown.repair();
    await cluster.close();
    await database.close();
  });

  /** Nobody is left without a way in, nothing is active that was not proven, no code has won twice. */
  async function judge(life: Life): Promise<void> {
    const { db, who, typed } = life;
    const { rows } = await sql<
      Record<'mails' | 'apps' | 'consumed' | 'verified' | 'used' | 'recovered', number> & {
        enrolled: boolean;
      }
    >`
      select (select first_enrolled_at is not null from accounts where id = ${who.id}) as enrolled,
        (select count(*) from mail_factors where account_id = ${who.id} and state = 'active')::int as mails,
        (select count(*) from app_factors where account_id = ${who.id} and state = 'active')::int as apps,
        (select count(*) from challenges where account_id = ${who.id} and consumed_at is not null)::int as consumed,
        (select count(*) from audit_events where account_id = ${who.id} and event = 'mail-code.verified')::int as verified,
        (select count(*) from recovery_codes where account_id = ${who.id} and used_at is not null)::int as used,
        (select count(*) from audit_events where account_id = ${who.id} and event = 'recovery-code.verified')::int as recovered`.execute(
      db,
    );
    const [state] = rows;
    if (state === undefined) throw new Error('the account is gone');
    expect(state.mails).toBeLessThanOrEqual(1);
    expect(state.mails + state.apps > 0).toBe(state.enrolled);
    expect(state.verified).toBe(state.consumed);
    expect(state.recovered).toBe(state.used);

    const consumed = await db
      .selectFrom('challenges')
      .select(['id', 'address', 'purpose'])
      .where('account_id', '=', who.id)
      .where('consumed_at', 'is not', null)
      .execute();
    for (const { id } of consumed) expect(typed.mailCodes).toContain(id);
    const addresses = consumed.filter(({ purpose }) => purpose === 'set-up' || purpose === 'change');
    const active = await db
      .selectFrom('mail_factors')
      .select('address')
      .where('account_id', '=', who.id)
      .where('state', '=', 'active')
      .execute();
    for (const { address } of active)
      expect([who.address, ...addresses.map((proven) => proven.address)]).toContain(address);
    const apps = await db
      .selectFrom('app_factors')
      .select(['id', 'secret_sealed'])
      .where('account_id', '=', who.id)
      .where('state', '=', 'active')
      .execute();
    for (const { id, secret_sealed } of apps) {
      const secret = cluster.sealer.open(secret_sealed, appSecretPlace(id, who.id)).toString();
      expect([testAppSecret, ...typed.appKeys]).toContain(secret);
    }
  }

  test('I1, I3, I7, R15, R18, R35: set-up, login, change, reset, expiry and breakdown never leave a user without an exit, a factor active without proof, or two winners of one code', async () => {
    const runs = database.kind === 'pglite' ? 16 : 12;
    const seen = new Set<string>();
    let arrivals = 0;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...beginnings), lives(40), async (beginning, moves) => {
        const life = await newLife(cluster, breakdown, beginning);
        for (const move of moves) {
          await make(life, move);
          await judge(life);
        }
        await findsTheWayIn(life);
        await judge(life);
        arrivals += life.arrivals;
        for (const { page } of life.browsers.flatMap((browser) => browser.seen)) seen.add(page);
      }),
      // A life is shown as it was found: shrinking would take longer than reading it.
      { numRuns: runs, endOnFailure: true },
    );
    // The lives do get somewhere, or they would show nothing.
    expect(arrivals).toBeGreaterThan(runs);
    expect(seen.size).toBeGreaterThan(8);
  }, 300_000);
});
