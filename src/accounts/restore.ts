import { sql } from 'kysely';
import { recordAudit } from '../audit/audit.ts';
import { renewInstallation } from '../db/installation.ts';
import type { Db } from '../db/open.ts';
import { inTransaction } from '../db/transaction.ts';
import { voidSetUpPasses } from './ended-passes.ts';
import { endPayloads } from './ended-payloads.ts';

/** What a restore brings back, and how much of each was ended (or would be). */
export interface EndedAfterRestore {
  sessions: number;
  /** Tokens, grants, codes and unfinished requests of services. */
  tokens: number;
  /** Logins and changes in progress. */
  logins: number;
  mailCodes: number;
  links: number;
  setUpPasses: number;
  trustedBrowsers: number;
  /** Mails that were waiting at the dump, and would be sent a second time. */
  mails: number;
  /** Apps whose codes of the last minute are refused. */
  apps: number;
}

const batchSize = 2000;
// The present step, and the next one, which may be used a little early (R26).
const latestStep = sql<number>`floor(extract(epoch from clock_timestamp()) / 30)::bigint + 1`;
const now = sql<Date>`now()`;

/** Counts what there is to end; changes nothing. */
export async function countAfterRestore(db: Db): Promise<EndedAfterRestore> {
  const { rows } = await sql<EndedAfterRestore>`select
    (select count(*)::int from oidc_payloads where model = 'Session' and account_id is not null and expires_at > now()) as sessions,
    (select count(*)::int from oidc_payloads where model <> 'Session') as tokens,
    (select count(*)::int from sign_ins) + (select count(*)::int from factor_changes
      where finished_at is null and expires_at > now()) as logins,
    (select count(*)::int from challenges where consumed_at is null and voided_at is null
      and expires_at > now()) as "mailCodes",
    (select count(*)::int from notice_links where used_at is null and expires_at > now()) as links,
    (select count(*)::int from setup_passes where finished_at is null and voided_at is null
      and (used_at is not null or expires_at > now())) as "setUpPasses",
    (select count(*)::int from trusted_browsers where ended_at is null) as "trustedBrowsers",
    (select count(*)::int from mails where state = 'waiting') as mails,
    (select count(*)::int from app_factors where state = 'active' and last_step < ${latestStep}) as apps`.execute(
    db,
  );
  const [counted] = rows;
  if (counted === undefined) throw new Error('nothing was counted');
  return counted;
}

/**
 * Ends what a restore brings back: whatever was used, ended or revoked since the dump would be valid a
 * second time. Services of the sessions are told. It is safe to repeat, and to interrupt: what is ended
 * stays ended.
 * @param at the moment that the data date from, for the record.
 */
export async function endAfterRestore(db: Db, actor: string, at: string): Promise<EndedAfterRestore> {
  const counted = await countAfterRestore(db);
  await endAllPayloads(db);
  await inTransaction(db, async (trx) => {
    await trx
      .updateTable('challenges')
      .set({ voided_at: now })
      .where('consumed_at', 'is', null)
      .where('voided_at', 'is', null)
      .execute();
    await trx.deleteFrom('sign_ins').execute();
    await trx
      .updateTable('factor_changes')
      .set({ expires_at: now })
      .where('finished_at', 'is', null)
      .where('expires_at', '>', now)
      .execute();
    await trx.deleteFrom('passkey_challenges').execute();
    await trx
      .updateTable('notice_links')
      .set({ expires_at: now })
      .where('used_at', 'is', null)
      .where('expires_at', '>', now)
      .execute();
    // The browsers' cookies have changed since: each would look like a copy, and its user be told of a
    // theft.
    await trx
      .updateTable('trusted_browsers')
      .set({ ended_at: now, ended_why: 'restored' })
      .where('ended_at', 'is', null)
      .execute();
    await trx.updateTable('mails').set({ state: 'expired' }).where('state', '=', 'waiting').execute();
    await trx
      .updateTable('app_factors')
      .set({ last_step: latestStep })
      .where('state', '=', 'active')
      .where('last_step', '<', latestStep)
      .execute();
  });
  await voidAllPasses(db, actor);
  // Logins that a node already running has finished meanwhile.
  await endAllPayloads(db);
  await inTransaction(db, async (trx) => {
    await recordAudit(trx, undefined, {
      event: 'database.restored',
      result: 'success',
      actor,
      details: { at, ...counted },
    });
    await renewInstallation(trx, true);
  });
  return counted;
}

async function endAllPayloads(db: Db): Promise<void> {
  for (;;) {
    const { rows } = await sql`select from oidc_payloads limit 1`.execute(db);
    if (rows.length === 0) return;
    await inTransaction(db, (trx) =>
      endPayloads(trx, sql<boolean>`p.ctid in (select ctid from oidc_payloads limit ${batchSize})`),
    );
  }
}

async function voidAllPasses(db: Db, actor: string): Promise<void> {
  const holders = await db
    .selectFrom('setup_passes')
    .select('account_id')
    .distinct()
    .where('finished_at', 'is', null)
    .where('voided_at', 'is', null)
    .execute();
  for (const { account_id: accountId } of holders)
    await inTransaction(db, async (trx) => {
      await trx.selectFrom('accounts').select('id').where('id', '=', accountId).forUpdate().execute();
      await voidSetUpPasses(trx, accountId, 'withdrawn', { actor });
    });
}
