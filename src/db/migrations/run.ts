import { setTimeout as pause } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import type { Db } from '../open.ts';
import type { LoadedMigration, MigrationStep } from './load.ts';
import { type Patience, withLockRetries } from './patience.ts';
import {
  executedMigrations,
  exists,
  forget,
  noteFinished,
  prepareTables,
  progressOf,
  progressTable,
  together,
} from './progress.ts';
import { carryOut, describeStep } from './steps.ts';

// Kysely's migrator uses the same lock: `nijo migrate` of an earlier release and this one exclude each other.
const lockNumber = '3853314791062309107';

/**
 * Applies the pending migrations, one process at a time, on a dedicated connection.
 * @returns the names of the migrations applied here.
 */
export async function runPending(
  db: Db,
  migrations: readonly LoadedMigration[],
  patience: Patience,
): Promise<string[]> {
  const pending = async (connection: Db) => {
    const done = new Set(await executedMigrations(connection));
    return migrations.filter(({ name }) => !done.has(name));
  };
  return db.connection().execute(async (connection) => {
    if ((await pending(connection)).length === 0 && !(await exists(connection, progressTable))) return [];
    await acquireMigrationLock(connection, patience);
    try {
      await sql.raw('set statement_timeout = 0').execute(connection);
      // A node that stalls in the middle of a transaction must not keep its locks.
      await sql.raw(`set idle_in_transaction_session_timeout = '10s'`).execute(connection);
      const mine = await pending(connection);
      if (mine.length > 0) await prepareTables(connection);
      for (const migration of mine) await carryOutWhole(connection, migration, patience);
      await sql.raw(`drop table if exists ${progressTable}`).execute(connection);
      return mine.map(({ name }) => name);
    } finally {
      await giveBack(connection);
    }
  });
}

/**
 * Polls for the lock rather than queueing: a waiting statement has a snapshot, and `create index
 * concurrently` waits for the end of every snapshot.
 */
async function acquireMigrationLock(connection: Db, { report }: Patience): Promise<void> {
  for (let round = 0; ; round += 1) {
    const { rows } = await sql<{ mine: boolean }>`
      select pg_try_advisory_lock(${lockNumber}::bigint) as mine`.execute(connection);
    if (rows[0]?.mine === true) return;
    if (round === 0) report('another process is migrating this database: waiting for it');
    await pause(300);
  }
}

/** Resets the connection. If the connection broke, the server has released the lock with it. */
async function giveBack(connection: Db): Promise<void> {
  try {
    await sql`select pg_advisory_unlock(${lockNumber}::bigint)`.execute(connection);
    for (const setting of ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'])
      await sql.raw(`reset ${setting}`).execute(connection);
  } catch {
    // The earlier error says more than this one.
  }
}

async function carryOutWhole(connection: Db, migration: LoadedMigration, patience: Patience): Promise<void> {
  const { name, work } = migration;
  if ('steps' in work) {
    await carryOutSteps(connection, name, work.steps, patience);
    return;
  }
  patience.report(name);
  await sql.raw(`set lock_timeout = ${patience.lockTimeoutMs}`).execute(connection);
  await withLockRetries(connection, name, patience, () =>
    connection.transaction().execute(async (trx) => {
      await work.up(trx as unknown as Kysely<unknown>);
      await sql.raw(noteFinished(name)).execute(trx);
    }),
  );
}

async function carryOutSteps(
  connection: Db,
  name: string,
  steps: readonly MigrationStep[],
  patience: Patience,
): Promise<void> {
  const done = await progressOf(connection, name, steps);
  if (done > 0) patience.report(`${name}: goes on after step ${done} of ${steps.length}`);
  for (const [index, step] of steps.entries()) {
    if (index < done) continue;
    const about = `${name}, step ${index + 1} of ${steps.length}`;
    patience.report(`${about}: ${describeStep(step)}`);
    await carryOut(connection, { name, steps, number: index + 1, about }, patience);
  }
  await sql.raw(together([noteFinished(name), forget(name)])).execute(connection);
}
