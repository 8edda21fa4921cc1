import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ensureSigningKeys, listSigningKeys, loadKeySet, rotateSigningKeys } from '../../src/oidc/keys.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { testSealer } from '../support/sealer.ts';
import { Browser, decodeJwt, obtainTokens, type Service, send } from './support/browser.ts';
import { signedIn, startNode, type TestNode } from './support/node.ts';
import { addAccount, addService } from './support/seed.ts';

const sealer = testSealer();
const pause = (ms: number) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

describeOnEveryDatabase('signing keys', (open) => {
  let database: TestDatabase;
  let nodes: TestNode[];
  let service: Service;

  beforeAll(async () => {
    database = await open();
    const account = await addAccount(database.db, 'a0000001', ['app']);
    service = await addService(database.db, sealer, 'rp');
    const other = await database.connect();
    // Two nodes that start at once make one set.
    await Promise.all([ensureSigningKeys(database.db, sealer), ensureSigningKeys(other, sealer)]);
    const decide = () => signedIn(account, 'app');
    nodes = [
      await startNode({ db: database.db, sealer, decide, keyPollMs: 200 }),
      await startNode({ db: other, sealer, decide, keyPollMs: 200 }),
    ];
  });
  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.close()));
    await database.close();
  });

  const published = async (node: TestNode): Promise<string[]> => {
    const { json } = await send(node, '/jwks');
    const keys = json.keys as { kid: string; d?: string; p?: string }[];
    for (const key of keys) expect([key.d, key.p]).toEqual([undefined, undefined]);
    return keys.map(({ kid }) => kid);
  };
  const signer = async (node: TestNode): Promise<string> =>
    String(decodeJwt((await obtainTokens(new Browser(node), service)).id_token).header.kid);

  test('the first keys are one RS256 and one ES256, whichever node made them, and sealed', async () => {
    const keys = await listSigningKeys(database.db);
    expect(keys.map(({ algorithm, state }) => `${algorithm} ${state}`).sort()).toEqual([
      'ES256 signing',
      'RS256 signing',
    ]);
    const rows = await database.db.selectFrom('signing_keys').select('private_sealed').execute();
    for (const row of rows) expect(Buffer.from(row.private_sealed).toString('latin1')).not.toContain('"d"');
    await expect(
      loadKeySet(database.db, testSealer('another secret than that of the tests, also long')),
    ).rejects.toThrow();
  });

  test('C51, F11: a new key is published first and signs later on every node; the old one stays published, then goes', async () => {
    const [before = ''] = await published(nodes[0] as TestNode);
    expect(await signer(nodes[0] as TestNode)).toBe(before);
    const [fresh = ''] = await rotateSigningKeys(
      database.db,
      sealer,
      { leadSeconds: 2, retainSeconds: 2 },
      'cli:test',
    );
    await pause(500);
    for (const node of nodes) {
      expect(await published(node)).toEqual(expect.arrayContaining([before, fresh]));
      expect(await signer(node)).toBe(before);
    }
    await pause(2000);
    for (const node of nodes) {
      expect(await published(node)).toEqual(expect.arrayContaining([before, fresh]));
      expect(await signer(node)).toBe(fresh);
    }
    await pause(2000);
    for (const node of nodes) {
      expect(await published(node)).not.toContain(before);
      expect(await signer(node)).toBe(fresh);
    }
    const states = (await listSigningKeys(database.db)).map(({ state }) => state).sort();
    expect(states).toEqual(['retired', 'retired', 'signing', 'signing']);
    const event = await database.db
      .selectFrom('audit_events')
      .selectAll()
      .where('event', '=', 'key.rotated')
      .executeTakeFirstOrThrow();
    expect(event.actor).toBe('cli:test');
  });

  test('logins go on while keys change all the time', async () => {
    let failed = 0;
    const browsers = Array.from({ length: 4 }, (_, n) => new Browser(nodes[n % 2] as TestNode));
    for (let round = 0; round < 3; round += 1) {
      await rotateSigningKeys(database.db, sealer, { leadSeconds: 0, retainSeconds: 30 }, 'cli:test');
      await Promise.all(
        browsers.map(async (browser) => {
          const tokens = await obtainTokens(browser, service).catch(() => undefined);
          if (tokens === undefined) failed += 1;
        }),
      );
    }
    expect(failed).toBe(0);
  });
});
