import { createPrivateKey, generateKeyPair, type webcrypto } from 'node:crypto';
import { promisify } from 'node:util';
import { sql } from 'kysely';
import { recordAudit } from '../audit/audit.ts';
import { newSecret } from '../base/ids.ts';
import type { Sealer } from '../base/sealing.ts';
import type { Db } from '../db/open.ts';

/** Algorithms that ID tokens are signed with; RS256 because every client must know it (OIDC Core §15.1). */
export const signingAlgorithms = ['RS256', 'ES256'] as const;
export type SigningAlgorithm = (typeof signingAlgorithms)[number];

type JsonWebKey = webcrypto.JsonWebKey;

export interface SigningJwk extends JsonWebKey {
  kid: string;
  alg: SigningAlgorithm;
  use: 'sig';
}

/** What this node signs with and publishes, as of one look at the database. */
export interface KeySet {
  /** Private keys; per algorithm the signing key comes first: the provider takes the first that fits. */
  keys: readonly SigningJwk[];
  /** Changes whenever a key is added, takes over or is removed. */
  fingerprint: string;
  /** Milliseconds until a key takes over or is removed, by the database's clock; undefined when none will. */
  changesInMs: number | undefined;
}

/** One key as operators see it. */
export interface SigningKeyState {
  kid: string;
  algorithm: SigningAlgorithm;
  state: 'published' | 'signing' | 'retiring' | 'retired';
  createdAt: Date;
  activatesAt: Date;
  retiresAt: Date | undefined;
}

const generate = promisify(generateKeyPair);
// An arbitrary lock number that nothing else in this program uses.
const lockNumber = 7_203_118_001;

/** Binds a sealed private key to its row. */
export function signingKeyPlace(kid: string): string {
  return `signing_keys:${kid}`;
}

async function generateKey(algorithm: SigningAlgorithm): Promise<JsonWebKey> {
  const { privateKey } =
    algorithm === 'RS256'
      ? await generate('rsa', { modulusLength: 2048 })
      : await generate('ec', { namedCurve: 'P-256' });
  return privateKey.export({ format: 'jwk' });
}

async function insertKey(
  db: Db,
  sealer: Sealer,
  algorithm: SigningAlgorithm,
  leadSeconds: number,
): Promise<string> {
  const kid = newSecret(12);
  const jwk = await generateKey(algorithm);
  await db
    .insertInto('signing_keys')
    .values({
      kid,
      algorithm,
      private_sealed: sealer.seal(JSON.stringify(jwk), signingKeyPlace(kid)),
      activates_at: sql<Date>`now() + make_interval(secs => ${leadSeconds}::float8)`,
      retires_at: null,
    })
    .execute();
  return kid;
}

/** Makes the first keys. Of nodes that start at once, one makes them; the others wait and find them. */
export async function ensureSigningKeys(db: Db, sealer: Sealer): Promise<void> {
  const present = await db
    .selectFrom('signing_keys')
    .select('algorithm')
    .where((where) => where.or([where('retires_at', 'is', null), where('retires_at', '>', sql<Date>`now()`)]))
    .execute();
  if (signingAlgorithms.every((algorithm) => present.some((row) => row.algorithm === algorithm))) return;
  await db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(${lockNumber}::bigint)`.execute(trx);
    const rows = await trx
      .selectFrom('signing_keys')
      .select('algorithm')
      .where((where) =>
        where.or([where('retires_at', 'is', null), where('retires_at', '>', sql<Date>`now()`)]),
      )
      .execute();
    for (const algorithm of signingAlgorithms) {
      if (!rows.some((row) => row.algorithm === algorithm)) await insertKey(trx, sealer, algorithm, 0);
    }
  });
}

export interface RotationTimes {
  /** Seconds between publishing a key and signing with it: as long as services cache a JWKS. */
  leadSeconds: number;
  /** Seconds that a key stays published after another takes over: the longest life of anything it signed. */
  retainSeconds: number;
}

/**
 * Rotates every signing key (C51): the new keys are published now and sign after `leadSeconds`; the old keys
 * are removed `retainSeconds` later, when nothing they signed is valid any more.
 * @returns the new keys' ids.
 */
export async function rotateSigningKeys(
  db: Db,
  sealer: Sealer,
  times: RotationTimes,
  actor: string,
): Promise<string[]> {
  return db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(${lockNumber}::bigint)`.execute(trx);
    await trx
      .updateTable('signing_keys')
      .set({
        retires_at: sql<Date>`now() + make_interval(secs => ${times.leadSeconds + times.retainSeconds}::float8)`,
      })
      .where('retires_at', 'is', null)
      .execute();
    const kids: string[] = [];
    for (const algorithm of signingAlgorithms)
      kids.push(await insertKey(trx, sealer, algorithm, times.leadSeconds));
    await recordAudit(trx, undefined, {
      event: 'key.rotated',
      result: 'success',
      actor,
      details: { kids: kids.join(' '), lead_seconds: times.leadSeconds },
    });
    return kids;
  });
}

/** Reads the keys that are published now. @throws Error when the configured secrets cannot open one. */
export async function loadKeySet(db: Db, sealer: Sealer): Promise<KeySet> {
  const { rows } = await sql<{
    kid: string;
    algorithm: SigningAlgorithm;
    private_sealed: Uint8Array;
    active: boolean;
    changes_in: number | null;
  }>`
    select kid, algorithm, private_sealed, activates_at <= now() as active,
      extract(epoch from case when activates_at > now() then activates_at else retires_at end - now())::float8 as changes_in
    from signing_keys where retires_at is null or retires_at > now()
    order by activates_at <= now() desc, algorithm desc, activates_at desc, kid`.execute(db);
  const keys = rows.map((row): SigningJwk => {
    const jwk = JSON.parse(
      sealer.open(row.private_sealed, signingKeyPlace(row.kid)).toString(),
    ) as JsonWebKey;
    createPrivateKey({ key: jwk, format: 'jwk' });
    return { ...jwk, kid: row.kid, alg: row.algorithm, use: 'sig' };
  });
  const changes = rows.map((row) => row.changes_in).filter((seconds) => seconds !== null);
  return {
    keys,
    fingerprint: rows.map((row) => `${row.kid}${row.active ? '+' : '-'}`).join(' '),
    changesInMs: changes.length === 0 ? undefined : Math.max(0, Math.ceil(Math.min(...changes) * 1000)),
  };
}

/** Every key, newest first, as operators see it. */
export async function listSigningKeys(db: Db): Promise<SigningKeyState[]> {
  const { rows } = await sql<{
    kid: string;
    algorithm: SigningAlgorithm;
    created_at: Date;
    activates_at: Date;
    retires_at: Date | null;
    state: SigningKeyState['state'];
  }>`
    select kid, algorithm, created_at, activates_at, retires_at, case
        when retires_at <= now() then 'retired'
        when activates_at > now() then 'published'
        when row_number() over (partition by algorithm order by activates_at <= now() desc, activates_at desc, kid) = 1
          then 'signing'
        else 'retiring' end as state
    from signing_keys order by activates_at desc, kid`.execute(db);
  return rows.map((row) => ({
    kid: row.kid,
    algorithm: row.algorithm,
    state: row.state,
    createdAt: row.created_at,
    activatesAt: row.activates_at,
    retiresAt: row.retires_at ?? undefined,
  }));
}
