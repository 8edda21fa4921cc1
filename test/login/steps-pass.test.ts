import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Factor } from '../../src/factors/assurance.ts';
import {
  anyDetails,
  anyFacts,
  challenge,
  detailsOf,
  mfa,
  pendingApp,
  session,
  signInOf,
  step,
} from './standing.ts';
import type { SignIn } from '../../src/factors/sign-in-state.ts';

describe('the steps of a login with a setup pass', () => {
  test('R40: a setup pass is typed in beside the ways there are, or where none is left, or by the policy', () => {
    const passPage = (why: string, passwordNeeded = false) => ({ page: 'set-up-pass', why, passwordNeeded });
    expect(step(detailsOf(), signInOf({ detour: 'set-up-pass' }))).toEqual(passPage('asked'));
    const none = { ways: [], everEnrolled: true };
    const off = { ways: [], disabled: ['app' as const], everEnrolled: true };
    expect(step(detailsOf(), signInOf({ holder: none }))).toEqual(passPage('lost'));
    expect(step(detailsOf(), signInOf({ holder: off }))).toEqual(passPage('disabled'));
    expect(step(detailsOf(), signInOf({ passRequired: true }, []))).toEqual(passPage('first'));
    expect(step(detailsOf(), signInOf({ passRequired: true, detour: 'support' }, []))).toMatchObject({
      page: 'help-support',
    });
    // Where a factor is not asked for, neither is a pass; and no first set-up without policy takes one.
    expect(step(detailsOf({}, { secondFactor: 'off' }), signInOf({ passRequired: true }, []))).toMatchObject({
      page: 'finish',
    });
    expect(step(detailsOf(), signInOf({}, []))).toMatchObject({ page: 'set-up-mail' });
    // A step-up has seen no password, and a passkey alone stood for one that it must not stand for here.
    const details = detailsOf({ session: session(), reauthenticate: false });
    expect(step(details, signInOf({ stepUp: true, detour: 'set-up-pass' }))).toEqual(passPage('asked', true));
    const alone = { factor: 'passkey', withoutPassword: true, detour: 'set-up-pass' } as const;
    expect(step(detailsOf(), signInOf(alone))).toMatchObject({ page: 'finish' });
    // A service that named what it needs is told (R32); a factor that is proven needs no pass.
    const strict = detailsOf({}, { essentialAcrValues: [mfa] });
    expect(step(strict, signInOf({ holder: none }))).toEqual({ page: 'impossible' });
    expect(step(detailsOf(), signInOf({ factor: 'app', detour: 'set-up-pass' }))).toMatchObject({
      page: 'finish',
    });
  });

  test('R40: with a pass it is Initial setup whatever is set up, with the ways that this service takes', () => {
    const setUpPass = { id: 'pass-1' };
    const behind = (more: Partial<SignIn>, ways?: Factor[]) =>
      step(detailsOf(), signInOf({ setUpPass, ...more }, ways));
    expect(behind({})).toEqual({ page: 'set-up-mail', appOffered: true, skippable: false });
    expect(behind({ way: 'app' }, ['app'])).toMatchObject({ page: 'set-up-mail' });
    expect(behind({ setUp: 'mail-code', challenge: challenge('set-up') })).toMatchObject({
      page: 'set-up-mail-code',
    });
    expect(behind({ setUp: 'app', pendingApp })).toEqual({ page: 'set-up-app', skippable: false });
    expect(behind({ holder: { ways: [], everEnrolled: true } })).toMatchObject({ page: 'set-up-mail' });
    const strict = detailsOf({}, { essentialAcrValues: [mfa] });
    expect(step(strict, signInOf({ setUpPass }))).toEqual({ page: 'set-up-app-only', mailOffered: false });
    // Once something is proven the pass has nothing to open.
    expect(behind({ factor: 'app' })).toMatchObject({ page: 'finish', proofs: { factor: 'app' } });
  });

  test('C01, R40: a set-up that takes a pass is not reached without one, nor with one by any other way than Initial setup', () => {
    fc.assert(
      fc.property(anyDetails, anyFacts, (details, facts) => {
        const signIn = signInOf(facts);
        const next = step(details, signIn);
        const { page } = next;
        // What is offered can be skipped, and is no initial setup.
        const initial = page === 'set-up-app-only' || ('skippable' in next && !next.skippable);
        if (!initial || page === 'reset-done') return;
        expect(signIn.withoutPassword).toBe(false);
        if (signIn.setUpPass !== undefined) return;
        const { passRequired, holder } = signIn;
        expect({
          passRequired,
          enrolled: holder.everEnrolled,
        }).toEqual({
          passRequired: false,
          enrolled: false,
        });
      }),
      { numRuns: 5000 },
    );
  });
});
