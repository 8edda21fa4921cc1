import { sql } from 'kysely';
import { voidFallenPasses, voidSetUpPasses } from '../../accounts/ended-passes.ts';
import type { RequestOrigin } from '../../audit/audit.ts';
import { newId, newSecret } from '../../base/ids.ts';
import type { Sealer } from '../../base/sealing.ts';
import type { DeskSettings } from '../../config/sections/desk.ts';
import { ensureInstanceSecret, findInstanceSecret } from '../../db/instance-secrets.ts';
import type { Db } from '../../db/open.ts';
import { inTransaction } from '../../db/transaction.ts';
import { lockAccount } from '../../accounts/account-lock.ts';
import { requireFreshProof } from '../fresh-proof.ts';
import { type Finding, type VerificationOutcome, type Verification } from '../verification/verify.ts';
import { digestOfSetUpPass, newSetUpPass } from './value.ts';
import { type SignIn, SignInChanged } from '../sign-in-state.ts';

export { formatSetUpPass, readSetUpPass } from './value.ts';

export type ClaimOutcome =
  | { outcome: 'claimed' }
  | { outcome: 'wrong' | 'used' | 'expired' }
  | Extract<VerificationOutcome, { outcome: 'paused' }>;

/**
 * What the support centre gives to a person whose identity it has verified (R39, R40): digits that open
 * Initial setup once, in one browser, after the right password, and prove no factor.
 */
export interface SetUpPasses {
  /**
   * In the desk's transaction, while the account is locked: voids the account's earlier pass and makes a new
   * one; the database counts the approvals.
   * @returns the 16 digits, shown this once and stored nowhere.
   */
  issue(
    trx: Db,
    pass: { caseId: string; accountId: string; issuedBy: string; lifetimeMinutes: number },
  ): Promise<{ digits: string; expiresAt: Date }>;
  /** Withdraws a pass that nobody has typed in; the caller audits it. @returns whether there was one. */
  withdraw(trx: Db, caseId: string): Promise<boolean>;
  /**
   * The pass as it was typed into this login, within the account's limit of wrong codes (R8). From here on
   * only this browser can use it, also in a new login, until its set-up is finished. Grants no factor.
   */
  claim(signIn: SignIn, digits: string, origin: RequestOrigin): Promise<ClaimOutcome>;
  /** Whether this account's first set-up takes a pass too, by the operator's policy. */
  requiredFor(account: { kind: 'ecs' | 'sps'; affiliation: string | null }): boolean;
  /**
   * Before a set-up continues: voids a pass whose approvals no longer stand, whatever follows (S29).
   */
  recheck(signIn: SignIn): Promise<void>;
  /**
   * Before a code of the set-up is compared, while the account is locked: locks the pass of this login.
   * @throws SignInChanged where the login has no live pass (any more).
   */
  lockPass(trx: Db, signIn: SignIn): Promise<void>;
  /** Uses the pass up, with what it set up: of any number of set-ups one succeeds. @throws SignInChanged. */
  finish(trx: Db, signIn: SignIn): Promise<void>;
}

/** Not derived from `NIJO_SECRET`: a pass on paper stays valid when that changes. */
const keyName = 'setup-pass-key';

/** The accounts whose first set-up takes a pass. */
export function passRequiredFor(
  policy: DeskSettings['setup_pass']['required_for'],
): SetUpPasses['requiredFor'] {
  return ({ kind, affiliation }) =>
    policy.everyone ||
    policy.kinds.includes(kind) ||
    (affiliation !== null && policy.affiliations.includes(affiliation));
}

