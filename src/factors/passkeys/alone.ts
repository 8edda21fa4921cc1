import { type RequestOrigin, recordAudit } from '../../audit/audit.ts';
import type { Db } from '../../db/open.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { Verification } from '../verification/verify.ts';
import { findSignIn } from '../sign-in/sign-ins.ts';
import { type Assertion, readAssertion } from './assertion.ts';
import { consumePasskeyChallenge } from './challenges.ts';
import { findMatch } from './matching.ts';
import { openProvenSignIn } from './open-login.ts';
import type { RelyingParty } from './relying-party.ts';
import type { SignIn } from '../sign-in-state.ts';

export type AloneOutcome =
  | { outcome: 'proven'; account: { id: string; locale: 'en' | 'ja' | undefined } }
  /** One answer for every reason: a person who has not proven an account learns nothing about it (R3). */
  | { outcome: 'refused' };

/** Proves who the user is by a passkey alone, and opens the login that it is for. */
export type VerifyPasswordless = (
  interaction: string,
  clientId: string,
  browser: string,
  lifetimeSeconds: number,
  assertion: unknown,
  origin: RequestOrigin,
) => Promise<AloneOutcome>;

/** The caller has verified that the client allows it (`passkey_sign_in`). */
export function createAlone(dependencies: {
  db: Db;
  party: RelyingParty;
  proving: Pick<Verification, 'compareWithinLimits'>;
  claimOffer: (trx: Db, signIn: SignIn) => Promise<void>;
}): VerifyPasswordless {
  const { db, party, proving, claimOffer } = dependencies;

  return (interaction, clientId, browser, lifetimeSeconds, answer, origin) =>
    inTransaction(db, async (trx): Promise<AloneOutcome> => {
      const assertion = readAssertion(answer);
      const use = { purpose: 'sign-in', boundTo: interaction, accountId: undefined } as const;
      const account = assertion === undefined ? undefined : await holderOfPasskey(trx, assertion);
      if (account === undefined) {
        if (assertion !== undefined) await consumePasskeyChallenge(trx, assertion.clientData.challenge, use);
        await recordAudit(trx, origin, {
          event: 'passkey.refused',
          result: 'failure',
          clientId,
          method: 'passkey',
          details: { reason: assertion === undefined ? 'malformed' : 'credential', alone: true },
        });
        return { outcome: 'refused' };
      }
      const subject = { accountId: account.id, clientId, factor: 'passkey' } as const;
      const compared = await proving.compareWithinLimits(trx, subject, origin, async () => {
        const found = await findMatch(trx, party, assertion, use, account.id);
        // No password was given here: outsiders must not be able to pause the account's factor step (I2),
        // and a signature cannot be guessed. A pause that is on still applies.
        const outcome = found.outcome === 'wrong' ? 'none' : found.outcome;
        return { outcome, audited: { ...found.audited, alone: true } };
      });
      if (compared.outcome !== 'matched') return { outcome: 'refused' };
      await openProvenSignIn(trx, { interaction, accountId: account.id, clientId, browser, lifetimeSeconds });
      const signIn = await findSignIn(trx, interaction);
      if (signIn !== undefined) await claimOffer(trx, signIn);
      return { outcome: 'proven', account };
    });
}

/** The account whose passkey an answer names; none where the account may not sign in. */
async function holderOfPasskey(trx: Db, assertion: Assertion) {
  const row = await trx
    .selectFrom('passkeys as p')
    .innerJoin('accounts as a', 'a.id', 'p.account_id')
    .select(['a.id', 'a.locale'])
    .where('p.credential_id', '=', assertion.credentialId)
    .where('p.state', '=', 'active')
    .where('a.status', '=', 'active')
    .executeTakeFirst();
  return row === undefined ? undefined : { id: row.id, locale: row.locale ?? undefined };
}
