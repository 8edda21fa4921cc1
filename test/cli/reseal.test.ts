import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createSealer } from '../../src/base/sealing.ts';
import { resealAll } from '../../src/cli/reseal.ts';
import { appSecretPlace } from '../../src/factors/app/codes.ts';
import { applyClients, clientSecretPlace } from '../../src/oidc/clients/clients.ts';
import { ensureSigningKeys, loadKeySet } from '../../src/oidc/keys.ts';
import { loadPairwiseSubject } from '../../src/oidc/provider/pairwise.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';

const old = { id: 'old', secret: 'an-old-secret-of-more-than-32-characters' };
const fresh = { id: 'new', secret: 'a-new-secret-of-more-than-32-characters!' };
const clientSecret = 'a-client-secret-with-enough-characters-1234';

describeOnEveryDatabase('nijo keys reseal', (open) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());

  test('F11: after it the earlier secret can go, and everything still opens', async () => {
    const { db } = database;
    const before = createSealer([old]);
    await ensureSigningKeys(db, before);
    const subject = (await loadPairwiseSubject(db, before))('account', 'sector');
    await applyClients(
      db,
      before,
      {
        clients: [
          {
            client_id: 'rp',
            client_name: 'RP',
            client_secret: clientSecret,
            redirect_uris: ['https://rp.example/cb'],
          },
        ],
      },
      'test',
    );
    await db
      .insertInto('accounts')
      .values({ id: 'a', login_id: 'a', kind: 'ecs' } as never)
      .execute();
    const place = appSecretPlace('f', 'a');
    await db
      .insertInto('app_factors')
      .values({
        id: 'f',
        account_id: 'a',
        name: 'app',
        secret_sealed: before.seal('JBSWY3DP', place),
        last_step: 0,
      })
      .execute();

    const both = createSealer([fresh, old]);
    expect(await resealAll(db, both)).toEqual([
      { table: 'app_factors', resealed: 1, kept: 0 },
      { table: 'signing_keys', resealed: 2, kept: 0 },
      { table: 'clients', resealed: 1, kept: 0 },
      { table: 'instance_secrets', resealed: 1, kept: 0 },
    ]);
    expect((await resealAll(db, both)).every(({ resealed }) => resealed === 0)).toBe(true);

    const after = createSealer([fresh]);
    expect((await loadKeySet(db, after)).keys).toHaveLength(2);
    expect((await loadPairwiseSubject(db, after))('account', 'sector')).toBe(subject);
    const client = await db.selectFrom('clients').select('secret_sealed').executeTakeFirstOrThrow();
    expect(after.open(Buffer.from(client.secret_sealed ?? []), clientSecretPlace('rp')).toString()).toBe(
      clientSecret,
    );
    const factor = await db.selectFrom('app_factors').select('secret_sealed').executeTakeFirstOrThrow();
    expect(after.open(Buffer.from(factor.secret_sealed), place).toString()).toBe('JBSWY3DP');
  });

  test('names the row that no configured secret opens', async () => {
    await expect(resealAll(database.db, createSealer([{ id: 'x', secret: 'x'.repeat(40) }]))).rejects.toThrow(
      /app_factors.*secrets\.previous/,
    );
  });
});