export function createSetUpPasses(dependencies: {
  db: Db;
  sealer: Sealer;
  settings: DeskSettings['setup_pass'];
  proving: Pick<Verification, 'compareWithinLimits'>;
}): SetUpPasses {
  const { db, sealer, settings, proving } = dependencies;

  /** One conditional statement: of any number of browsers only one gets the pass. */
  async function claimPass(trx: Db, signIn: SignIn, digits: string): Promise<Finding & { id?: string }> {
    const key = await findInstanceSecret(trx, sealer, keyName);
    if (key === undefined) return { outcome: 'wrong' };
    const digest = digestOfSetUpPass(key, signIn.account.id, digits);
    await voidFallenPasses(trx, { accountId: signIn.account.id });
    const claimed = await trx
      .updateTable('setup_passes')
      .set({
        used_at: sql<Date>`coalesce(used_at, clock_timestamp())`,
        browser: signIn.browser,
        interaction: signIn.interaction,
      })
      .where('account_id', '=', signIn.account.id)
      .where('digest', '=', digest)
      .where('expires_at', '>', sql<Date>`clock_timestamp()`)
      .where('voided_at', 'is', null)
      .where('finished_at', 'is', null)
      .where((is) => is.or([is('used_at', 'is', null), is('browser', '=', signIn.browser)]))
      .returning(['id', 'case_id'])
      .executeTakeFirst();
    if (claimed !== undefined)
      return { outcome: 'matched', id: claimed.id, audited: { case: claimed.case_id } };
    const known = await trx
      .selectFrom('setup_passes')
      .select(['browser', 'finished_at', 'case_id'])
      .where('account_id', '=', signIn.account.id)
      .where('digest', '=', digest)
      .executeTakeFirst();
    if (known === undefined) return { outcome: 'wrong' };
    const used = known.finished_at !== null || (known.browser !== null && known.browser !== signIn.browser);
    return { outcome: used ? 'used' : 'expired', audited: { case: known.case_id } };
  }

  return {
    requiredFor: passRequiredFor(settings.required_for),

    async issue(trx, { caseId, accountId, issuedBy, lifetimeMinutes }) {
      await voidSetUpPasses(trx, accountId, 'withdrawn', { actor: issuedBy });
      const key = await ensureInstanceSecret(trx, sealer, keyName, () => newSecret(32));
      const digits = newSetUpPass();
      const { expires_at: expiresAt } = await trx
        .insertInto('setup_passes')
        .values({
          id: newId(),
          case_id: caseId,
          account_id: accountId,
          digest: digestOfSetUpPass(key, accountId, digits),
          issued_by: issuedBy,
          expires_at: sql<Date>`now() + make_interval(mins => ${lifetimeMinutes})`,
        })
        .returning('expires_at')
        .executeTakeFirstOrThrow();
      return { digits, expiresAt };
    },

    async withdraw(trx, caseId) {
      await trx.selectFrom('desk_cases').select('id').where('id', '=', caseId).forUpdate().execute();
      const withdrawn = await trx
        .updateTable('setup_passes')
        .set({ voided_at: sql<Date>`now()`, voided_why: 'withdrawn' })
        .where('case_id', '=', caseId)
        .where('used_at', 'is', null)
        .where('voided_at', 'is', null)
        .returning('id')
        .executeTakeFirst();
      return withdrawn !== undefined;
    },

    claim: (signIn, digits, origin) =>
      inTransaction(db, async (trx): Promise<ClaimOutcome> => {
        const subject = {
          accountId: signIn.account.id,
          clientId: signIn.clientId,
          factor: 'setup-pass' as const,
        };
        let id: string | undefined;
        const compared = await proving.compareWithinLimits(trx, subject, origin, async () => {
          await lockAccount(trx, signIn.account.id);
          // What the pass opens rests on the password, given in this login within the last minutes (S6).
          await requireFreshProof(trx, { login: signIn, by: 'password' });
          const { id: pass, ...found } = await claimPass(trx, signIn, digits);
          id = pass;
          return found;
        });
        switch (compared.outcome) {
          case 'matched':
            await beginSetUp(trx, signIn, id);
            return { outcome: 'claimed' };
          case 'paused':
            // As with any other code, a paused step ends the login in progress.
            await trx
              .deleteFrom('sign_ins')
              .where('interaction', '=', signIn.interaction)
              .where('account_id', '=', signIn.account.id)
              .execute();
            return compared;
          case 'used':
          case 'expired':
            return { outcome: compared.outcome };
          default:
            return { outcome: 'wrong' };
        }
      }),

    async recheck(signIn) {
      if (signIn.setUpPass === undefined) return;
      await inTransaction(db, async (trx) => {
        await lockAccount(trx, signIn.account.id);
        await voidFallenPasses(trx, { accountId: signIn.account.id });
      });
    },

    async lockPass(trx, signIn) {
      const pass = signIn.setUpPass?.id ?? null;
      // Lock cases before passes before codes: finishing a pass closes its case.
      await sql`select from desk_cases where id = (select case_id from setup_passes where id = ${pass})
        for update`.execute(trx);
      const { rows } = await sql`select from setup_passes where id = ${pass} and ${heldBy(signIn)}
          and desk_case_stands(case_id) for update`.execute(trx);
      if (rows.length === 0) throw new SignInChanged();
    },

    async finish(trx, signIn) {
      const finished = await trx
        .updateTable('setup_passes')
        .set({ finished_at: sql<Date>`clock_timestamp()` })
        .where('id', '=', signIn.setUpPass?.id ?? '')
        .where(heldBy(signIn))
        .where(sql<boolean>`desk_case_stands(case_id)`)
        .returning('id')
        .executeTakeFirst();
      if (finished === undefined) throw new SignInChanged();
    },
  };
}

/** The pass belongs to this login, and its set-up is neither finished nor void. */
function heldBy(signIn: SignIn) {
  return sql<boolean>`account_id = ${signIn.account.id} and browser = ${signIn.browser}
    and interaction = ${signIn.interaction} and finished_at is null and voided_at is null`;
}

/** Switches the login to Initial setup; codes mailed for anything else in it no longer work. */
async function beginSetUp(trx: Db, signIn: SignIn, passId: string | undefined): Promise<void> {
  await trx
    .updateTable('challenges')
    .set({ voided_at: sql<Date>`now()` })
    .where('interaction', '=', signIn.interaction)
    .where('consumed_at', 'is', null)
    .where('voided_at', 'is', null)
    .execute();
  const begun = await trx
    .updateTable('sign_ins as s')
    .from('accounts as a')
    .set({
      setup_pass_id: passId ?? null,
      set_up: null,
      way: null,
      detour: null,
      challenge_id: null,
      app_factor_id: null,
      app_secret_sealed: null,
    })
    .whereRef('a.id', '=', 's.account_id')
    .where('a.status', '=', 'active')
    .where('s.interaction', '=', signIn.interaction)
    .where('s.account_id', '=', signIn.account.id)
    .where('s.browser', '=', signIn.browser)
    // A login whose factor is proven sets nothing up.
    .where('s.factor', 'is', null)
    .where('s.expires_at', '>', sql<Date>`now()`)
    .returning('s.interaction')
    .executeTakeFirst();
  if (begun === undefined) throw new SignInChanged();
}
