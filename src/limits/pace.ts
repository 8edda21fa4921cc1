import { sql } from 'kysely';
import type { Db } from '../db/open.ts';

/** A queue over all nodes, in which one may start every `everyMs`, and that is `longestMs` long at most. */
export interface Pace {
  key: string;
  everyMs: number;
  longestMs: number;
}

/**
 * Takes the next place of the queue, in one statement; nobody holds anything while they wait.
 * @returns the milliseconds after which it is one's turn; undefined where the queue is full.
 */
export async function takePlace(db: Db, { key, everyMs, longestMs }: Pace): Promise<number | undefined> {
  const now = sql`clock_timestamp()`;
  const milliseconds = (count: number) => sql`make_interval(secs => ${count / 1000}::float8)`;
  // `hits` holds one time here: when the last one who waits may start.
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
