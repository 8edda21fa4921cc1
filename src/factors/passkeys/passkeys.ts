import { generateAuthenticationOptions } from '@simplewebauthn/server';
import { NijoError } from '../../base/errors.ts';
import type { Db } from '../../db/open.ts';
import { createAlone } from './alone.ts';
import { readAssertion } from './assertion.ts';
import { makePasskeyChallenge } from './challenges.ts';
import { createPasskeyCheck } from './check.ts';
import { findMatch } from './matching.ts';
import { createRegistration, type PasskeyChange } from './registration.ts';
import { relyingPartyOf } from './relying-party.ts';
import type { Verification } from '../verification/verify.ts';
import type { SignIn } from '../sign-in-state.ts';
import type { AccountUser } from '../account-user.ts';
import type { Passkeys } from './operations.ts';

/** The minimum that WebAuthn L3 §15.1 recommends; the challenge lives longer. */
const timeout = 300_000;

/** @param dependencies.organisation the name that the user's device shows for this server. */
export function createPasskeys(dependencies: {
  db: Db;
  enabled: boolean;
  issuer: string;
  organisation: string;
  proving: Pick<Verification, 'prove' | 'compareWithinLimits'>;
  /** What the login of a passkey alone may offer before it continues (R20, R24). */
  claimOffer: (trx: Db, signIn: SignIn) => Promise<void>;
  /** What belongs to every change, in its transaction: a mail to the user, the end of trust in browsers. */
  changed: (trx: Db, c: AccountUser, change: PasskeyChange) => Promise<void>;
}): Passkeys {
  const { db, proving, claimOffer, changed } = dependencies;
  const party = dependencies.enabled
    ? relyingPartyOf(dependencies.issuer, dependencies.organisation)
    : undefined;
  if (party === undefined) return unavailable;
  const verifyPasswordless = createAlone({ db, party, proving, claimOffer });
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
    verifyPasswordless,
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

/** Where passkeys are not possible: pages offer none, and a form that sends one anyway is refused. */
const unavailable: Passkeys = {
  available: false,
  signInOptions: refuse,
  prove: refuse,
  verifyPasswordless: refuse,
  registerOptions: refuse,
  register: refuse,
  checkOptions: refuse,
  check: refuse,
};
