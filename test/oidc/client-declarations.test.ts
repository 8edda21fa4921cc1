import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ClientDeclarationError } from '../../src/oidc/clients/metadata.ts';
import {
  applyClients,
  disableClient,
  enableClient,
  listClients,
  removeClient,
  showClient,
} from '../../src/oidc/clients/clients.ts';
import { openTestEmbedded, type TestDatabase } from '../support/databases.ts';
import { testSealer } from '../support/sealer.ts';
import { secret } from './support/seed.ts';

const sealer = testSealer();
const minimal = { client_id: 'rp', client_name: 'RP', redirect_uris: ['https://rp.example/cb'] };

describe('declaring clients (R53)', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await openTestEmbedded();
  });
  afterAll(() => database.close());
  const faults = async (document: unknown): Promise<string[]> => {
    try {
      await applyClients(database.db, sealer, document, 'test');
    } catch (error) {
      if (error instanceof ClientDeclarationError)
        return error.faults.map(({ client, field }) => `${client} ${field}`);
      throw error;
    }
    return [];
  };

  test('every fault of every client is told at once, and nothing is changed', async () => {
    const document = {
      clients: [
        {
          ...minimal,
          redirect_uris: ['http://rp.example/cb', 'https://*.rp.example/cb', 'https://rp.example/#x'],
          colour: 'red',
        },
        {
          client_id: 'second',
          client_name: '',
          redirect_uris: [],
          client_secret: 'short',
          response_types: ['token'],
        },
        {
          client_name: 'no id',
          redirect_uris: ['https://a@rp.example/'],
          trusted_browser_days: 31,
          consent: 'maybe',
        },
        {
          ...minimal,
          client_id: 'fourth',
          token_endpoint_auth_method: 'private_key_jwt',
          claims: ['shoe_size'],
        },
        minimal,
      ],
    };
    expect((await faults(document)).sort()).toEqual(
      [
        'rp colour',
        'rp redirect_uris[0]',
        'rp redirect_uris[1]',
        'rp redirect_uris[2]',
        'rp client_id',
        'second client_name',
        'second client_secret',
        'second redirect_uris',
        'second response_types[0]',
        'client 3 client_id',
        'client 3 redirect_uris[0]',
        'client 3 trusted_browser_days',
        'client 3 consent',
        'fourth claims[0]',
      ].sort(),
    );
    expect(await faults([{ ...minimal, token_endpoint_auth_method: 'private_key_jwt' }])).toEqual([
      'rp jwks',
    ]);
    expect(await faults([{ ...minimal, token_endpoint_auth_method: 'none', client_secret: secret }])).toEqual(
      ['rp client_secret'],
    );
    expect(await faults('x')).toEqual(['(file) clients']);
    expect(await listClients(database.db)).toEqual([]);
  });

  test('a secret is made when none is given, shown once, sealed, and kept by later declarations', async () => {
    const [made] = await applyClients(database.db, sealer, [minimal], 'cli:alice');
    expect(made).toMatchObject({ change: 'created', version: 1 });
    expect(made?.generatedSecret?.length).toBeGreaterThanOrEqual(43);
    const [again] = await applyClients(database.db, sealer, [minimal], 'cli:alice');
    expect(again).toEqual({ clientId: 'rp', change: 'unchanged', version: 1, generatedSecret: undefined });
    const [changed] = await applyClients(
      database.db,
      sealer,
      [{ ...minimal, second_factor: 'optional' }],
      'cli:bob',
    );
    expect(changed).toMatchObject({ change: 'updated', version: 2, generatedSecret: undefined });
    const row = await database.db.selectFrom('clients').selectAll().executeTakeFirstOrThrow();
    expect(Buffer.from(row.secret_sealed ?? []).toString('latin1')).not.toContain(
      String(made?.generatedSecret),
    );
    const shown = await showClient(database.db, 'rp');
    expect(shown).toMatchObject({
      version: 2,
      hasSecret: true,
      metadata: { second_factor: 'optional', subject_type: 'public' },
    });
    expect(JSON.stringify(shown)).not.toContain(String(made?.generatedSecret));
  });

  test('every change is versioned and audited, removal included', async () => {
    expect(await disableClient(database.db, 'rp', 'cli:alice')).toBe(true);
    expect(await disableClient(database.db, 'rp', 'cli:alice')).toBe(true);
    expect(await enableClient(database.db, 'rp', 'cli:alice')).toBe(true);
    expect(await removeClient(database.db, 'rp', 'cli:alice')).toBe(true);
    expect(await removeClient(database.db, 'rp', 'cli:alice')).toBe(false);
    await applyClients(database.db, sealer, [minimal], 'cli:alice');
    const versions = await database.db.selectFrom('client_versions').selectAll().orderBy('version').execute();
    expect(
      versions.map(({ version, changed_by, metadata }) => [version, changed_by, metadata === null]),
    ).toEqual([
      [1, 'cli:alice', false],
      [2, 'cli:bob', false],
      [3, 'cli:alice', false],
      [4, 'cli:alice', false],
      [5, 'cli:alice', true],
      [6, 'cli:alice', false],
    ]);
    const events = await database.db
      .selectFrom('audit_events')
      .select(['event', 'client_id'])
      .orderBy('id')
      .execute();
    expect(events.map(({ event }) => event)).toEqual([
      'client.applied',
      'client.applied',
      'client.disabled',
      'client.enabled',
      'client.removed',
      'client.applied',
    ]);
  });
});
