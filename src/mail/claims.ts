import { sql } from 'kysely';
import type { Db } from '../db/open.ts';
import type { Locale } from '../i18n/locale.ts';

/** A mail that only this node may send until its lease ends. */
export interface ClaimedMail {
  id: string;
  challengeId: string | null;
  kind: string;
  locale: Locale;
  to: string;
  model: Record<string, unknown>;
  /** Counts the claims; also distinguishes this claim from a later one by another node. */
  attempt: number;
  /** How many earlier attempts failed after the whole mail was sent. */
  unconfirmed: number;
  createdAt: Date;
  /** The mail or its challenge has expired: it must not be sent. */
  expired: boolean;
}

// A used, replaced or expired code is of no use to its owner and would only confuse them.
const isOver = sql<boolean>`(m.expires_at <= now() or (m.challenge_id is not null and not exists (
  select from challenges c where c.id = m.challenge_id
    and c.consumed_at is null and c.voided_at is null and c.expires_at > now())))`;

/**
 * Claims one due mail for `leaseMs`: the one named by `id`, or the one that has waited longest, codes before
 * notices. It is one conditional statement, so only one node gets the mail. If that node dies, the mail is
 * due again when the lease ends.
 */
export async function claimMail(db: Db, leaseMs: number, id?: string): Promise<ClaimedMail | undefined> {
  const which = id === undefined ? sql`true` : sql`m.id = ${id}`;
  const { rows } = await sql<ClaimedMail>`
    with due as (
      select m.id, ${isOver} as over from mails m
      where m.state = 'waiting' and m.next_attempt_at <= now() and ${which}
      order by m.challenge_id is null, m.next_attempt_at
      limit 1 for update of m skip locked
    )
    update mails m set
      state = case when due.over then 'expired' else 'waiting' end,
      attempts = least(m.attempts + 1, 32767),
      next_attempt_at = now() + make_interval(secs => ${leaseMs / 1000}),
      model = case when due.over then '{}' else m.model end
    from due where m.id = due.id
    returning m.id, m.challenge_id as "challengeId", m.kind, m.locale, m.to_address as "to", m.model,
      m.attempts::int as attempt, m.unconfirmed::int as unconfirmed, m.created_at as "createdAt", due.over as expired`.execute(
    db,
  );
  return rows[0];
}

/** Records that the server took the mail. @returns seconds since it was written, by the database's clock. */
export async function recordHandedOver(db: Db, mail: ClaimedMail, reply: string): Promise<number> {
  // Overrides any state that another node has recorded meanwhile: the mail was handed over.
  const { rows } = await sql<{ seconds: number }>`
    update mails set state = 'handed-over', handed_over_at = now(), server_reply = ${reply}, model = '{}'
    where id = ${mail.id} and state <> 'handed-over'
    returning extract(epoch from now() - created_at)::float8 as seconds`.execute(db);
  return rows[0]?.seconds ?? 0;
}

/** Records a temporary failure: the mail is tried again after the pause, unless it expires before that. */
export async function recordRetry(
  db: Db,
  mail: ClaimedMail,
  { reply, unconfirmed, pauseMs }: { reply: string; unconfirmed: boolean; pauseMs: number },
): Promise<'waiting' | 'expired' | undefined> {
  const again = sql`now() + make_interval(secs => ${pauseMs / 1000})`;
  const { rows } = await sql<{ state: 'waiting' | 'expired' }>`
    update mails set
      server_reply = ${reply},
      unconfirmed = unconfirmed + ${unconfirmed ? 1 : 0}::int,
      next_attempt_at = ${again},
      state = case when ${again} < expires_at then 'waiting' else 'expired' end,
      model = case when ${again} < expires_at then model else '{}' end
    where ${stillOurs(mail)} returning state`.execute(db);
  return rows[0]?.state;
}

/** Records that the server refused the mail permanently. */
export async function recordRefusal(db: Db, mail: ClaimedMail, reply: string): Promise<void> {
  await sql`update mails set state = 'refused', server_reply = ${reply}, model = '{}'
    where ${stillOurs(mail)}`.execute(db);
}

/** Releases the claim when this node stops: another node may send the mail at once. */
export async function release(db: Db, mail: ClaimedMail, unconfirmed: boolean): Promise<void> {
  await sql`update mails set next_attempt_at = now(), unconfirmed = unconfirmed + ${unconfirmed ? 1 : 0}::int
    where ${stillOurs(mail)}`.execute(db);
}

function stillOurs(mail: ClaimedMail) {
  return sql`id = ${mail.id} and state = 'waiting' and attempts = ${mail.attempt}`;
}
