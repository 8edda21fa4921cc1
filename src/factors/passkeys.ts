import { generateAuthenticationOptions } from '@simplewebauthn/server';
import type { RequestOrigin } from '../audit/audit.ts';
import { NijoError } from '../base/errors.ts';
import type { Db } from '../db/open.ts';
import type { Changer } from './changes/changer.ts';
import { createAlone, type ProveAlone } from './passkeys/alone.ts';
import { readAssertion } from './passkeys/assertion.ts';
import { makePasskeyChallenge } from './passkeys/challenges.ts';
import { createPasskeyCheck } from './passkeys/check.ts';
import { findMatch } from './passkeys/matching.ts';
import { createRegistration, type PasskeyChange } from './passkeys/registration.ts';
import { relyingPartyOf } from './passkeys/relying-party.ts';
import type { ProofOutcome, Proving } from './proving.ts';
import type { SignIn } from './sign-ins.ts';

/** Passkeys: an optional further way, never the only one (WebAuthn L3, C54). */
export interface Passkeys {
  /** False where the issuer's host is an IP address, or the operator has switched passkeys off. */
  available: boolean;
  /**
   * Options for the browser's `navigator.credentials.get`, as JSON, with a challenge of this interaction.
   * @param accountId whose passkeys are asked for; undefined where the passkey says who it is.
   */
  signInOptions(boundTo: string, accountId: string | undefined): Promise<string>;
  /**
   * A passkey as the second factor of a login in progress.
   * @param assertion what the browser's credential gives of itself, as JSON or read already.
   */
  prove(signIn: SignIn, assertion: unknown, origin: RequestOrigin): Promise<ProofOutcome>;
  /** A passkey in place of password and code: opens the login with the factor proven. */
  proveAlone: ProveAlone;
  /**
   * Begins to set a passkey up: options for `navigator.credentials.create`, as JSON.
   * @throws NijoError `device_limit_reached` (`max`), `changes_frozen`.
   */
  registerOptions(c: Changer): Promise<{ id: string; options: string }>;
  /** Ends it. The answer is used up whether it verifies or not: after anything but success, begin anew. */
  register(
    c: Changer,
    id: string,
    answer: unknown,
    name: string,
  ): Promise<'registered' | 'refused' | 'expired'>;
  /** Options as for a sign-in, to try a passkey on the own page (D9). */
  checkOptions(c: Changer): Promise<string>;
  check(c: Changer, assertion: unknown): Promise<ProofOutcome>;
}

/** As long as WebAuthn L3 §15.1 advises at least; the challenge lives longer. */
const timeout = 300_000;

/** @param dependencies.organisation what the user's device calls this server. */
export function createPasskeys(dependencies: {
  db: Db;
  enabled: boolean;
  issuer: string;
  organisation: string;
  proving: Pick<Proving, 'prove' | 'compareWithinLimits'>;
  /** What the login of a passkey alone may offer before it goes on (R20, R24). */
  claimOffer: (trx: Db, signIn: SignIn) => Promise<void>;
  /** What belongs to every change: told by mail, trust in browsers ended; in the change's transaction. */
  changed: (trx: Db, c: Changer, change: PasskeyChange) => Promise<void>;
}): Passkeys {
  const { db, proving, claimOffer, changed } = dependencies;
  const party = dependencies.enabled
    ? relyingPartyOf(dependencies.issuer, dependencies.organisation)
    : undefined;
  if (party === undefined) return unavailable;
  const proveAlone = createAlone({ db, party, proving, claimOffer });
  const registration = createRegistration({ db, party, timeout, changed });

  const signInOptions: Passkeys['signInOptions'] = async (boundTo, accountId) => {
    const purpose = accountId === undefined ? 'sign-in' : 'second-factor';
    const challenge = await makePasskeyChallenge(db, { purpose, boundTo, accountId });
    const allowed =
      accountId === undefined
        ? []
        : await db
            .selectFrom('passkeys')
            .select(['credential_id as id', 'transports'])
            .where('account_id', '=', accountId)
            .where('state', '=', 'active')
            .orderBy('proven_at')
            .execute();
    const options = await generateAuthenticationOptions({
      rpID: party.id,
      challenge,
      timeout,
      userVerification: 'required',
      allowCredentials: allowed,
    });
    return JSON.stringify(options);
  };

  return {
    available: true,
    signInOptions,
    proveAlone,
    ...registration,
    ...createPasskeyCheck({ db, party, proving, signInOptions }),

    prove(signIn, answer, origin) {
      const assertion = readAssertion(answer);
      const { id: accountId } = signIn.account;
      const use = { purpose: 'second-factor', boundTo: signIn.interaction, accountId } as const;
      return proving.prove(signIn, 'passkey', origin, (trx) =>
        findMatch(trx, party, assertion, use, accountId),
      );
    },
  };
}

const refuse = (): Promise<never> => Promise.reject(new NijoError('passkey_unsupported'));

/** Where passkeys cannot be: pages offer none, and a form that brings one all the same is refused. */
const unavailable: Passkeys = {
  available: false,
  signInOptions: refuse,
  prove: refuse,
  proveAlone: refuse,
  registerOptions: refuse,
  register: refuse,
  checkOptions: refuse,
  check: refuse,
};
