import { sql } from 'kysely';
import type { Sealer } from '../base/sealing.ts';
import { findInstanceSecret } from '../db/instance-secrets.ts';
import type { Db } from '../db/open.ts';
import type { Anchor } from './anchors.ts';
import type { Finding, Linked } from './findings.ts';
import { createInspection } from './inspection.ts';
import { headOf } from './linking.ts';
import { beginning, type ChainedEvent, chainedColumns, chainKeyName, type Link } from './links.ts';

export interface Verified {
  /** Links that were checked. */
  links: number;
  findings: number;
  /** Events so new that they still wait for their link. */
  waiting: number;
  head: Link;
  /** By the database's clock. */
  at: string;
}

const pageLength = 1000;

/**
 * Compares every event with its link, and the chain with the anchors. It reads page by page, so that its
 * memory does not grow with the log; events written meanwhile are left to the next run.
 * @param since where to begin: earlier links were deleted on purpose, and an anchor records where they ended.
 * @throws Error when the chain's key is missing or cannot be opened.
 */
export async function* verifyChain(
  deps: { db: Db; sealer: Sealer },
  anchors: readonly Anchor[] = [],
  since: Link = beginning,
): AsyncGenerator<Finding, Verified> {
  const { db } = deps;
  const head = await headOf(db);
  const key = await findInstanceSecret(db, deps.sealer, chainKeyName);
  if (key === undefined && head.position > 0)
    throw new Error('The key of the audit chain is gone from the database.');
  const inspection = createInspection(key ?? Buffer.alloc(0), anchors, since);
  let findings = 0;
  let links = 0;
  const count = (found: readonly Finding[]): readonly Finding[] => {
    findings += found.length;
    return found;
  };
  for await (const linked of linksBetween(db, since.position, head.position)) {
    links += 1;
    yield* count(inspection.next(linked));
  }
  yield* count(inspection.end(head));
  let waiting = 0;
  for await (const { id, state } of withoutLink(db)) {
    if (state === 'young') waiting += 1;
    else yield* count([{ kind: state, event: id }]);
  }
  const { rows } = await sql<{ at: Date }>`select now() as at`.execute(db);
  return { links, findings, waiting, head, at: (rows[0]?.at ?? new Date()).toISOString() };
}

async function* linksBetween(db: Db, first: number, last: number): AsyncGenerator<Linked> {
  let after = first;
  while (after < last) {
    const { rows } = await sql<
      ChainedEvent & { position: string; event_id: string; digest: string; present: boolean }
    >`
      select l.position::text as position, l.event_id::text as event_id, l.digest, e.id is not null as present,
        ${chainedColumns}
      from (select * from audit_links
        where position > ${after}::bigint and position <= ${last}::bigint
        order by position limit ${sql.lit(pageLength)}) l
      -- the page first: a plan for any parameters would join all that follows, once a page
      left join audit_events e on e.id = l.event_id
      order by l.position`.execute(db);
    if (rows.length === 0) return;
    for (const row of rows) {
      after = Number(row.position);
      yield {
        link: { position: after, digest: row.digest },
        eventId: row.event_id,
        event: row.present ? row : undefined,
      };
    }
  }
}

/** Events without a link: those that wait for it, and those that were never linked. */
async function* withoutLink(db: Db): AsyncGenerator<{ id: string; state: 'young' | 'unlinked' | 'added' }> {
  let after = '-9223372036854775808';
  for (;;) {
    // An event and its queue row are committed together: one query sees the queue row, or a link, or neither.
    const { rows } = await sql<{ id: string; state: 'young' | 'unlinked' | 'added' }>`
      select e.id::text as id, case when u.event_id is null then 'added'
        when e.at between now() - interval '1 minute' and now() + interval '1 minute' then 'young'
        else 'unlinked' end as state
      from audit_events e left join audit_unlinked u on u.event_id = e.id
      where e.id > ${after}::bigint and not exists (select from audit_links l where l.event_id = e.id)
      order by e.id limit ${pageLength}`.execute(db);
    for (const row of rows) {
      after = row.id;
      yield row;
    }
    if (rows.length < pageLength) return;
  }
}
