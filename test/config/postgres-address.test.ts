import { describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { readPostgresAddress } from '../../src/config/sections/postgres-address.ts';

describe('S25: DATABASE_URL is read as libpq reads it', () => {
  test.each([
    ['postgres://u:p@db/nijo', ['db:5432'], 'any'],
    ['postgresql://u:p@db:5433/nijo', ['db:5433'], 'any'],
    ['postgres://u@a:5432,b:5433/nijo?target_session_attrs=read-write', ['a:5432', 'b:5433'], 'read-write'],
    ['postgres://u@a:1,b,c:3/nijo?target_session_attrs=primary', ['a:1', 'b:5432', 'c:3'], 'primary'],
    ['postgres://u@a,b/nijo', ['a:5432', 'b:5432'], 'read-write'],
    ['postgres://u@a,b/nijo?target_session_attrs=any', ['a:5432', 'b:5432'], 'any'],
    ['postgres:///nijo?host=a,b&port=5433', ['a:5433', 'b:5433'], 'read-write'],
    ['postgres://u@/nijo?host=a&host=b&port=1&port=2', ['a:1', 'b:2'], 'read-write'],
    ['postgres:///nijo?host=/var/run/postgresql', ['/var/run/postgresql:5432'], 'any'],
    ['postgres://%2Fvar%2Frun%2Fpostgresql/nijo', ['/var/run/postgresql:5432'], 'any'],
    ['postgres://u@[2001:db8::1]:5433,[::1]/nijo', ['2001:db8::1:5433', '::1:5432'], 'read-write'],
    ["host=a,b port=1,2 dbname=nijo user=u password='it\\'s # /'", ['a:1', 'b:2'], 'read-write'],
    ['host = db dbname = nijo', ['db:5432'], 'any'],
  ])('S25: %s', (address, names, target) => {
    const read = readPostgresAddress(address);
    expect([read.servers.map(({ name }) => name), read.target]).toEqual([names, target]);
  });

  test('S25: everything else that was given goes to each server, and the password as it is', () => {
    const { servers, connectTimeoutMs } = readPostgresAddress(
      'postgres://u%40x:p%23%2F%3A@a:1,b:2/my%20db?sslmode=verify-full&connect_timeout=3&application_name=x',
    );
    expect(connectTimeoutMs).toBe(3000);
    for (const [index, { url }] of servers.entries()) {
      const { username, password, pathname, searchParams } = new URL(url);
      expect([username, password, pathname]).toEqual(['u%40x', 'p%23%2F%3A', '/my%20db']);
      expect(Object.fromEntries(searchParams)).toEqual({
        host: ['a', 'b'][index],
        port: ['1', '2'][index],
        sslmode: 'verify-full',
        application_name: 'x',
      });
    }
  });

  test('S25: without a host PGHOST counts, with one it does not', () => {
    const hostOf = (address: string): string => {
      const [server] = readPostgresAddress(address).servers;
      return new pg.Client({ connectionString: server?.url ?? '' }).host;
    };
    const before = process.env.PGHOST;
    process.env.PGHOST = '/run/elsewhere';
    try {
      for (const address of ['postgres:///nijo', 'postgres://u:p@/nijo', 'dbname=nijo user=u'])
        expect([address, hostOf(address)]).toEqual([address, '/run/elsewhere']);
      expect(hostOf('postgres://u:p@db/nijo')).toBe('db');
    } finally {
      if (before === undefined) delete process.env.PGHOST;
      else process.env.PGHOST = before;
    }
  });

  test('S25: options for the session are taken with either kind of space', () => {
    for (const options of ['-c+work_mem%3D8MB', '-c%20work_mem=8MB']) {
      const [server] = readPostgresAddress(`postgres://u@a/nijo?options=${options}`).servers;
      expect(new URL(server?.url ?? '').searchParams.get('options')).toBe('-c work_mem=8MB');
    }
  });

  test.each(['p@ss', '100%', 'a:b', 'ü漢', 'p%23ss'])('S25: a password %s is taken as it was', (password) => {
    const [server] = readPostgresAddress(`postgres://u:${password}@a:1/nijo`).servers;
    const expected = password === 'p%23ss' ? 'p#ss' : password;
    expect([server?.name, decodeURIComponent(new URL(server?.url ?? '').password)]).toEqual([
      'a:1',
      expected,
    ]);
  });

  test.each([
    ['mysql://u:canary@db/nijo', /must begin with postgres:\/\//],
    ['postgres://u:canary@a:1,b:2,c/nijo?port=1,2', /3 host\(s\) and 2 ports/],
    ['postgres://u:canary@a:99999/nijo', /port/],
    ['postgres://u:canary@a,,b/nijo', /empty name/],
    ['postgres://u:canary@a/nijo?target_session_attrs=standby', /read-write or primary/],
    ['postgres://u:canary@a/nijo?target_session_attrs=anything', /unknown target_session_attrs/],
    ['postgres://u:canary@a/nijo?connect_timeout=soon', /connect_timeout/],
    ['postgres://u:can/ary@a/nijo', /percent-encoded/],
    ['host=a password=canary colour=red', /not known: colour/],
  ])('S25: %s is a fault that says what it is, and nothing of the password', (address, words) => {
    expect(() => readPostgresAddress(address)).toThrow(words);
    try {
      readPostgresAddress(address);
    } catch (error) {
      expect(String(error)).not.toMatch(/canary|can\/ary/);
    }
  });
});
