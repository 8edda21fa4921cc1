import { type Expression, type RawBuilder, sql } from 'kysely';
import type { Db } from '../db/open.ts';

/** At most `max` hits within any `seconds` (a sliding window, by the database's clock). */
export interface Limit {
  key: string;
  max: number;
  seconds: number;
}

export type Hit = { allowed: true } | { allowed: false; retryAfterSeconds: number };

/**
 * The statement that counts one hit when the window has room, and then returns one row: alone in
 * `hit`, or as a CTE where a hot path saves a round trip. `when`: counts only if this holds too.
 */
export function countHit(limit: Limit, when: Expression<unknown> = sql`true`): RawBuilder<{ key: string }> {
  const window = sql`make_interval(secs => ${limit.seconds})`;
  const now = sql`clock_timestamp()`;
  return sql`
    insert into limits as l (key, hits, expires_at)
    select ${limit.key}::text, array[${now}], ${now} + ${window} where ${when}
    on conflict (key) do update set
      hits = array(select h from unnest(l.hits) h where h > ${now} - ${window} order by h) || ${now},
      expires_at = ${now} + ${window}
    where (select count(*) from unnest(l.hits) h where h > ${now} - ${window}) < ${limit.max}
    returning key`;
}

/**
 * Counts one hit, in one conditional statement: of any number of parallel calls on any number of
 * nodes at most `max` are allowed (E2, E3). Count before comparing a secret, never after.
 */
export async function hit(db: Db, limit: Limit): Promise<Hit> {
  const counted = await countHit(limit).execute(db);
  if (counted.rows.length > 0) return { allowed: true };
  const window = sql`make_interval(secs => ${limit.seconds})`;
  const now = sql`clock_timestamp()`;
  const { rows } = await sql<{ seconds: number }>`
    select ceil(extract(epoch from min(h) + ${window} - ${now}))::int as seconds
    from limits, unnest(hits) h where key = ${limit.key} and h > ${now} - ${window}`.execute(db);
  return { allowed: false, retryAfterSeconds: Math.max(1, rows[0]?.seconds ?? 1) };
}

/** Whether the window is full, without counting; seconds until it is not. */
export async function peek(db: Db, limit: Limit): Promise<Hit> {
  const { rows } = await sql<{ count: number; seconds: number | null }>`
    select count(*)::int as count,
      ceil(extract(epoch from min(h) + make_interval(secs => ${limit.seconds}) - clock_timestamp()))::int as seconds
    from limits, unnest(hits) h
    where key = ${limit.key} and h > clock_timestamp() - make_interval(secs => ${limit.seconds})`.execute(db);
  const row = rows[0];
  if (row === undefined || row.count < limit.max) return { allowed: true };
  return { allowed: false, retryAfterSeconds: Math.max(1, row.seconds ?? 1) };
}

/**
 * The statement that takes back the newest hit of each key; for a CTE as `countHit`. Rows are locked in the
 * order of their keys: name keys that are counted together so that they sort in the order of counting.
 */
export function takeBackHits(...keys: readonly string[]): RawBuilder<Record<string, never>> {
  return sql`
    update limits set hits = hits[1:cardinality(hits) - 1]
    where key in (select key from limits where key in (${sql.join(keys)})
      order by key collate "C" for update)
      and cardinality(hits) > 0`;
}

/** Takes back the newest hit, when what it counted turned out not to be a failure. */
export async function release(db: Db, ...keys: readonly string[]): Promise<void> {
  if (keys.length > 0) await takeBackHits(...keys).execute(db);
}

/** Deletes expired windows. @returns how many. */
export async function forgetExpiredLimits(db: Db, batch = 1000): Promise<number> {
  const result = await sql`
    delete from limits where ctid = any(array(select ctid from limits where expires_at < now() order by expires_at
      limit ${sql.lit(batch)} for update skip locked))`.execute(db);
  return Number(result.numAffectedRows ?? 0n);
}
