import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { recordAudit } from '../../src/audit/audit.ts';
import { type AuditChain, createAuditChain } from '../../src/audit/chain.ts';
import { linkSome } from '../../src/audit/linking.ts';
import { findInstanceSecret } from '../../src/db/instance-secrets.ts';
import type { Db } from '../../src/db/open.ts';
import { describeOnEveryDatabase, openTestPostgres, type TestDatabase } from '../support/databases.ts';
import { collectingLogger } from '../support/logger.ts';
import { testSealer } from '../support/sealer.ts';
import { origin, verify, writeEvents } from './helpers.ts';

const sealer = testSealer();
const log = collectingLogger();
const chains: AuditChain[] = [];

function node(db: Db, everyMs = 20, batch = 7): AuditChain {
  const chain = createAuditChain({ db, sealer, logger: log.logger, everyMs, batch });
  chains.push(chain);
  return chain;
}

afterEach(async () => {
  await Promise.all(chains.splice(0).map((chain) => chain.stop()));
});

const waiting = async (db: Db): Promise<number> =>
  (await db.selectFrom('audit_unlinked').selectAll().execute()).length;

async function untilLinked(db: Db): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt += 1) {
    if ((await waiting(db)) === 0) return;
    await pause(25);
  }
  throw new Error(`${await waiting(db)} events still wait for their link`);
}

/** Transactions at once on both handles, every third rolled back. @returns how many events are there now. */
async function load(handles: readonly Db[], transactions: number, each: number): Promise<void> {
  await Promise.all(
    Array.from({ length: transactions }, (_, number) =>
      handles[number % handles.length]!.transaction()
        .execute(async (trx) => {
          for (let event = 0; event < each; event += 1)
            await recordAudit(trx, origin, {
              event: 'password.verified',
              result: 'success',
              accountId: `load-${number}`,
              details: { event },
            });
          if (number % 3 === 0) throw new Error('rolled back');
        })
        .catch((error: unknown) => {
          if (!(error instanceof Error) || error.message !== 'rolled back') throw error;
        }),
    ),
  );
}

describeOnEveryDatabase('the chain over the audit log', (open) => {
  let database: TestDatabase;
  let db: Db;
  let second: Db;
  beforeAll(async () => {
    database = await open();
    ({ db } = database);
    second = await database.connect();
  });
  afterAll(() => database.close());

  test('C42, D15: what 20 transactions at once write on two nodes, with rollbacks among them, is linked once and verifies', async () => {
    for (const handle of [db, second]) node(handle).start();
    for (let round = 0; round < 3; round += 1) await load([db, second], 20, 3);
    await untilLinked(db);
    const { findings, verified } = await verify(db);
    expect(findings).toEqual([]);
    // 13 of 20 were not rolled back.
    expect(verified.links).toBe(3 * 13 * 3);
    expect(verified.head.position).toBe(verified.links);
  });

  test('D15: a node that stops links what is left', async () => {
    const chain = node(db, 600_000);
    chain.start();
    await writeEvents(db, 20, 'rest');
    expect(await waiting(db)).toBe(20);
    await chain.stop();
    expect(await waiting(db)).toBe(0);
    expect((await verify(db)).findings).toEqual([]);
  });

  test('D15: an event lives and dies with its transaction, and so does its place in the queue', async () => {
    await expect(
      db.transaction().execute(async (trx) => {
        await writeEvents(trx, 3, 'undone');
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');
    expect(await waiting(db)).toBe(0);
  });

  test('C42: what was put in the queue by hand stops nobody, and an event that is gone leaves a mark', async () => {
    const [first] = await writeEvents(db, 2, 'stray');
    const chain = node(db);
    await chain.linkWaiting();
    await sql`insert into audit_unlinked (event_id) values (${first}::bigint), (999999)`.execute(db);
    await writeEvents(db, 9, 'after');
    expect(await chain.linkWaiting()).toBe(11);
    expect((await verify(db)).findings).toEqual([
      { kind: 'missing', position: expect.any(Number) as unknown as number, event: '999999' },
    ]);
    expect(log.text()).toContain('audit.event-missing');
    expect(log.text()).toContain('audit.linked-twice');
  });
});

describe('the chain while nodes and connections die (Postgres)', () => {
  let database: TestDatabase;
  let db: Db;
  let second: Db;
  beforeAll(async () => {
    database = await openTestPostgres();
    ({ db } = database);
    second = await database.connect();
  });
  afterAll(() => database.close());

  test('C42: what is committed later than a younger event is linked after it, and verifies', async () => {
    const chain = node(second, 600_000);
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let written: () => void = () => undefined;
    const isWritten = new Promise<void>((resolve) => {
      written = resolve;
    });
    const late = db.transaction().execute(async (trx) => {
      await writeEvents(trx, 1, 'older');
      written();
      await held;
    });
    await isWritten;
    await writeEvents(second, 1, 'younger');
    await chain.linkWaiting();
    release();
    await late;
    await chain.linkWaiting();
    const { rows } = await sql<{ account_id: string }>`
      select e.account_id from audit_links l join audit_events e on e.id = l.event_id order by l.position`.execute(
      db,
    );
    expect(rows.map(({ account_id: id }) => id)).toEqual(['younger-1', 'older-1']);
    expect((await verify(db)).findings).toEqual([]);
  });

  test('C42: a node that dies in the middle of linking leaves nothing half done, and another one goes on', async () => {
    await writeEvents(db, 30, 'left');
    await node(db).linkWaiting();
    await writeEvents(db, 30, 'again');
    const key = await findInstanceSecret(db, sealer, 'audit-chain-key');
    const dying = second.transaction().execute(async (trx) => {
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(trx);
      await linkSome(trx, key ?? Buffer.alloc(0), 10);
      await sql`select pg_terminate_backend(${rows[0]?.pid}::integer)`.execute(db);
      await sql`select 1`.execute(trx);
    });
    await expect(dying).rejects.toThrow();
    expect(await waiting(db)).toBe(30);
    node(second).start();
    await untilLinked(db);
    expect((await verify(db)).findings).toEqual([]);
  });

  test('C42: connections that break while everybody writes and links lose and double nothing', async () => {
    for (const handle of [db, second, db, second]) node(handle, 5).start();
    const killer = await database.connect();
    let writing = true;
    const killing = (async () => {
      while (writing) {
        await sql`select pg_terminate_backend(a.pid)
          from pg_locks l join pg_stat_activity a on a.pid = l.pid
          where l.locktype = 'advisory' and a.datname = current_database() and l.granted limit 1`.execute(
          killer,
        );
        await pause(15);
      }
    })();
    for (let round = 0; round < 6; round += 1) await load([db, second], 20, 5);
    writing = false;
    await killing;
    await untilLinked(db);
    const { findings, verified } = await verify(db);
    expect(findings).toEqual([]);
    expect(verified.head.position).toBe(verified.links);
    expect(verified.waiting).toBe(0);
  });
});
