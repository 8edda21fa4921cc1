import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ConfigurationError, loadConfiguration } from '../../src/config/load.ts';

const secret = '7tP0cW4kq9VbYx2mLr8sDf6gHj1nZa3eKu5iXoQw';
const environment = {
  NIJO_ISSUER: 'https://idp.example.ac.jp',
  DATABASE_URL: 'postgres://nijo:canary-of-the-database@127.0.0.1/nijo',
  SMTP_URL: 'smtp://user:canary-of-the-mail@127.0.0.1:25',
  NIJO_SECRET: secret,
  NIJO_MAIL_FROM: 'no-reply@idp.example.ac.jp',
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'nijo-test-config-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(content: string, name = 'nijo.yaml'): string {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  return file;
}

function faultsOf(file: string | undefined, given: Record<string, string | undefined>): ConfigurationError {
  try {
    loadConfiguration(file, given);
  } catch (error) {
    if (error instanceof ConfigurationError) return error;
    throw error;
  }
  throw new Error('the configuration has no fault');
}

const settings = (error: ConfigurationError): string[] =>
  error.faults.map(({ setting }) => setting).toSorted();

describe('the configuration', () => {
  test('is complete with five variables, and frozen through and through', () => {
    const configuration = loadConfiguration(undefined, environment);
    expect(configuration).toMatchObject({
      issuer: 'https://idp.example.ac.jp',
      mail_codes: { max_attempts: 5 },
    });
    expect(() => {
      (configuration.mail_codes as { max_attempts: number }).max_attempts = 100;
    }).toThrow(TypeError);
  });

  test('names everything that is missing at once, each with a fix', () => {
    const error = faultsOf(undefined, {});
    expect(settings(error)).toEqual([
      'database.url',
      'issuer',
      'mail.from_address',
      'mail.smtp_url',
      'secrets.current',
    ]);
    for (const { problem, fix } of error.faults) {
      expect(problem).toBe('is missing');
      expect(fix).toMatch(/^set [A-Z_]+ /);
    }
    expect(error.message).toMatch(/^The configuration has 5 faults:\n {2}\S+: is missing\n {4}fix: set /);
  });

  test('names faults of every kind at once', () => {
    const file = write(`
issuer: http://idp.example.ac.jp/login
prot: 3000
server: { port: 99999, trusted_proxies: [everybody] }
database: { query_timeout_ms: 1000, statement_timeout_ms: 2000 }
mail: { from_address: "two, addresses" }
mail_codes: { lifetime_minutes: 60, lifetime: 5 }
locale: { time_zone: Asia/Edo }
`);
    const error = faultsOf(file, {
      DATABASE_URL: 'mysql://x',
      NIJO_SECRET: 'changeme',
      SMTP_URL_FILE: '/nowhere/smtp',
    });
    expect(settings(error)).toEqual([
      'database.statement_timeout_ms',
      'database.url',
      'issuer',
      'issuer',
      'locale.time_zone',
      'mail.from_address',
      'mail.smtp_url',
      'mail_codes.lifetime',
      'mail_codes.lifetime_minutes',
      'prot',
      'secrets.current',
      'secrets.current',
      'server.port',
      'server.trusted_proxies.0',
    ]);
    for (const { fix } of error.faults) expect(fix.length).toBeGreaterThan(10);
  });

  test.each(['p#ss', 'p/ss', 'p?ss', '12#34', '12/34', '12?34', 'a/b=c', '12/b=c', 'a#b@c'])(
    'S20: a password %s in an address is named with its setting and a fix, and not told',
    (password) => {
      const error = faultsOf(undefined, {
        ...environment,
        NIJO_ISSUER: 'idp.example.ac.jp',
        SMTP_URL: `smtp://canary-user:${password}@mail.example:25`,
        DATABASE_URL: `postgres://canary-user:${password}@db.example/nijo`,
      });
      expect(settings(error)).toEqual(['database.url', 'issuer', 'mail.smtp_url']);
      expect(error.message).not.toMatch(/canary|Invalid URL/);
      expect(error.message).not.toContain(password);
      for (const [variable, setting] of [
        ['SMTP_URL', 'mail.smtp_url'],
        ['DATABASE_URL', 'database.url'],
      ]) {
        const fault = error.faults.find((each) => each.setting === setting);
        expect(fault?.fix).toContain(variable);
        expect(fault?.fix).toMatch(/percent-encoded: # is %23, .*@ is %40.*% is %25/);
      }
    },
  );

  test.each(['p%23ss', 'p@ss', 'a:b', '100%', 'a+b&c=d', 'ü漢', 'a b', '[x]', '~^{}|'])(
    'S20: a password %s in an address is taken as it was',
    (password) => {
      const SMTP_URL = `smtp://user:${password}@mail.example:25`;
      const DATABASE_URL = `postgres://user:${password}@db.example/nijo`;
      const { mail, database } = loadConfiguration(undefined, { ...environment, SMTP_URL, DATABASE_URL });
      expect([mail.smtp_url, database.url]).toEqual([SMTP_URL, DATABASE_URL]);
    },
  );

  test.each([
    'postgres://user@/db?host=/var/run/postgresql',
    'postgres:///db?host=/var/run/postgresql&user=a@b',
    'postgresql://%2Fvar%2Frun%2Fpostgresql/db',
    'postgres://user:pass@[::1]:5432/db',
  ])('S20: %s is taken', (DATABASE_URL) => {
    expect(loadConfiguration(undefined, { ...environment, DATABASE_URL }).database.url).toBe(DATABASE_URL);
  });

  test.each([
    'smtp://',
    'smtp://:25',
    'smtp://mail:0',
    'smtp://mail:x',
    'smtp://mail:25:25',
    'smtp://mail:25,mail2:25',
    'mail:25',
    'http://mail',
  ])('S20: %s is named with a fix', (SMTP_URL) => {
    const error = faultsOf(undefined, { ...environment, SMTP_URL });
    expect(settings(error)).toEqual(['mail.smtp_url']);
    expect(error.faults[0]?.fix).toContain('smtp://host:25');
  });

  test.each([
    ['idp.example.ac.jp', 'must begin with https://'],
    ['https://IDP.example', 'write https://idp.example:'],
    ['https://idp.example:443', 'write https://idp.example:'],
    ['https://idp.example.', 'write https://idp.example:'],
    ['http://localhost:80', 'write http://localhost:'],
    ['https://大学.jp', 'write https://xn--pss25c.jp:'],
    ['https://canary:canary@idp.example', 'must name no user'],
    ['https://idp.example/?a', 'no query'],
    ['https://idp.example/#', 'no fragment'],
    ['https://idp example', 'is not a URL'],
    ['https://', 'is not a URL'],
  ])('S20: the issuer %s is named: %s', (NIJO_ISSUER, words) => {
    const error = faultsOf(undefined, { ...environment, NIJO_ISSUER });
    expect(settings(error)).toEqual(['issuer']);
    expect(error.message).toContain(words);
    expect(error.message).not.toContain('canary');
  });

  test('S20: white space around an address is no part of it', () => {
    const given = { NIJO_ISSUER: ' https://idp.example/ ', SMTP_URL: ' smtp://mail:25\n' };
    const { issuer, mail } = loadConfiguration(undefined, { ...environment, ...given });
    expect([issuer, mail.smtp_url]).toEqual(['https://idp.example', 'smtp://mail:25']);
  });

  test('takes secrets from files, without the line end', () => {
    const { NIJO_SECRET: _, ...rest } = environment;
    const file = write(`${secret}\n`, 'secret');
    expect(loadConfiguration(undefined, { ...rest, NIJO_SECRET_FILE: file }).secrets.current).toBe(secret);
    const error = faultsOf(undefined, { ...rest, NIJO_SECRET_FILE: path.join(folder, 'none') });
    expect(settings(error)).toEqual(['secrets.current']);
    expect(error.message).toMatch('NIJO_SECRET_FILE cannot be read');
  });

  test('the environment goes before the file', () => {
    const file = write('issuer: https://of-the-file.example\nserver: { port: 8080 }\n');
    const configuration = loadConfiguration(file, environment);
    expect(configuration.issuer).toBe('https://idp.example.ac.jp');
    expect(configuration.server.port).toBe(8080);
    expect(loadConfiguration(file, { ...environment, NIJO_ISSUER: '' }).issuer).toBe(
      'https://of-the-file.example',
    );
  });

  test('a section of comments only is a section of defaults', () => {
    const file = write('server:\n  # port: 1\nmail_codes:\n');
    expect(loadConfiguration(file, environment).server.port).toBe(3000);
  });

  test.each([
    ['too short', 'Ab3$efgh'],
    ['one letter', 'a'.repeat(64)],
    ['few letters', 'abcabcabcabcabcabcabcabcabcabcabcabcabc'],
    ['a word of examples', 'changeme-0a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5'],
  ])('a weak secret is refused: %s', (_, weak) => {
    const error = faultsOf(undefined, { ...environment, NIJO_SECRET: weak });
    expect(new Set(settings(error))).toEqual(new Set(['secrets.current']));
    expect(error.message).toMatch('openssl rand -base64 48');
    expect(error.message).not.toMatch(weak);
  });

  test.each([
    'http://127.0.0.1:3000',
    'http://localhost:3000',
    'http://[::1]:3000',
    'https://idp.example.ac.jp/',
  ])('the issuer %s is accepted', (issuer) => {
    const configuration = loadConfiguration(undefined, { ...environment, NIJO_ISSUER: issuer });
    expect(configuration.issuer).toBe(issuer.replace(/\/$/, ''));
  });

  test.each([
    'http://idp.example.ac.jp',
    'http://127.0.0.1.example.ac.jp',
    'http://localhost.example.ac.jp',
    'https://idp.example.ac.jp/sub',
    'https://idp.example.ac.jp/?x',
    'https://idp.example.ac.jp#x',
    'https://user:password@idp.example.ac.jp',
    'ftp://idp.example.ac.jp',
    'idp.example.ac.jp',
  ])('the issuer %s is refused', (issuer) => {
    expect(new Set(settings(faultsOf(undefined, { ...environment, NIJO_ISSUER: issuer })))).toEqual(
      new Set(['issuer']),
    );
  });

  test('no secret is ever in a message', () => {
    const error = faultsOf(undefined, {
      ...environment,
      DATABASE_URL: 'mysql://nijo:canary-1@host/x',
      SMTP_URL: 'http://user:canary-2@host',
      NIJO_SECRET: 'canary-3',
    });
    expect(error.message).not.toMatch('canary');
    const broken = faultsOf(write('secrets:\n  current: "canary-4\n  - [\n'), environment);
    expect(settings(broken)).toEqual(['(file)']);
    expect(broken.message).not.toMatch('canary');
    expect(broken.message).toMatch(/line \d+/);
  });

  test.each([
    ['a list', '- a\n- b\n'],
    ['a text', 'hello\n'],
    ['a key twice', 'issuer: a\nissuer: b\n'],
  ])('a file that holds %s is refused', (_, content) => {
    expect(settings(faultsOf(write(content), environment))).toEqual(['(file)']);
  });

  test('a file that is not there is a fault, beside the others', () => {
    expect(settings(faultsOf(path.join(folder, 'none.yaml'), {}))).toContain('(file)');
    expect(faultsOf(path.join(folder, 'none.yaml'), {}).faults).toHaveLength(6);
  });
});
