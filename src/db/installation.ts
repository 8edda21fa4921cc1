import { sql } from 'kysely';
import type { Db } from './open.ts';

/**
 * Which database this is: the cluster's identifier and the database's number in it. Neither is part of a dump.
 * A failover changes neither; `pg_upgrade`, and a dump restored into a new database, change both or one.
 */
async function presentPlace(db: Db): Promise<string | undefined> {
  // A provider may keep the function to itself: then a restore is not noticed, and nothing else is lost.
  const asked = await sql<{ may: boolean }>`
    select has_function_privilege('pg_control_system()', 'execute') as may`.execute(db);
  if (asked.rows[0]?.may !== true) return undefined;
  const { rows } = await sql<{ place: string }>`
    select s.system_identifier || '/' || d.oid as place
    from pg_control_system() s, pg_database d where d.datname = current_database()`.execute(db);
  return rows[0]?.place;
}

/** Notes which database this is, where nothing is noted yet. */
export async function noteInstallation(db: Db): Promise<void> {
  const place = (await presentPlace(db)) ?? null;
  await db
    .insertInto('installation')
    .values({ place })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
}

/**
 * This is the database from here on.
 * @param restored whether what the restore had brought back was ended; otherwise nothing of it was older.
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

/** The directory's state came in, whole. */
export async function noteDirectoryState(db: Db): Promise<void> {
  await db
    .insertInto('installation')
    .values({ place: (await presentPlace(db)) ?? null, directory_at: sql<Date>`now()` })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ directory_at: sql<Date>`now()` }))
    .execute();
}

export interface Installation {
  /** `elsewhere`: these data were made in another database, so they were restored from a dump of it. */
  state: 'same' | 'elsewhere' | 'unknown';
  /** After a restore, nobody has said yet who has left meanwhile. */
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
