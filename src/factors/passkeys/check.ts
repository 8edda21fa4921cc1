import { createHash } from 'node:crypto';
import { recordAudit } from '../../audit/audit.ts';
import type { Db } from '../../db/open.ts';
import { inTransaction } from '../../db/transaction.ts';
import { lockOwnAccount } from '../changes/frame.ts';
import type { Verification } from '../verification/verify.ts';
import { readAssertion } from './assertion.ts';
import { findMatch } from './matching.ts';
import type { RelyingParty } from './relying-party.ts';
import { type AccountUser, ownPageClient } from '../account-user.ts';
import type { Passkeys } from './operations.ts';

/** Checking a passkey on the user's own page (D9): it proves nothing to anybody else, and changes nothing. */
export function createPasskeyCheck(dependencies: {
  db: Db;
  party: RelyingParty;
  proving: Pick<Verification, 'compareWithinLimits'>;
  signInOptions: Passkeys['signInOptions'];
}): Pick<Passkeys, 'checkOptions' | 'check'> {
  const { db, party, proving, signInOptions } = dependencies;
  return {
    checkOptions: (c) => signInOptions(boundTo(c), c.accountId),

    check: (c, answer) =>
      inTransaction(db, async (trx) => {
        const { accountId } = c;
        const subject = { accountId, clientId: ownPageClient, factor: 'passkey' } as const;
        const use = { purpose: 'second-factor', boundTo: boundTo(c), accountId } as const;
        const compared = await proving.compareWithinLimits(trx, subject, c.origin, async () => {
          await lockOwnAccount(trx, c);
          return findMatch(trx, party, readAssertion(answer), use, accountId);
        });
        if (compared.outcome !== 'matched') return compared;
        await recordAudit(trx, c.origin, {
          event: 'factor.checked',
          result: 'success',
          accountId,
          clientId: ownPageClient,
          method: 'passkey',
          details: { way: 'passkey' },
        });
        return { outcome: 'proven' };
      }),
  };
}

/** This session in this browser, and not a login (A38). */
function boundTo({ sessionUid, browser }: AccountUser): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([sessionUid, browser]))
    .digest('base64url');
  return `check:${digest}`;
}
