import { sql } from 'kysely';
import type { Db } from '../db/open.ts';

/** A queue over all nodes: one entry may start every `everyMs`, and the queue is `longestMs` long at most. */
export interface Pace {
  key: string;
  everyMs: number;
  longestMs: number;
}

/**
 * Takes the next place in the queue, in one statement; nothing is locked during the wait.
 * @returns the milliseconds until the caller may start; undefined where the queue is full.
 */
export async function takePlace(db: Db, { key, everyMs, longestMs }: Pace): Promise<number | undefined> {
  const now = sql`clock_timestamp()`;
  const milliseconds = (count: number) => sql`make_interval(secs => ${count / 1000}::float8)`;
  // `hits` holds one time here: when the last entry that waits may start.
  const { rows } = await sql<{ wait: number }>`
    insert into limits as l (key, hits, expires_at)
    values (${key}::text, array[${now} + ${milliseconds(everyMs)}], ${now} + ${milliseconds(longestMs * 2)})
    on conflict (key) do update set
      hits = array[greatest(l.hits[1], ${now}) + ${milliseconds(everyMs)}],
      expires_at = ${now} + ${milliseconds(longestMs * 2)}
    where coalesce(l.hits[1], ${now}) < ${now} + ${milliseconds(longestMs)}
    returning greatest(0, extract(epoch from hits[1] - ${now}) * 1000)::float8 as wait`.execute(db);
  return rows[0]?.wait;
}
