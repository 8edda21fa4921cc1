import { sql } from 'kysely';
import type { Db } from '../../db/open.ts';
import type { Finding } from '../verification/verify.ts';
import { type Assertion, verifyAssertion } from './assertion.ts';
import { type ChallengeUse, consumePasskeyChallenge } from './challenges.ts';
import type { RelyingParty } from './relying-party.ts';

const wrong = (reason: string): Finding => ({ outcome: 'wrong', audited: { reason } });

/**
 * Whether an answer proves a passkey of this account (WebAuthn L3 §7.2, C54). No step can be repeated: the
 * challenge is used up first, and the counter is compared as it is stored.
 * @param assertion undefined where the input was not a browser's answer.
 */
export async function findMatch(
  trx: Db,
  party: RelyingParty,
  assertion: Assertion | undefined,
  use: ChallengeUse,
  accountId: string,
): Promise<Finding> {
  if (assertion === undefined) return wrong('malformed');
  // Used, expired, or of another login, account or purpose: not a guess, as a page may stay open for long.
  if (!(await consumePasskeyChallenge(trx, assertion.clientData.challenge, use)))
    return { outcome: 'expired', audited: { reason: 'challenge' } };

  const passkey = await trx
    .selectFrom('passkeys')
    .select(['id', 'public_key'])
    .where('credential_id', '=', assertion.credentialId)
    .where('account_id', '=', accountId)
    .where('state', '=', 'active')
    .executeTakeFirst();
  if (passkey === undefined) return wrong('credential');
  // Where the passkey alone identifies the account, it must name it; elsewhere it need not (§7.2 step 6).
  if (use.accountId === undefined || assertion.userHandle !== undefined) {
    if (assertion.userHandle !== accountId) return wrong('user-handle');
  }
  const verified = await verifyAssertion(party, assertion, passkey.public_key);
  if (verified === undefined) return wrong('signature');

  // A counter that does not increase indicates a copied key; passkeys without one always send 0 (§6.1.1).
  const { counter, backedUp } = verified;
  const used = await trx
    .updateTable('passkeys')
    .set({ counter, backed_up: backedUp, last_used_at: sql<Date>`now()` })
    .where('id', '=', passkey.id)
    .where('state', '=', 'active')
    .where(sql<boolean>`(counter < ${counter} or (counter = 0 and ${counter} = 0))`)
    .returning('id')
    .executeTakeFirst();
  return used === undefined
    ? { ...wrong('counter'), audited: { reason: 'counter', passkey: passkey.id } }
    : { outcome: 'matched', audited: { passkey: passkey.id } };
}
