import { sql } from 'kysely';
import { newId, newLabel } from '../../src/base/ids.ts';
import type { Sealer } from '../../src/base/sealing.ts';
import type { Configuration, ConfigurationInput } from '../../src/config/schema.ts';
import type { Db } from '../../src/db/open.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import { lockAccount } from '../../src/accounts/account-lock.ts';
import { createSecondFactor } from '../../src/factors/second-factor.ts';
import type { SetUpPasses } from '../../src/factors/setup-pass/passes.ts';

const days = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;

/** A support centre that is always open: for a cluster, whose nodes write their hours at start. */
export const alwaysOpen = {
  hours: Object.fromEntries(days.map((day) => [day, ['00:00-24:00']])),
  holidays: 'none',
} as unknown as NonNullable<ConfigurationInput['desk']>;

/** A pass as the desk has given it out. */
export interface IssuedPass {
  digits: string;
  caseId: string;
  passId: string;
  staffId: string;
  expiresAt: Date;
}

/** The same always open for a database without a node. */
export async function openAlways(db: Db): Promise<void> {
  await sql`update desk_calendar set weekly = (select jsonb_agg(jsonb_build_object(
    'weekday', d, 'opens', '00:00', 'closes', '24:00')) from generate_series(1, 7) d)`.execute(db);
  await sql`delete from desk_days`.execute(db);
}

/** What gives passes out beside the nodes of a cluster. */
export function passesOf(cluster: { config: Configuration; sealer: Sealer }, db: Db): SetUpPasses {
  const { config, sealer } = cluster;
  return createSecondFactor({ db, sealer, config, handOver: () => undefined }).passes;
}

/** Staff, case, check, approval and pass, as the desk writes them; the database checks every one. */
export async function issuePass(
  db: Db,
  passes: Pick<SetUpPasses, 'issue'>,
  accountId: string,
  lifetimeMinutes = 60,
): Promise<IssuedPass> {
  const staffId = newId();
  const caseId = newId();
  const checkId = newId();
  await db
    .insertInto('accounts')
    .values({ id: staffId, login_id: `desk-${staffId}`, kind: 'ecs', roles: ['desk'] })
    .execute();
  return inTransaction(db, async (trx) => {
    await lockAccount(trx, accountId);
    await trx
      .insertInto('desk_cases')
      .values({
        id: caseId,
        number: `${newLabel(4)}-${newLabel(4)}`,
        account_id: accountId,
        login_id: accountId,
        reason: 'lost-device',
        source: 'desk',
        locale: 'en',
        opened_by: staffId,
      })
      .execute();
    await trx
      .insertInto('identity_checks')
      .values({
        id: checkId,
        case_id: caseId,
        method: 'in-person',
        evidence: 'university-card',
        checked_by: staffId,
      })
      .execute();
    await trx
      .insertInto('desk_approvals')
      .values({ id: newId(), case_id: caseId, check_id: checkId, approved_by: staffId, break_glass: false })
      .execute();
    const issued = await passes.issue(trx, { caseId, accountId, issuedBy: staffId, lifetimeMinutes });
    const { id: passId } = await trx
      .selectFrom('setup_passes')
      .select('id')
      .where('case_id', '=', caseId)
      .executeTakeFirstOrThrow();
    return { ...issued, caseId, passId, staffId };
  });
}

/** The time of a pass is over. Nobody can prolong one; shortening it is allowed. */
export async function letPassExpire(db: Db, { passId }: Pick<IssuedPass, 'passId'>): Promise<void> {
  await db
    .updateTable('setup_passes')
    .set({ expires_at: sql<Date>`now() - interval '1 second'` })
    .where('id', '=', passId)
    .execute();
}

/** How a pass and its case stand. */
export async function passState(
  db: Db,
  { passId }: Pick<IssuedPass, 'passId'>,
): Promise<{ used: boolean; finished: boolean; voided: string | null; state: string }> {
  return db
    .selectFrom('setup_passes as p')
    .innerJoin('desk_cases as c', 'c.id', 'p.case_id')
    .select([
      sql<boolean>`p.used_at is not null`.as('used'),
      sql<boolean>`p.finished_at is not null`.as('finished'),
      'p.voided_why as voided',
      'c.state',
    ])
    .where('p.id', '=', passId)
    .executeTakeFirstOrThrow();
}

/** Sixteen digits that are not this pass. */
export function otherDigits(digits: string, offset = 1): string {
  return String((BigInt(digits) + BigInt(offset)) % 10n ** 16n).padStart(16, '0');
}
