import { sql } from 'kysely';
import type { Db } from './open.ts';

/**
 * Identifies this database: the cluster's identifier and the database's number in it. Neither is in a dump. A
 * failover changes neither; `pg_upgrade`, and a dump restored into a new database, change both or one.
 */
async function presentPlace(db: Db): Promise<string | undefined> {
  // A provider may withhold this function: then a restore is not detected, and nothing else is lost.
  const asked = await sql<{ may: boolean }>`
    select has_function_privilege('pg_control_system()', 'execute') as may`.execute(db);
  if (asked.rows[0]?.may !== true) return undefined;
  const { rows } = await sql<{ place: string }>`
    select s.system_identifier || '/' || d.oid as place
    from pg_control_system() s, pg_database d where d.datname = current_database()`.execute(db);
  return rows[0]?.place;
}

/** Records which database this is, where nothing is recorded yet. */
export async function noteInstallation(db: Db): Promise<void> {
  const place = (await presentPlace(db)) ?? null;
  await db
    .insertInto('installation')
    .values({ place })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
}

/**
 * Records this database as the present one.
 * @param restored whether what the restore brought back was ended; false when none of it was outdated.
 */
export async function renewInstallation(db: Db, restored: boolean): Promise<void> {
  const place = (await presentPlace(db)) ?? null;
  const renewed = {
    place,
    noted_at: sql<Date>`now()`,
    ...(restored ? { restored_at: sql<Date>`now()` } : { directory_at: sql<Date>`now()` }),
  };
  await db
    .insertInto('installation')
    .values(renewed)
    .onConflict((conflict) => conflict.column('id').doUpdateSet(renewed))
    .execute();
}

/** Records that the directory's state was imported in full. */
export async function noteDirectoryState(db: Db): Promise<void> {
  await db
    .insertInto('installation')
    .values({ place: (await presentPlace(db)) ?? null, directory_at: sql<Date>`now()` })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ directory_at: sql<Date>`now()` }))
    .execute();
}

export interface Installation {
  /** `elsewhere`: the data were made in another database, so they were restored from its dump. */
  state: 'same' | 'elsewhere' | 'unknown';
  /** After a restore, the directory's state has not been imported yet. */
  awaitsDirectory: boolean;
}

export async function installationOf(db: Db): Promise<Installation> {
  const noted = await db
    .selectFrom('installation')
    .select([
      'place',
      sql<boolean>`coalesce(restored_at > coalesce(directory_at, '-infinity'), false)`.as('awaits'),
    ])
    .executeTakeFirst();
  const present = await presentPlace(db);
  const awaitsDirectory = noted?.awaits ?? false;
  if (typeof noted?.place !== 'string' || present === undefined) return { state: 'unknown', awaitsDirectory };
  return { state: noted.place === present ? 'same' : 'elsewhere', awaitsDirectory };
}
