import { createHmac } from 'node:crypto';
import { newSecret } from '../../base/ids.ts';
import type { Sealer } from '../../base/sealing.ts';
import { ensureInstanceSecret } from '../../db/instance-secrets.ts';
import type { Db } from '../../db/open.ts';

/** Names an account for one sector (OpenID Connect Core §8.1). */
export type PairwiseSubject = (accountId: string, sector: string) => string;

/**
 * Loads or creates the salt of pairwise subjects. It belongs to the instance and is not derived from
 * `NIJO_SECRET`: services know their users by these names, so they must not change with the secret.
 */
export async function loadPairwiseSubject(db: Db, sealer: Sealer): Promise<PairwiseSubject> {
  const salt = await ensureInstanceSecret(db, sealer, 'pairwise-salt', () => newSecret(32));
  return (accountId, sector) =>
    createHmac('sha256', salt)
      .update(JSON.stringify([sector, accountId]))
      .digest('base64url');
}
