import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { acrOf, amrOf, assess, type Demand, type Factor, type Proofs } from '../../src/factors/assurance.ts';
import type { LiveChallenge, SignIn } from '../../src/factors/sign-ins.ts';
import type { InteractionDetails } from '../../src/login/ports.ts';
import { nextStep, proofsOf } from '../../src/login/steps.ts';

const switches = { mailSatisfiesMfa: false };
const loggedInAt = 1_700_000_000;

function detailsOf(more: Partial<InteractionDetails> = {}, demand: Partial<Demand> = {}): InteractionDetails {
  return {
    uid: 'interaction-1',
    prompt: 'login',
    reauthenticate: true,
    client: { id: 'important', name: { en: 'Service', ja: 'サービス' }, origins: [] },
    demand: { secondFactor: 'required', acrValues: [], essentialAcrValues: undefined, ...demand },
    session: undefined,
    uiLocales: [],
    loginHint: undefined,
    consent: { scopes: [], claims: [] },
    secondsLeft: 3600,
    ...more,
  };
}

function signInOf(more: Partial<SignIn> = {}, ways: readonly Factor[] = ['mail', 'app']): SignIn {
  return {
    interaction: 'interaction-1',
    account: { id: 'account-1', loginId: 'a1', locale: undefined, active: true },
    clientId: 'important',
    browser: 'browser-1',
    stepUp: false,
    passwordAt: new Date(loggedInAt * 1000),
    factor: undefined,
    way: undefined,
    setUp: undefined,
    holder: { ways, everEnrolled: ways.length > 0 },
    mailAddress: ways.includes('mail') ? 'a1@mail.example' : undefined,
    challenge: undefined,
    pendingApp: undefined,
    ...more,
  };
}

const challenge = (purpose: LiveChallenge['purpose']): LiveChallenge => ({
  id: 'challenge-1',
  purpose,
  address: 'a1@mail.example',
  reference: 'KITE-42',
  secondsLeft: 600,
  attempts: 0,
  open: true,
  sinceLastMail: 0,
});
const pendingApp = { factorId: 'factor-1', secretSealed: Buffer.from('sealed') };
const session = (factor?: Factor): NonNullable<InteractionDetails['session']> => ({
  accountId: 'account-1',
  amr: amrOf({ factor }, switches),
  acr: acrOf({ factor }, switches),
  authTime: loggedInAt,
});
const step = (details: InteractionDetails, signIn: SignIn | undefined) =>
  nextStep({ details, signIn, switches });

describe('the next step of a login', () => {
  test('R3: without a right password it is the sign-in page, whatever a session says when a new login is wanted', () => {
    expect(step(detailsOf(), undefined)).toEqual({ page: 'sign-in' });
    expect(step(detailsOf({ session: session('app') }), undefined)).toEqual({ page: 'sign-in' });
  });

  test('R32: with a session that lacks only a factor, the factor alone is asked', () => {
    const details = detailsOf({ session: session(), reauthenticate: false });
    expect(step(details, undefined)).toEqual({ page: 'step-up' });
    expect(step(details, signInOf({ stepUp: true }, ['mail']))).toEqual({ page: 'mail-code', otherWays: [] });
  });

  test('R28: the app first, the other way always at hand; a chosen way wins', () => {
    expect(step(detailsOf(), signInOf())).toEqual({ page: 'app-code', otherWays: ['mail'] });
    expect(step(detailsOf(), signInOf({ way: 'mail' }))).toEqual({ page: 'mail-code', otherWays: ['app'] });
    expect(step(detailsOf(), signInOf({}, ['mail']))).toEqual({ page: 'mail-code', otherWays: [] });
    // A way that is not good enough for this service is neither shown nor kept.
    const strict = detailsOf({}, { essentialAcrValues: ['https://refeds.org/profile/mfa'] });
    expect(step(strict, signInOf({ way: 'mail' }))).toEqual({ page: 'app-code', otherWays: [] });
  });

  test('R12, R14, R22: who has nothing sets up: the address, its code; or the acknowledgement, then the app', () => {
    const none: Factor[] = [];
    const page = (more: Partial<SignIn>) => step(detailsOf(), signInOf(more, none));
    expect(page({})).toEqual({ page: 'set-up-mail', appOffered: true });
    expect(page({ setUp: 'mail-code', challenge: challenge('set-up') })).toEqual({
      page: 'set-up-mail-code',
    });
    expect(page({ setUp: 'mail-code' })).toEqual({ page: 'set-up-mail', appOffered: true });
    expect(page({ setUp: 'app-only' })).toEqual({ page: 'set-up-app-only', mailOffered: true });
    expect(page({ setUp: 'app', pendingApp })).toEqual({ page: 'set-up-app' });
    expect(page({ setUp: 'app' })).toEqual({ page: 'set-up-app-only', mailOffered: true });
    const strict = detailsOf({}, { essentialAcrValues: ['https://refeds.org/profile/mfa'] });
    expect(step(strict, signInOf({}, none))).toEqual({ page: 'set-up-app-only', mailOffered: false });
  });

  test('R15: who once had a factor and has none is not let set up with the password alone', () => {
    const lost = signInOf({ holder: { ways: [], everEnrolled: true } });
    expect(step(detailsOf(), lost)).toEqual({ page: 'impossible' });
    expect(step(detailsOf({}, { secondFactor: 'off' }), lost)).toMatchObject({ page: 'finish' });
  });

  test('the end tells what was proven and the time of the oldest proof', () => {
    expect(step(detailsOf(), signInOf({ factor: 'app' }))).toEqual({
      page: 'finish',
      proofs: { factor: 'app' },
      authTime: loggedInAt,
    });
  });
});

