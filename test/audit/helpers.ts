import { sql } from 'kysely';
import { recordAudit, type RequestOrigin } from '../../src/audit/audit.ts';
import type { Anchor } from '../../src/audit/anchors.ts';
import type { Finding } from '../../src/audit/findings.ts';
import { type Verified, verifyChain } from '../../src/audit/verify.ts';
import type { Db } from '../../src/db/open.ts';
import { testSealer } from '../support/sealer.ts';

export const origin: RequestOrigin = { requestId: 'r-1', address: '192.0.2.7', node: 'node-a' };

/** So many events, each in a statement of its own. @returns their ids, oldest first. */
export async function writeEvents(db: Db, count: number, name = 'account'): Promise<string[]> {
  for (let number = 1; number <= count; number += 1)
    await recordAudit(db, origin, {
      event: 'password.verified',
      result: 'success',
      accountId: `${name}-${number}`,
      details: { zeta: number, alpha: `é "${number}"`, yes: true },
    });
  const rows = await db
    .selectFrom('audit_events')
    .select(sql<string>`id::text`.as('id'))
    .where('account_id', 'like', `${name}-%`)
    .orderBy('audit_events.id')
    .execute();
  return rows.map(({ id }) => id);
}

/** Everything that a verification says. */
export async function verify(
  db: Db,
  anchors: readonly Anchor[] = [],
  sealer = testSealer(),
  since?: Anchor,
): Promise<{ findings: Finding[]; verified: Verified }> {
  const findings: Finding[] = [];
  const run = verifyChain({ db, sealer }, anchors, since);
  for (;;) {
    const next = await run.next();
    if (next.done === true) return { findings, verified: next.value };
    findings.push(next.value);
  }
}

class Undone extends Error {}

/** Does what only a superuser can, past every trigger, looks, and undoes it. */
export async function tampered<Result>(
  db: Db,
  tamper: (trx: Db) => Promise<unknown>,
  look: (trx: Db) => Promise<Result>,
): Promise<Result> {
  let seen: { result: Result } | undefined;
  await db
    .transaction()
    .execute(async (trx) => {
      for (const table of ['audit_events', 'audit_links'])
        await sql`alter table ${sql.table(table)} disable trigger all`.execute(trx);
      await tamper(trx);
      seen = { result: await look(trx) };
      throw new Undone();
    })
    .catch((error: unknown) => {
      if (!(error instanceof Undone)) throw error;
    });
  if (seen === undefined) throw new Error('nobody looked');
  return seen.result;
}
