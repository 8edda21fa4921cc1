import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Kysely } from 'kysely';

/**
 * One step of a migration (CONTRIBUTING.md, "Migrations"). A finished step stays done if a later one fails.
 * - `transaction`: statements that need a brief lock and scan nothing; sent as one, so that no round trip
 *   extends a lock.
 * - `concurrently`: `create index concurrently` or `drop index concurrently`, outside a transaction.
 * - `validate`: `alter table … validate constraint`, under a lock that blocks no login.
 * - `batches`: fills rows. `$1` is the cursor that the previous batch returned, null for the first one; it
 *   returns one row with the next cursor as text, null when nothing is left.
 */
export type MigrationStep =
  | { transaction: readonly string[] }
  | { concurrently: string }
  | { validate: string }
  | { batches: string };

/** A migration: either steps, or a function that runs as a whole in one short transaction. */
export interface LoadedMigration {
  name: string;
  work: { steps: readonly MigrationStep[] } | { up: (db: Kysely<unknown>) => Promise<void> };
}

export const migrationFolder = path.join(import.meta.dirname, '../../../migrations');

const fileName = /^(\d{4}-[a-z0-9-]+)\.ts$/;
const onlyText = (value: unknown): value is string => typeof value === 'string' && value.trim() !== '';

function isStep(step: unknown): step is MigrationStep {
  if (typeof step !== 'object' || step === null) return false;
  const [[kind, value] = [], ...others] = Object.entries(step);
  if (others.length > 0) return false;
  if (kind === 'transaction') return Array.isArray(value) && value.length > 0 && value.every(onlyText);
  if (kind === 'concurrently') return onlyText(value) && indexOf(value) !== undefined;
  return (kind === 'validate' || kind === 'batches') && onlyText(value);
}

/** The index that a `concurrently` step creates or drops. */
export function indexOf(statement: string): { name: string; drops: boolean } | undefined {
  const made =
    /^\s*create\s+(?:unique\s+)?index\s+concurrently\s+(?:if\s+not\s+exists\s+)?([a-z0-9_]+)\s+on\s/i.exec(
      statement,
    );
  if (made?.[1] !== undefined) return { name: made[1], drops: false };
  const dropped = /^\s*drop\s+index\s+concurrently\s+if\s+exists\s+([a-z0-9_]+)\s*$/i.exec(statement);
  return dropped?.[1] === undefined ? undefined : { name: dropped[1], drops: true };
}

function readModule(name: string, module: { up?: unknown; steps?: unknown }): LoadedMigration {
  const { up, steps } = module;
  if (typeof up === 'function' && steps === undefined)
    return { name, work: { up: up as (db: Kysely<unknown>) => Promise<void> } };
  if (up !== undefined || !Array.isArray(steps))
    throw new Error(`migration ${name} must export either \`steps\` (an array) or \`up\` (a function)`);
  for (const [index, step] of steps.entries()) {
    if (!isStep(step))
      throw new Error(
        `migration ${name}: step ${index + 1} must be one of { transaction: [sql, …] }, { concurrently: 'create index concurrently NAME on …' or 'drop index concurrently if exists NAME' }, { validate: sql }, { batches: sql }`,
      );
  }
  return { name, work: { steps: steps as MigrationStep[] } };
}

/** All migrations of a folder, in order. */
export async function loadMigrations(folder = migrationFolder): Promise<LoadedMigration[]> {
  const names = (await readdir(folder)).flatMap((file) => fileName.exec(file)?.[1] ?? []).toSorted();
  return Promise.all(
    names.map(async (name) =>
      readModule(
        name,
        (await import(pathToFileURL(path.join(folder, `${name}.ts`)).href)) as {
          up?: unknown;
          steps?: unknown;
        },
      ),
    ),
  );
}
