import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { hash as argon2 } from '@node-rs/argon2';
import { importAccounts, type ImportReport } from '../../src/accounts/import.ts';
import { createPasswordHasher } from '../../src/accounts/password-hasher.ts';
import { newId } from '../../src/base/ids.ts';
import { appCodeAt } from '../../src/factors/app/code-value.ts';
import { appSecretPlace } from '../../src/factors/app/codes.ts';
import { type Cluster, startCluster, testAppSecret, testPassword } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { UserAgent } from '../support/user-agent.ts';

const codeNow = (secret: string): string => appCodeAt(secret, Math.floor(Date.now() / 1000));

describeOnEveryDatabase('what an import takes over signs in', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  beforeAll(async () => {
    database = await open();
    cluster = await startCluster(database, {
      config: { password_limits: { wrong_per_id_and_network: 1000, wrong_per_network: 5000 } },
    });
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });
  const run = (csv: string): Promise<ImportReport> =>
    importAccounts({
      db: database.db,
      hasher: createPasswordHasher(cluster.config.passwords),
      sealer: cluster.sealer,
      canonicalAddress: (input) => ({ address: input }),
      source: Readable.from([csv]),
      actor: 'test',
    });

  test('S16: every secret that is taken proves its factor, and a wrong code is wrong', async () => {
    const long = 'JBSWY3DPEHPK3PXPMFRGGZDF'.repeat(6);
    const given = [
      ...[16, 18, 20, 24, 26, 32, 52, 103, 128].map((length) => long.slice(0, length)),
      // Bits that fill no byte, and are not zero: apps drop them.
      'JBSWY3DPEHPK3PXPJBSWY3DPE7',
      'jbsw y3dp-ehpk 3pxp====',
      'otpauth://totp/Old:id?secret=JBSWY3DPEHPK3PXP&digits=6',
    ];
    const lines = given.map((secret, index) => `secret${index},sps,${testPassword},"${secret}"`);
    const report = await run(`login_id,kind,password,totp_secret\n${lines.join('\n')}`);
    expect(report).toMatchObject({ imported: given.length, bad: [] });
    for (const [index, secret] of given.entries()) {
      const plain = /secret=(\w+)/.exec(secret)?.[1] ?? secret.replace(/[^a-z2-7]/gi, '').toUpperCase();
      const agent = new UserAgent(cluster);
      const page = await agent.password(`secret${index}`);
      const right = codeNow(plain);
      const wrong = await agent.submit(page, {
        code: right.replace(/./, (digit) => String(9 - Number(digit))),
      });
      expect([secret, wrong.page, wrong.fault]).toEqual([secret, 'app-code', 'code_wrong']);
      const proven = await agent.submit(wrong, { code: codeNow(plain) });
      expect([secret, proven.callback?.searchParams.has('code')]).toEqual([secret, true]);
    }
  }, 60_000);

  test('S16: a short secret of an earlier release verifies, and one that is none stands in no other’s way', async () => {
    await run(`login_id,kind,password,totp_secret\nearlier,sps,${testPassword},${testAppSecret}`);
    const { id: accountId } = await database.db
      .selectFrom('accounts')
      .select('id')
      .where('login_id', '=', 'earlier')
      .executeTakeFirstOrThrow();
    for (const secret of ['JBSWY3DPEHPK3PXP', 'no Base32 at all']) {
      const id = newId();
      const sealed = cluster.sealer.seal(secret, appSecretPlace(id, accountId));
      await database.db
        .insertInto('app_factors')
        .values({ id, account_id: accountId, name: secret, secret_sealed: sealed, last_step: 0 })
        .execute();
    }
    for (const secret of ['JBSWY3DPEHPK3PXP', testAppSecret]) {
      const agent = new UserAgent(cluster);
      const proven = await agent.submit(await agent.password('earlier'), { code: codeNow(secret) });
      expect([secret, proven.callback?.searchParams.has('code')]).toEqual([secret, true]);
    }
  });

  test('S17: hashes as OpenLDAP and Django write them sign in, and a wrong password does not', async () => {
    const phc = await argon2('brought over 1', { memoryCost: 512, timeCost: 2 });
    const hashes = [
      `{ARGON2}${phc}`,
      `{ARGON2ID}${phc}`,
      `argon2${phc}`,
      `${phc}==`,
      phc.replace('v=19$', ''),
      phc.replace('m=512,t=2', 't=2,m=512'),
    ];
    const lines = hashes.map((hash, index) => `hash${index},sps,"${hash}"`);
    expect(await run(`login_id,kind,password_hash\n${lines.join('\n')}`)).toMatchObject({
      imported: hashes.length,
      bad: [],
    });
    for (const [index, hash] of hashes.entries()) {
      const agent = new UserAgent(cluster);
      const page = await agent.start('ordinary');
      const wrong = await agent.submit(page, { login_id: `hash${index}`, password: 'brought over 2' });
      expect([hash, wrong.page, wrong.fault]).toEqual([hash, 'sign-in', 'wrong_credentials']);
      // Twice: the second time with the hash that the first sign-in has renewed.
      for (let time = 0; time < 2; time += 1) {
        const fresh = new UserAgent(cluster);
        const arrival = await fresh.submit(await fresh.start('ordinary'), {
          login_id: `hash${index}`,
          password: 'brought over 1',
        });
        expect([hash, arrival.callback?.searchParams.has('code')]).toEqual([hash, true]);
      }
    }
  });
});
