import { sql } from 'kysely';
import type { Db } from '../db/open.ts';
import { beginning, type ChainedEvent, chainedColumns, digestOf, type Link } from './links.ts';

/** The result of one linking transaction, by the events' numbers. */
export interface LinkedNow {
  linked: number;
  /** Queued, but missing: their place in the chain records that. */
  gone: string[];
  /** Queued, but already linked. */
  strays: string[];
}

/** Gives the queued events, oldest first, their places; in a transaction that holds the chain's lock. */
export async function linkSome(trx: Db, key: Buffer, batch: number): Promise<LinkedNow> {
  // A queued event that is already linked was queued by hand; it must not stop the others.
  const { rows } = await sql<ChainedEvent & { event_id: string; stray: boolean; present: boolean }>`
    select u.event_id::text as event_id, l.event_id is not null as stray, e.id is not null as present,
      ${chainedColumns}
    from audit_unlinked u left join audit_events e on e.id = u.event_id
      left join audit_links l on l.event_id = u.event_id
    order by u.event_id limit ${batch}`.execute(trx);
  if (rows.length === 0) return { linked: 0, gone: [], strays: [] };
  let last = await headOf(trx);
  const fresh = rows.filter(({ stray }) => !stray);
  const links = fresh.map((row) => {
    const position = last.position + 1;
    const digest = digestOf(key, last.digest, position, row.event_id, row.present ? row : undefined);
    last = { position, digest };
    return { position: String(position), event_id: row.event_id, digest };
  });
  await sql`
    insert into audit_links (position, event_id, digest)
    select l.position, l.event_id, l.digest
    from jsonb_to_recordset(${JSON.stringify(links)}::jsonb)
      as l(position bigint, event_id bigint, digest text)`.execute(trx);
  await sql`
    delete from audit_unlinked where event_id in (
      select w::bigint from jsonb_array_elements_text(${JSON.stringify(rows.map(({ event_id: id }) => id))}::jsonb) w)`.execute(
    trx,
  );
  return {
    linked: links.length,
    gone: fresh.filter(({ present }) => !present).map(({ event_id: id }) => id),
    strays: rows.filter(({ stray }) => stray).map(({ event_id: id }) => id),
  };
}

/** The last link of the chain. */
export async function headOf(db: Db): Promise<Link> {
  const { rows } = await sql<{ position: string; digest: string }>`
    select l.position::text as position, l.digest from audit_links l order by l.position desc limit 1`.execute(
    db,
  );
  const [row] = rows;
  return row === undefined ? beginning : { position: Number(row.position), digest: row.digest };
}
