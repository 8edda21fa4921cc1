import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Command } from 'commander';
import { clientsCommands } from '../../src/cli/clients.ts';
import { CommandFailed, type CliContext } from '../../src/cli/context.ts';
import { keysCommands } from '../../src/cli/keys.ts';
import { ensureSigningKeys } from '../../src/oidc/keys.ts';
import { openTestEmbedded, type TestDatabase } from '../support/databases.ts';
import { silentLogger } from '../support/logger.ts';
import { testSealer } from '../support/sealer.ts';
import { testConfiguration } from './support/node.ts';

describe('nijo clients and nijo keys', () => {
  let database: TestDatabase;
  let folder: string;
  beforeAll(async () => {
    database = await openTestEmbedded();
    folder = await mkdtemp(path.join(tmpdir(), 'nijo-cli-'));
  });
  afterAll(() => database.close());

  async function run(...words: string[]): Promise<string> {
    const printed: string[] = [];
    const config = testConfiguration();
    const context: CliContext = {
      loadConfiguration: () => config,
      withDatabase: (work) => work({ db: database.db, config, sealer: testSealer(), logger: silentLogger() }),
      out: (text) => void printed.push(text),
      fail: (message) => {
        throw new CommandFailed(message);
      },
      actor: 'cli:test',
    };
    const program = new Command().exitOverride();
    clientsCommands(program, context);
    keysCommands(program, context);
    await program.parseAsync(words, { from: 'user' });
    return printed.join('\n');
  }
  async function file(text: string): Promise<string> {
    const name = path.join(folder, 'clients.yaml');
    await writeFile(name, text);
    return name;
  }

  test('apply prints a made secret once; show and list never do; remove and disable say what was done', async () => {
    const yaml = await file(
      'clients:\n  - client_id: grades\n    client_name: Grades\n    redirect_uris: [https://grades.example/cb]\n',
    );
    const first = await run('clients', 'apply', yaml);
    const secret = /client_secret: (\S+)/.exec(first)?.[1] ?? '';
    expect(first).toContain('grades: created (version 1)');
    expect(secret.length).toBeGreaterThan(40);
    expect(await run('clients', 'apply', yaml)).toBe('grades: unchanged (version 1)');
    for (const output of [
      await run('clients', 'show', 'grades', '--json'),
      await run('clients', 'show', 'grades'),
      await run('clients', 'list'),
    ]) {
      expect(output).toContain('grades');
      expect(output).not.toContain(secret);
    }
    expect(await run('clients', 'disable', 'grades')).toBe('grades: disabled');
    expect(await run('clients', 'list')).toContain('grades  disabled');
    expect(await run('clients', 'enable', 'grades')).toBe('grades: enabled');
    expect(await run('clients', 'remove', 'grades')).toBe('grades: removed');
    await expect(run('clients', 'remove', 'grades')).rejects.toThrow('There is no client grades.');
  });

  test('apply tells every fault, a missing file and a file that is no YAML', async () => {
    const faulty = await file(
      '- client_id: a\n  client_name: A\n  redirect_uris: [http://a.example]\n  colour: red\n',
    );
    await expect(run('clients', 'apply', faulty)).rejects.toThrow(/a: redirect_uris\[0\][\s\S]*a: colour/);
    await expect(run('clients', 'apply', path.join(folder, 'missing.yaml'))).rejects.toThrow(
      'cannot be read',
    );
    await expect(run('clients', 'apply', await file('a: [b'))).rejects.toThrow('is no YAML');
  });

  test.each(['nijo-account', 'nijo-staff'])(
    'the client %s is built in: it can be neither declared nor changed',
    async (id) => {
      const taken = await file(
        `- client_id: ${id}\n  client_name: A\n  redirect_uris: [https://a.example/cb]\n`,
      );
      await expect(run('clients', 'apply', taken)).rejects.toThrow(`${id}: client_id is reserved`);
      for (const verb of ['show', 'disable', 'enable', 'remove'])
        await expect(run('clients', verb, id)).rejects.toThrow(`${id} is built in`);
      expect(await run('clients', 'list')).not.toContain(id);
      const strict = await file(
        '- client_id: b\n  client_name: B\n  redirect_uris: [https://b.example/cb]\n  essential_acr_values: []\n',
      );
      await expect(run('clients', 'apply', strict)).rejects.toThrow('essential_acr_values is not a setting');
    },
  );

  test('keys rotate publishes new keys that sign later; keys list says which does what', async () => {
    await ensureSigningKeys(database.db, testSealer());
    expect(await run('keys', 'rotate')).toContain('sign in 600 seconds');
    const states = (JSON.parse(await run('keys', 'list', '--json')) as { state: string }[]).map(
      ({ state }) => state,
    );
    expect(states.sort()).toEqual(['published', 'published', 'signing', 'signing']);
    await expect(run('keys', 'rotate', '--lead-seconds', 'soon')).rejects.toThrow();
  });
});