const factor = fc.constantFrom<Factor>('mail', 'app');
const optionalFactor = fc.option(factor, { nil: undefined });
const acr = fc.constantFrom(
  'urn:nijo:acr:password',
  'urn:nijo:acr:mail-otp',
  'https://refeds.org/profile/mfa',
);
const demand: fc.Arbitrary<Demand> = fc.record({
  secondFactor: fc.constantFrom('required', 'optional', 'off'),
  acrValues: fc.uniqueArray(acr),
  essentialAcrValues: fc.option(fc.uniqueArray(acr), { nil: undefined }),
});
const anyDetails = fc
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
const anyFacts = fc.record({
  stepUp: fc.boolean(),
  factor: optionalFactor,
  way: optionalFactor,
  setUp: fc.constantFrom(undefined, 'mail', 'mail-code', 'app-only', 'app'),
  challenge: fc.constantFrom(undefined, challenge('sign-in'), challenge('set-up')),
  pendingApp: fc.constantFrom(undefined, pendingApp),
  holder: fc.record({ ways: fc.uniqueArray(factor), everEnrolled: fc.boolean() }),
});

describe('whatever the order of requests', () => {
  test('C01: no sequence of facts ends a login without what assess requires of what was really proven', () => {
    fc.assert(
      fc.property(anyDetails, fc.array(anyFacts, { minLength: 1, maxLength: 6 }), (details, history) => {
        // Facts replace one another as requests come in; only what stands at the end may count.
        const signIn = signInOf(Object.assign({}, ...history) as Partial<SignIn>);
        const next = step(details, signIn);
        if (next.page !== 'finish') return;
        const proven: Proofs =
          signIn.factor !== undefined
            ? { factor: signIn.factor }
            : proofsOf(signInOf({ stepUp: signIn.stepUp }), details);
        expect(next.proofs).toEqual(proven);
        const { needs } = assess(details.demand, acrOf(proven, switches), signIn.holder, switches);
        expect(needs).toBe('nothing');
        if (details.demand.secondFactor === 'required') expect(proven.factor).toBeDefined();
        // What a session proved counts for a step-up from it alone.
        if (signIn.factor === undefined && !signIn.stepUp) expect(proven.factor).toBeUndefined();
      }),
      { numRuns: 5000 },
    );
  });

  test('C01: without a password in this interaction nothing ends, and every other step has a page', () => {
    fc.assert(
      fc.property(anyDetails, fc.option(anyFacts, { nil: undefined }), (details, facts) => {
        const next = step(details, facts === undefined ? undefined : signInOf(facts));
        if (facts === undefined) expect(['sign-in', 'step-up', 'consent']).toContain(next.page);
        else expect(['sign-in', 'step-up']).not.toContain(next.page);
        if (next.page === 'mail-code' || next.page === 'app-code') {
          const way = next.page === 'mail-code' ? 'mail' : 'app';
          expect(facts?.holder.ways).toContain(way);
          expect(next.otherWays).not.toContain(way);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
