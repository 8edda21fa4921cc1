import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type Acr,
  type Assessment,
  acrOf,
  acrValues,
  amrOf,
  assess,
  type AssuranceRequirement,
  type Factor,
  type FirstFactor,
  type EnrolledFactors,
  proofsOfAmr,
  settledWithoutHolder,
} from '../../src/factors/assurance.ts';

const { password, mailCode, mfa } = acrValues;
const ladder: readonly string[] = [password, mailCode, mfa];
const rank = (acr: string | undefined): number => (acr === undefined ? -1 : ladder.indexOf(acr));

const switches = fc.record({ mailSatisfiesMfa: fc.boolean() });
const factor = fc.constantFrom<Factor>('mail', 'app', 'recovery-code', 'passkey');
const acr = fc.constantFrom(...ladder, 'urn:example:unknown');
const demand: fc.Arbitrary<AssuranceRequirement> = fc.record({
  secondFactor: fc.constantFrom('required', 'optional', 'off'),
  acrValues: fc.uniqueArray(acr),
  essentialAcrValues: fc.option(fc.uniqueArray(acr), { nil: undefined }),
  trustedBrowser: fc.boolean(),
});
const reached = fc.option(acr, { nil: undefined });
const holder: fc.Arbitrary<EnrolledFactors> = fc
  .record({ all: fc.uniqueArray(factor), off: fc.uniqueArray(factor), everEnrolled: fc.boolean() })
  // Nobody has a factor without ever having had one.
  .map(({ all, off, everEnrolled }) => ({
    ways: all.filter((way) => !off.includes(way)),
    disabled: all.filter((way) => off.includes(way)),
    everEnrolled: everEnrolled || all.length > 0,
  }));

const mailIsWeak = { mailSatisfiesMfa: false };
const plain = (
  secondFactor: AssuranceRequirement['secondFactor'],
  more: Partial<AssuranceRequirement> = {},
): AssuranceRequirement => ({
  secondFactor,
  acrValues: [],
  essentialAcrValues: undefined,
  ...more,
});
const nobody: EnrolledFactors = { ways: [], everEnrolled: false };
const lostAll: EnrolledFactors = { ways: [], everEnrolled: true };
const has = (...ways: Factor[]): EnrolledFactors => ({ ways, everEnrolled: true });
const nothing: Assessment = { needs: 'nothing' };
const impossible: Assessment = { needs: 'impossible' };
const prove = (...ways: Factor[]): Assessment => ({ needs: 'factor', ways });
const off = (...disabled: Factor[]): EnrolledFactors => ({ ways: [], disabled, everEnrolled: true });
const trusted = { trustedBrowser: true };
const setUp = (...ways: FirstFactor[]): Assessment => ({ needs: 'set-up', ways });

describe('what was reached', () => {
  test('acr and amr tell what was done and nothing else', () => {
    const truth = (mailSatisfiesMfa: boolean) =>
      ([undefined, 'mail', 'app', 'recovery-code', 'passkey'] as const).map((proven) => [
        acrOf({ factor: proven }, { mailSatisfiesMfa }),
        amrOf({ factor: proven }, { mailSatisfiesMfa }),
      ]);
    expect(truth(false)).toEqual([
      [password, ['pwd']],
      [mailCode, ['pwd', 'mca']],
      [mfa, ['pwd', 'otp', 'mfa']],
      [mfa, ['pwd', 'mfa']],
      [mfa, ['pwd', 'pop', 'user', 'mfa']],
    ]);
    expect(truth(true)).toEqual([
      [password, ['pwd']],
      [mfa, ['pwd', 'mca', 'mfa']],
      [mfa, ['pwd', 'otp', 'mfa']],
      [mfa, ['pwd', 'mfa']],
      [mfa, ['pwd', 'pop', 'user', 'mfa']],
    ]);
    // A passkey alone: no password was given, and none is claimed.
    const alone = { factor: 'passkey', withoutPassword: true } as const;
    expect([acrOf(alone, mailIsWeak), amrOf(alone, mailIsWeak)]).toEqual([mfa, ['pop', 'user', 'mfa']]);
    expect(proofsOfAmr(amrOf(alone, mailIsWeak))).toEqual(alone);
  });

  test('amr of an earlier login stands for the same proofs again, whatever the switch was', () => {
    fc.assert(
      fc.property(fc.option(factor, { nil: undefined }), switches, (proven, by) => {
        expect(proofsOfAmr(amrOf({ factor: proven }, by))).toEqual({ factor: proven });
      }),
    );
  });
});

