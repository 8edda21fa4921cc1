import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import type { Db } from './open.ts';

/** What the database answered, and when. */
export interface Probed {
  /** The database's clock in milliseconds. */
  databaseMs: number;
}

// Most of a page, in base64: it rarely fits without a new page.
const paddingBytes = 5400;

/**
 * Writes a row, as a sign-in does: it fails on a read-only server, on a full disk, and where a synchronous
 * standby does not confirm.
 * @param largely asks for a new page on disk; the writers themselves and autovacuum sweep the table.
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
 * Like `probeWriting`, for a database without vacuum (PGlite): it overwrites one row, whose space Postgres
 * reuses, so that the table does not grow.
 */
export async function probeOneRow(db: Db): Promise<Probed> {
  const { rows } = await sql<{ ms: number }>`
    update write_probes set at = clock_timestamp()
    returning (extract(epoch from at) * 1000)::float8 as ms`.execute(db);
  return rows[0] === undefined ? probeWriting(db, false) : { databaseMs: rows[0].ms };
}
