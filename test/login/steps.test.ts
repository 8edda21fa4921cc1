import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { acrOf, assess, type Factor, type Proofs } from '../../src/factors/assurance.ts';
import { proofsOf } from '../../src/login/steps.ts';
import {
  anyDetails,
  anyFacts,
  challenge,
  detailsOf,
  loggedInAt,
  mfa,
  pendingApp,
  session,
  signInOf,
  step,
  switches,
} from './standing.ts';
import type { SignIn } from '../../src/factors/sign-in-state.ts';

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
    expect(page({})).toEqual({ page: 'set-up-mail', appOffered: true, skippable: false });
    expect(page({ setUp: 'mail-code', challenge: challenge('set-up') })).toEqual({
      page: 'set-up-mail-code',
      skippable: false,
    });
    expect(page({ setUp: 'mail-code' })).toEqual({ page: 'set-up-mail', appOffered: true, skippable: false });
    expect(page({ setUp: 'app-only' })).toEqual({ page: 'set-up-app-only', mailOffered: true });
    expect(page({ setUp: 'app', pendingApp })).toEqual({ page: 'set-up-app', skippable: false });
    expect(page({ setUp: 'app' })).toEqual({ page: 'set-up-app-only', mailOffered: true });
    const strict = detailsOf({}, { essentialAcrValues: ['https://refeds.org/profile/mfa'] });
    expect(step(strict, signInOf({}, none))).toEqual({ page: 'set-up-app-only', mailOffered: false });
  });

  test('R15: who once had a factor and has none is not let set up with the password alone', () => {
    const lost = signInOf({ holder: { ways: [], everEnrolled: true } });
    expect(step(detailsOf(), lost)).toMatchObject({ page: 'set-up-pass', why: 'lost' });
    expect(step(detailsOf({}, { secondFactor: 'off' }), lost)).toMatchObject({ page: 'finish' });
  });

  test('R35, R36: "I can\'t use my app" leads to the reset, or without an address that works to the support centre', () => {
    const lost = (detour: SignIn['detour'], ways: Factor[]) => step(detailsOf(), signInOf({ detour }, ways));
    expect(lost('reset', ['app', 'mail'])).toEqual({
      page: 'reset',
      otherWays: ['app', 'mail'],
      passwordNeeded: false,
    });
    expect(lost('reset', ['app'])).toEqual({ page: 'help-support', otherWays: [] });
    expect(lost('support', ['app', 'mail'])).toEqual({ page: 'help-support', otherWays: ['mail'] });
    // A step-up has seen no password: the page asks for it (C15).
    const details = detailsOf({ session: session(), reauthenticate: false });
    expect(step(details, signInOf({ stepUp: true, detour: 'reset' }))).toMatchObject({
      passwordNeeded: true,
    });
    // Nothing is asked for where nothing is needed any more.
    expect(step(detailsOf(), signInOf({ factor: 'app', detour: 'reset' }))).toMatchObject({ page: 'finish' });
  });

  test('R35: after a reset an app is offered; where the mail code is not enough it has to be set up', () => {
    const done = { detour: 'reset-done', resetAt: new Date(), factor: 'mail' } as const;
    expect(step(detailsOf(), signInOf(done, ['mail']))).toEqual({ page: 'reset-done', skippable: true });
    const strict = detailsOf({}, { essentialAcrValues: [mfa] });
    expect(step(strict, signInOf(done, ['mail']))).toEqual({ page: 'reset-done', skippable: false });
    // Gone on without one, the service is told that it cannot have what it needs.
    expect(step(strict, signInOf({ ...done, detour: undefined }, ['mail']))).toEqual({ page: 'impossible' });
    // The note of a reset that never was proves nothing.
    const { factor: _, ...unproven } = done;
    expect(step(detailsOf(), signInOf(unproven, ['mail']))).toMatchObject({ page: 'mail-code' });
  });

  test.each([
    ['offer-app', undefined, { page: 'set-up-app', skippable: true }],
    ['offer-mail', undefined, { page: 'set-up-mail', appOffered: false, skippable: true }],
    ['offer-mail-code', undefined, { page: 'set-up-mail', appOffered: false, skippable: true }],
    ['offer-mail-code', challenge('set-up'), { page: 'set-up-mail-code', skippable: true }],
    ['confirm-address', undefined, { page: 'confirm-address' }],
    ['codes-low', undefined, { page: 'codes-low' }],
  ] as const)(
    'R20, R24, D5: %s comes after everything required, and not before',
    (detour, mailed, expected) => {
      expect(step(detailsOf(), signInOf({ detour, factor: 'app', challenge: mailed }))).toEqual(expected);
      expect(step(detailsOf(), signInOf({ detour, challenge: mailed }))).toMatchObject({ page: 'app-code' });
      const strict = detailsOf({}, { essentialAcrValues: [mfa] });
      expect(step(strict, signInOf({ detour, factor: 'mail', challenge: mailed }))).toMatchObject({
        page: 'app-code',
      });
    },
  );

  test('R30: any way that is good enough, in one order; a passkey alone counts beside no other factor', () => {
    const all: Factor[] = ['recovery-code', 'mail', 'passkey', 'app'];
    expect(step(detailsOf(), signInOf({}, all))).toMatchObject({ page: 'app-code' });
    expect(step(detailsOf(), signInOf({}, ['mail', 'passkey']))).toEqual({
      page: 'passkey',
      otherWays: ['mail'],
    });
    expect(step(detailsOf(), signInOf({ way: 'recovery-code' }, all))).toMatchObject({
      page: 'recovery-code',
    });
    const mailOnly = detailsOf({}, { essentialAcrValues: ['urn:nijo:acr:mail-otp'] });
    expect(step(mailOnly, signInOf({ factor: 'passkey', withoutPassword: true }))).toEqual({
      page: 'sign-in',
    });
    // Nor does a session that has no password behind it become one by a step-up.
    const alone = { ...session(), amr: ['pop', 'user', 'mfa'] };
    expect(step(detailsOf({ session: alone, reauthenticate: false }), undefined)).toEqual({
      page: 'sign-in',
    });
  });

  test('the end tells what was proven and the time of the oldest proof', () => {
    expect(step(detailsOf(), signInOf({ factor: 'app' }))).toEqual({
      page: 'finish',
      proofs: { factor: 'app' },
      authTime: loggedInAt,
    });
  });
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
            ? { factor: signIn.factor, ...(signIn.withoutPassword ? { withoutPassword: true } : {}) }
            : proofsOf(signInOf({ stepUp: signIn.stepUp }), details);
        expect(next.proofs).toEqual(proven);
        const { needs } = assess(details.demand, acrOf(proven, switches), signIn.holder, switches);
        expect(needs).toBe('nothing');
        const { secondFactor, trustedBrowser } = details.demand;
        if (secondFactor === 'required' && trustedBrowser !== true) expect(proven.factor).toBeDefined();
        // A setup pass stands for nothing that is told to a service.
        expect(step(details, { ...signIn, setUpPass: undefined })).toEqual(next);
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
        else if (facts.withoutPassword) expect(next.page).not.toBe('step-up');
        else if (next.page === 'sign-in') {
          // S6: only to set something up, and only where the password is not of this login's last minutes.
          expect(next.again).toBe(true);
          expect(facts.stepUp || facts.passwordStale).toBe(true);
        } else expect(next.page).not.toBe('step-up');
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