describe('what is still needed', () => {
  test.each<[string, AssuranceRequirement, Acr | undefined, EnrolledFactors, Assessment]>([
    // R1: the service's own setting.
    ['required: nothing set up, password', plain('required'), password, nobody, setUp('mail', 'app')],
    ['required: mail, password', plain('required'), password, has('mail'), prove('mail')],
    ['required: app, password', plain('required'), password, has('app'), prove('app')],
    ['required: both, password', plain('required'), password, has('mail', 'app'), prove('mail', 'app')],
    ['required: both, mail proven', plain('required'), mailCode, has('mail', 'app'), nothing],
    ['required: app proven', plain('required'), mfa, has('app'), nothing],
    ['required: factors are gone (R15)', plain('required'), password, lostAll, impossible],
    ['optional: nothing set up', plain('optional'), password, nobody, nothing],
    ['optional: factors are gone', plain('optional'), password, lostAll, nothing],
    ['optional: mail', plain('optional'), password, has('mail'), prove('mail')],
    ['optional: the app is off after wrong codes (C05)', plain('optional'), password, off('app'), impossible],
    ['required: the mail is off after wrong codes', plain('required'), password, off('mail'), impossible],
    // R31: a trusted browser takes the factor's place, and nothing else's.
    ['trusted: required, app', plain('required', trusted), password, has('app'), nothing],
    ['trusted: optional, app', plain('optional', trusted), password, has('app'), nothing],
    [
      'trusted: essential mfa',
      plain('required', { ...trusted, essentialAcrValues: [mfa] }),
      password,
      has('app'),
      prove('app'),
    ],
    ['trusted: before the password', plain('required', trusted), undefined, has('app'), prove('app')],
    // R30: any way that is good enough serves.
    [
      'essential mfa: mail, sheet and passkey',
      plain('required', { essentialAcrValues: [mfa] }),
      password,
      has('passkey', 'mail', 'recovery-code'),
      prove('passkey', 'recovery-code'),
    ],
    ['off: nothing set up', plain('off'), password, nobody, nothing],
    ['off: both', plain('off'), password, has('mail', 'app'), nothing],
    ['off: before the password', plain('off'), undefined, has('mail'), prove('mail')],
    // R32: a wish.
    ['wish mfa: app', plain('off', { acrValues: [mfa] }), password, has('app'), prove('app')],
    ['wish mfa: both', plain('off', { acrValues: [mfa] }), password, has('mail', 'app'), prove('app')],
    [
      'wish mfa: mail proven, app there',
      plain('required', { acrValues: [mfa] }),
      mailCode,
      has('mail', 'app'),
      prove('app'),
    ],
    ['wish mfa: only mail', plain('off', { acrValues: [mfa] }), password, has('mail'), nothing],
    [
      'wish mfa: only mail, required',
      plain('required', { acrValues: [mfa] }),
      password,
      has('mail'),
      prove('mail'),
    ],
    ['wish mfa: nothing set up, off', plain('off', { acrValues: [mfa] }), password, nobody, nothing],
    ['wish mail: mfa is more', plain('off', { acrValues: [mailCode] }), mfa, has('mail', 'app'), nothing],
    [
      'wish password: required all the same',
      plain('required', { acrValues: [password] }),
      password,
      has('app'),
      prove('app'),
    ],
    [
      'wish unknown: no wish',
      plain('off', { acrValues: ['urn:example:gold'] }),
      password,
      has('app'),
      nothing,
    ],
    // R32: essential.
    ['essential mfa: app', plain('off', { essentialAcrValues: [mfa] }), password, has('app'), prove('app')],
    [
      'essential mfa: both',
      plain('required', { essentialAcrValues: [mfa] }),
      mailCode,
      has('mail', 'app'),
      prove('app'),
    ],
    [
      'essential mfa: only mail',
      plain('required', { essentialAcrValues: [mfa] }),
      mailCode,
      has('mail'),
      impossible,
    ],
    [
      'essential mfa: nothing set up',
      plain('off', { essentialAcrValues: [mfa] }),
      password,
      nobody,
      setUp('app'),
    ],
    [
      'essential mail: app is another',
      plain('required', { essentialAcrValues: [mailCode] }),
      mfa,
      has('app'),
      impossible,
    ],
    [
      'essential password, required',
      plain('required', { essentialAcrValues: [password] }),
      password,
      has('app'),
      impossible,
    ],
    [
      'essential unknown',
      plain('off', { essentialAcrValues: ['urn:example:gold'] }),
      mfa,
      has('app'),
      impossible,
    ],
  ])('R1, R32: %s', (_, asked, so, who, expected) => {
    expect(assess(asked, so, who, mailIsWeak)).toEqual(expected);
  });

  test('R32: with the switch on, a mail code is good for mfa', () => {
    const asked = plain('required', { essentialAcrValues: [mfa] });
    expect(assess(asked, password, has('mail'), { mailSatisfiesMfa: true })).toEqual(prove('mail'));
    expect(assess(asked, mfa, has('mail'), { mailSatisfiesMfa: true })).toEqual(nothing);
  });

  test('R1: never "nothing" below the floor, nor outside what is essential', () => {
    fc.assert(
      fc.property(demand, reached, holder, switches, (asked, so, who, by) => {
        if (assess(asked, so, who, by).needs !== 'nothing') return;
        const floor =
          asked.trustedBrowser !== true &&
          (asked.secondFactor === 'required' ||
            (asked.secondFactor === 'optional' && who.ways.length + (who.disabled ?? []).length > 0))
            ? mailCode
            : password;
        expect(rank(so)).toBeGreaterThanOrEqual(rank(floor));
        if (asked.essentialAcrValues !== undefined) expect(asked.essentialAcrValues).toContain(so);
      }),
      { numRuns: 3000 },
    );
  });

  test('R1: monotone: whoever has proven more is never asked for more by a service that names no exact level', () => {
    fc.assert(
      fc.property(demand, acr, acr, holder, switches, (asked, one, other, who, by) => {
        fc.pre(asked.essentialAcrValues === undefined && rank(one) <= rank(other) && rank(one) >= 0);
        if (assess(asked, one, who, by).needs !== 'nothing') return;
        // A wish lists alternatives: one that lies between two of them may be asked to go up.
        const strongest = Math.max(-1, ...asked.acrValues.map(rank));
        fc.pre(strongest < 0 || rank(one) >= strongest || who.ways.length === 0);
        expect(assess(asked, other, who, by).needs).toBe('nothing');
      }),
      { numRuns: 3000 },
    );
  });

  test('R32: whatever is asked for ends: proving an offered way is enough, before and after', () => {
    fc.assert(
      fc.property(demand, reached, holder, switches, (asked, so, who, by) => {
        const needed = assess(asked, so, who, by);
        if (needed.needs !== 'factor' && needed.needs !== 'set-up') return;
        expect(needed.ways.length).toBeGreaterThan(0);
        for (const way of needed.ways) {
          // Only what the account has is asked for, and only who never had one sets one up (R12, R15).
          if (needed.needs === 'factor') expect(who.ways).toContain(way);
          else expect([who.ways, who.disabled, who.everEnrolled]).toEqual([[], [], false]);
          const after: EnrolledFactors = {
            ...who,
            ways: [...new Set([...who.ways, way])],
            everEnrolled: true,
          };
          const then = assess(asked, acrOf({ factor: way }, by), after, by);
          // Of a newcomer more may be wished for than the first factor reaches; it is not asked twice.
          expect(then.needs).toBe('nothing');
        }
      }),
      { numRuns: 3000 },
    );
  });

  test('a decision made without looking the account up is the one that looking it up would give', () => {
    fc.assert(
      fc.property(demand, reached, holder, switches, (asked, so, who, by) => {
        if (settledWithoutHolder(asked, so, by)) expect(assess(asked, so, who, by)).toEqual(nothing);
      }),
      { numRuns: 3000 },
    );
  });
});
