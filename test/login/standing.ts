import fc from 'fast-check';
import { acrOf, amrOf, type AssuranceRequirement, type Factor } from '../../src/factors/assurance.ts';
import type { InteractionDetails } from '../../src/login/ports.ts';
import { nextStep } from '../../src/login/steps.ts';
import type { LiveChallenge, SignIn } from '../../src/factors/sign-in-state.ts';

/** Facts of a login, by hand and at random, for tests of its steps. */

export const switches = { mailSatisfiesMfa: false };
export const loggedInAt = 1_700_000_000;

export function detailsOf(
  more: Partial<InteractionDetails> = {},
  demand: Partial<AssuranceRequirement> = {},
): InteractionDetails {
  return {
    uid: 'interaction-1',
    prompt: 'login',
    reauthenticate: true,
    client: { id: 'important', name: { en: 'Service', ja: 'サービス' } },
    demand: { secondFactor: 'required', acrValues: [], essentialAcrValues: undefined, ...demand },
    session: undefined,
    trust: undefined,
    passwordless: false,
    uiLocales: [],
    loginHint: undefined,
    consent: { scopes: [], claims: [] },
    secondsLeft: 3600,
    ...more,
  };
}

export function signInOf(more: Partial<SignIn> = {}, ways: readonly Factor[] = ['mail', 'app']): SignIn {
  return {
    interaction: 'interaction-1',
    account: { id: 'account-1', loginId: 'a1', locale: undefined, active: true },
    clientId: 'important',
    browser: 'browser-1',
    stepUp: false,
    passwordAt: new Date(loggedInAt * 1000),
    passwordStale: false,
    factor: undefined,
    factorStale: false,
    withoutPassword: false,
    way: undefined,
    setUp: undefined,
    detour: undefined,
    caseNumber: undefined,
    resetAt: undefined,
    holder: { ways, everEnrolled: ways.length > 0 },
    mailAddress: ways.includes('mail') ? 'a1@mail.example' : undefined,
    challenge: undefined,
    pendingApp: undefined,
    setUpPass: undefined,
    passRequired: false,
    ...more,
  };
}

export const challenge = (purpose: LiveChallenge['purpose']): LiveChallenge => ({
  id: 'challenge-1',
  purpose,
  address: 'a1@mail.example',
  reference: 'KITE-42',
  secondsLeft: 600,
  attempts: 0,
  open: true,
  sinceLastMail: 0,
});
export const pendingApp = { factorId: 'factor-1', secretSealed: Buffer.from('sealed') };
export const session = (factor?: Factor): NonNullable<InteractionDetails['session']> => ({
  accountId: 'account-1',
  amr: amrOf({ factor }, switches),
  acr: acrOf({ factor }, switches),
  authTime: loggedInAt,
  uidDigests: [],
});
export const mfa = 'https://refeds.org/profile/mfa';
export const step = (details: InteractionDetails, signIn: SignIn | undefined) =>
  nextStep({ details, signIn, switches });

export const factor = fc.constantFrom<Factor>('mail', 'app', 'recovery-code', 'passkey');
export const optionalFactor = fc.option(factor, { nil: undefined });
export const acr = fc.constantFrom(
  'urn:nijo:acr:password',
  'urn:nijo:acr:mail-otp',
  'https://refeds.org/profile/mfa',
);
export const demand: fc.Arbitrary<AssuranceRequirement> = fc.record({
  secondFactor: fc.constantFrom('required', 'optional', 'off'),
  acrValues: fc.uniqueArray(acr),
  essentialAcrValues: fc.option(fc.uniqueArray(acr), { nil: undefined }),
  trustedBrowser: fc.boolean(),
});
export const anyDetails = fc
  .record({
    prompt: fc.constantFrom('login', 'consent'),
    reauthenticate: fc.boolean(),
    demand,
    hasSession: fc.boolean(),
    sessionFactor: optionalFactor,
  })
  .map(({ hasSession, sessionFactor, demand: asked, ...more }) =>
    detailsOf({ ...more, session: hasSession ? session(sessionFactor) : undefined }, asked),
  );
/** What requests in any order may leave behind, also what no product code would write. */
export const anyFacts = fc.record({
  stepUp: fc.boolean(),
  passwordStale: fc.boolean(),
  factorStale: fc.boolean(),
  factor: optionalFactor,
  way: optionalFactor,
  setUp: fc.constantFrom(undefined, 'mail', 'mail-code', 'app-only', 'app'),
  detour: fc.constantFrom(
    undefined,
    'reset',
    'support',
    'reset-done',
    'offer-app',
    'offer-mail',
    'offer-mail-code',
    'confirm-address',
    'codes-low',
    'set-up-pass',
    'case-filed',
  ),
  resetAt: fc.constantFrom(undefined, new Date()),
  withoutPassword: fc.boolean(),
  challenge: fc.constantFrom(undefined, challenge('sign-in'), challenge('set-up'), challenge('reset')),
  pendingApp: fc.constantFrom(undefined, pendingApp),
  setUpPass: fc.constantFrom(undefined, { id: 'pass-1' }),
  passRequired: fc.boolean(),
  holder: fc.record({ ways: fc.uniqueArray(factor), everEnrolled: fc.boolean() }),
});
