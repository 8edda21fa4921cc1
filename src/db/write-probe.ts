import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import type { Db } from './open.ts';

/** What the database said, and when it said so. */
export interface Probed {
  /** The database's clock in milliseconds. */
  databaseMs: number;
}

// Most of a page, in base64: there is hardly ever room for it without a new one.
const paddingBytes = 5400;

/**
 * Writes a row, as a sign-in does: fails on a server that is read-only, on a disk that is full, and where a
 * synchronous standby does not confirm.
 * @param largely asks for a new page of the disk; the table is swept by its own writers and by autovacuum.
 * @throws the database's own error.
 */
export async function probeWriting(db: Db, largely: boolean): Promise<Probed> {
  const padding = largely ? randomBytes(paddingBytes).toString('base64') : '';
  const { rows } = await sql<{ ms: number }>`
    with swept as (delete from write_probes where at < clock_timestamp() - interval '10 seconds')
    insert into write_probes (padding) values (${padding})
    returning (extract(epoch from clock_timestamp()) * 1000)::float8 as ms`.execute(db);
  return { databaseMs: rows[0]?.ms ?? Number.NaN };
}

/**
 * As `probeWriting`, for a database that nothing vacuums (PGlite): one row that is written over, whose place Postgres
 * uses again, so that the table stays as small as it is.
 */
export async function probeOneRow(db: Db): Promise<Probed> {
  const { rows } = await sql<{ ms: number }>`
    update write_probes set at = clock_timestamp()
    returning (extract(epoch from at) * 1000)::float8 as ms`.execute(db);
  return rows[0] === undefined ? probeWriting(db, false) : { databaseMs: rows[0].ms };
}
