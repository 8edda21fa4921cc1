import { createHmac } from 'node:crypto';
import { newSecret } from '../base/ids.ts';
import type { Sealer } from '../base/sealing.ts';
import type { Db } from '../db/open.ts';

const name = 'pairwise-salt';
const place = instanceSecretPlace(name);

/** Binds a sealed secret of the whole instance to its name. */
export function instanceSecretPlace(secretName: string): string {
  return `instance_secrets:${secretName}`;
}

/** Names an account for one sector (OpenID Connect Core §8.1). */
export type PairwiseSubject = (accountId: string, sector: string) => string;

/**
 * Loads the salt of pairwise subjects, or makes it; of nodes that start at once one does. It lives in
 * the database and not in `NIJO_SECRET`: services know their users by these names, so they must not
 * change when the secret does.
 */
export async function loadPairwiseSubject(db: Db, sealer: Sealer): Promise<PairwiseSubject> {
  await db
    .insertInto('instance_secrets')
    .values({ name, value_sealed: sealer.seal(newSecret(32), place) })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute();
  const row = await db
    .selectFrom('instance_secrets')
    .select('value_sealed')
    .where('name', '=', name)
    .executeTakeFirstOrThrow();
  const salt = sealer.open(Buffer.from(row.value_sealed), place);
  return (accountId, sector) =>
    createHmac('sha256', salt)
      .update(JSON.stringify([sector, accountId]))
      .digest('base64url');
}
