import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Db } from '../open.ts';
import { indexOf, type MigrationStep } from './load.ts';
import type { Patience } from './patience.ts';
import { withLockRetries } from './patience.ts';
import { executed, literal, noting, progressTable, together } from './progress.ts';

const run = (connection: Db, text: string) => sql.raw(text).execute(connection);

/** A step's name in progress lines: the beginning of its first statement. */
export function describeStep(step: MigrationStep): string {
  const [statement = ''] = 'transaction' in step ? step.transaction : Object.values(step);
  const words = statement.replaceAll(/--.*$/gm, '').replaceAll(/\s+/g, ' ').trim();
  return words.length > 60 ? `${words.slice(0, 60)}…` : words;
}

/** Runs one step and records that it is done; both in one transaction where possible. */
export async function carryOut(
  connection: Db,
  at: { name: string; steps: readonly MigrationStep[]; number: number; about: string },
  patience: Patience,
): Promise<void> {
  const step = at.steps[at.number - 1];
  if (step === undefined) throw new Error(`${at.about}: there is no such step`);
  const note = noting(at.name, at.steps, at.number);
  const inShort = `set lock_timeout = ${patience.lockTimeoutMs}`;
  // Waiting for these locks, or holding them, blocks no statement of a login.
  const patiently = 'set lock_timeout = 0';
  if ('transaction' in step) {
    await run(connection, inShort);
    const statement = together([...step.transaction.map(executed), note]);
    return withLockRetries(connection, at.about, patience, () =>
      run(connection, statement).then(() => undefined),
    );
  }
  if ('validate' in step) {
    await run(connection, patiently);
    const statement = together([executed(step.validate), note]);
    return withLockRetries(connection, at.about, patience, () =>
      run(connection, statement).then(() => undefined),
    );
  }
  if ('concurrently' in step) {
    await run(connection, patiently);
    await withLockRetries(connection, at.about, patience, () => makeIndex(connection, step.concurrently));
    await run(connection, note);
    return;
  }
  await run(connection, inShort);
  await fill(connection, at, step.batches, patience);
  await run(connection, note);
}

/** A failed attempt leaves an invalid index: it is dropped and created again. */
async function makeIndex(connection: Db, statement: string): Promise<void> {
  const index = indexOf(statement);
  if (index?.drops === false) {
    const { rows } = await sql<{ valid: boolean }>`
      select indisvalid and indisready as valid from pg_index where indexrelid = to_regclass(${index.name}::text)`.execute(
      connection,
    );
    const [found] = rows;
    if (found?.valid === true) return;
    if (found !== undefined) await run(connection, `drop index concurrently if exists ${index.name}`);
  }
  await run(connection, statement);
}

async function fill(
  connection: Db,
  at: { name: string; steps: readonly MigrationStep[]; number: number; about: string },
  batch: string,
  patience: Patience,
): Promise<void> {
  const row = `migration = ${literal(at.name)}`;
  const statement = together(
    [
      `select p.cursor into reached from ${progressTable} p where p.${row}`,
      `${executed(batch)} into reached using reached`,
      `update ${progressTable} set cursor = reached where ${row}`,
    ],
    'declare reached text;',
  );
  let toldAt = performance.now();
  for (;;) {
    const begun = performance.now();
    await withLockRetries(connection, at.about, patience, () =>
      run(connection, statement).then(() => undefined),
    );
    const { rows } = await sql<{ cursor: string | null }>`
      select cursor from ${sql.table(progressTable)} where migration = ${at.name}`.execute(connection);
    const cursor = rows[0]?.cursor ?? null;
    if (cursor === null) return;
    if (performance.now() - toldAt > 5000) {
      toldAt = performance.now();
      patience.report(`${at.about}: filled up to ${cursor}`);
    }
    // Half of the time is left to logins.
    await pause(Math.min(500, performance.now() - begun));
  }
}
