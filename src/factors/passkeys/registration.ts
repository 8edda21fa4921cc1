import { generateRegistrationOptions } from '@simplewebauthn/server';
import { sql } from 'kysely';
import { recordAudit } from '../../audit/audit.ts';
import { NijoError } from '../../base/errors.ts';
import { newId } from '../../base/ids.ts';
import type { Db } from '../../db/open.ts';
import { inTransaction } from '../../db/transaction.ts';
import { lockOwnAccount } from '../changes/frame.ts';
import { requireChangeable } from '../verification/freeze.ts';
import { type NewPasskey, readAttestation, signatureAlgorithms, verifyAttestation } from './attestation.ts';
import { consumePasskeyChallenge, makePasskeyChallenge } from './challenges.ts';
import type { RelyingParty } from './relying-party.ts';
import type { AccountUser } from '../account-user.ts';
import type { Passkeys } from './operations.ts';

/** Passkeys of one account: enough for several devices and a spare, and a bound on the table. */
export const mostPasskeys = 10;

/** What the mail about a change says. */
export interface PasskeyChange {
  kind: 'passkey-added';
  name: string;
}

/** Setting a passkey up on the user's own page; the caller has verified that the sign-in is fresh (R16). */
export function createRegistration(dependencies: {
  db: Db;
  party: RelyingParty;
  /** Milliseconds that the browser waits for its user. */
  timeout: number;
  changed: (trx: Db, c: AccountUser, change: PasskeyChange) => Promise<void>;
}): Pick<Passkeys, 'registerOptions' | 'register'> {
  const { db, party, timeout, changed } = dependencies;

  return {
    registerOptions: (c) =>
      inTransaction(db, async (trx) => {
        await lockOwnAccount(trx, c);
        await requireChangeable(trx, c.accountId, 'factors');
        const known = await activePasskeys(trx, c.accountId);
        if (known.length >= mostPasskeys) throw new NijoError('device_limit_reached', { max: mostPasskeys });
        const { login_id: loginId } = await trx
          .selectFrom('accounts')
          .select('login_id')
          .where('id', '=', c.accountId)
          .executeTakeFirstOrThrow();
        const id = await beginChange(trx, c);
        const challenge = await makePasskeyChallenge(trx, {
          purpose: 'set-up',
          boundTo: id,
          accountId: c.accountId,
        });
        const options = await generateRegistrationOptions({
          rpID: party.id,
          rpName: party.name,
          // The account's own id, which reveals nothing about the person (§14.6.1).
          userID: new Uint8Array(Buffer.from(c.accountId)),
          userName: loginId,
          userDisplayName: loginId,
          challenge,
          timeout,
          attestationType: 'none',
          excludeCredentials: known,
          authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' },
          supportedAlgorithmIDs: signatureAlgorithms,
        });
        return { id, options: JSON.stringify(options) };
      }),

    register: (c, id, answer, name) =>
      inTransaction(db, async (trx) => {
        await lockOwnAccount(trx, c);
        await requireChangeable(trx, c.accountId, 'factors');
        if (!(await endChange(trx, c, id))) return 'expired';
        const refuse = async (reason: string): Promise<'refused'> => {
          await recordAudit(trx, c.origin, {
            event: 'passkey.refused',
            result: 'failure',
            accountId: c.accountId,
            method: 'passkey',
            details: { reason, setUp: true },
          });
          return 'refused';
        };
        const attestation = readAttestation(answer);
        if (attestation === undefined) return refuse('malformed');
        const use = { purpose: 'set-up', boundTo: id, accountId: c.accountId } as const;
        if (!(await consumePasskeyChallenge(trx, attestation.clientData.challenge, use)))
          return refuse('challenge');
        const passkey = await verifyAttestation(party, attestation);
        if (passkey === undefined) return refuse('attestation');
        const known = await activePasskeys(trx, c.accountId);
        if (known.length >= mostPasskeys) throw new NijoError('device_limit_reached', { max: mostPasskeys });
        if (!(await store(trx, c.accountId, passkey, name))) return refuse('known');
        await recordAudit(trx, c.origin, {
          event: 'passkey.registered',
          result: 'success',
          accountId: c.accountId,
          method: 'passkey',
          details: { backedUp: passkey.backedUp },
        });
        await changed(trx, c, { kind: 'passkey-added', name });
        return 'registered';
      }),
  };
}

function activePasskeys(trx: Db, accountId: string) {
  return trx
    .selectFrom('passkeys')
    .select(['credential_id as id', 'transports'])
    .where('account_id', '=', accountId)
    .where('state', '=', 'active')
    .execute();
}

/** Records who began it, and where: nobody else can continue it (A38). */
async function beginChange(trx: Db, c: AccountUser): Promise<string> {
  const id = newId();
  await trx
    .insertInto('factor_changes')
    .values({
      id,
      account_id: c.accountId,
      kind: 'passkey',
      browser: c.browser,
      session_uid: c.sessionUid,
      expires_at: sql<Date>`now() + make_interval(mins => 10)`,
    })
    .execute();
  return id;
}

/** Of any number of answers to one change on any node, only one continues. */
async function endChange(trx: Db, c: AccountUser, id: string): Promise<boolean> {
  const ended = await trx
    .updateTable('factor_changes')
    .set({ finished_at: sql<Date>`now()` })
    .where('id', '=', id)
    .where('account_id', '=', c.accountId)
    .where('kind', '=', 'passkey')
    .where('browser', '=', c.browser)
    .where('session_uid', '=', c.sessionUid)
    .where('finished_at', 'is', null)
    .where('expires_at', '>', sql<Date>`clock_timestamp()`)
    .returning('id')
    .executeTakeFirst();
  return ended !== undefined;
}

/** @returns false where the passkey is registered already, for any account. */
async function store(trx: Db, accountId: string, passkey: NewPasskey, name: string): Promise<boolean> {
  const stored = await trx
    .insertInto('passkeys')
    .values({
      id: newId(),
      account_id: accountId,
      name,
      credential_id: passkey.credentialId,
      public_key: Buffer.from(passkey.publicKey),
      counter: passkey.counter,
      transports: passkey.transports,
      backed_up: passkey.backedUp,
      aaguid: passkey.aaguid,
    })
    .onConflict((conflict) => conflict.column('credential_id').doNothing())
    .returning('id')
    .executeTakeFirst();
  return stored !== undefined;
}
