import { describe, expect, test } from '@jest/globals';
import { acrOf, amrOf, type Factor, reachedBy } from '../../src/factors/assurance.ts';
import type { ClientMetadata } from '../../src/oidc/clients/metadata.ts';
import { createIssuedAssurance, type IssuedToken } from '../../src/oidc/issued-assurance.ts';

const loose = { mailSatisfiesMfa: true };
const strict = { mailSatisfiesMfa: false };
const password = { acr: acrOf({ factor: undefined }, strict), amr: ['pwd'] };
const proofOf = (factor: Factor | undefined, switches = strict) => ({
  acr: acrOf({ factor }, switches),
  amr: amrOf({ factor }, switches),
});

function judge(
  settings: Partial<ClientMetadata> | undefined,
  switches = strict,
  session?: { acr: string; amr: string[] },
) {
  const issued = createIssuedAssurance({
    settings: async () => settings as ClientMetadata | undefined,
    enrolledFactorsOf: async () => ({ ways: ['mail', 'app'], everEnrolled: true }),
    trust: {},
    sessionProof: async () => session,
    switches,
    logger: { info: () => undefined },
  });
  return (token: IssuedToken) => issued.isEnough({ clientId: 'c', accountId: 'a', ...token });
}

describe('what a code or token was issued for, by the rules of now', () => {
  test('S4: the configuration that lets a mail code be worth less ends what was told to be more', async () => {
    const mailed = proofOf('mail', loose);
    expect(reachedBy(mailed.acr, mailed.amr, strict)).toBe('urn:nijo:acr:mail-otp');
    expect(reachedBy(mailed.acr, mailed.amr, loose)).toBe(mailed.acr);
    for (const kind of ['AuthorizationCode', 'RefreshToken']) {
      expect(await judge({ second_factor: 'required' }, loose)({ kind, ...mailed })).toBe(true);
      expect(await judge({ second_factor: 'required' }, strict)({ kind, ...mailed })).toBe(false);
      expect(await judge({ second_factor: 'required' }, strict)({ kind, ...proofOf('app') })).toBe(true);
    }
    // The other way round nothing is claimed that was not.
    expect(reachedBy(proofOf('mail').acr, proofOf('mail').amr, loose)).toBe('urn:nijo:acr:mail-otp');
  });

  test('S4: what the request demanded goes on being demanded, and a client that is gone is the strictest', async () => {
    const claims = { id_token: { acr: { essential: true, values: ['https://refeds.org/profile/mfa'] } } };
    const off = judge({ second_factor: 'off' });
    expect(await off({ kind: 'RefreshToken', ...proofOf('mail'), claims })).toBe(false);
    expect(await off({ kind: 'RefreshToken', ...proofOf('passkey'), claims })).toBe(true);
    expect(await judge(undefined)({ kind: 'RefreshToken', ...password })).toBe(false);
  });

  test('S4: an acr that the client asks for by default by now is asked for of who can give it', async () => {
    const asking = judge({ second_factor: 'off', default_acr_values: ['https://refeds.org/profile/mfa'] });
    expect(await asking({ kind: 'RefreshToken', ...proofOf('mail') })).toBe(false);
    expect(await asking({ kind: 'RefreshToken', ...proofOf('app') })).toBe(true);
  });

  test('S4: a token of an earlier release is judged by its session, and where nothing is recorded it is not enough', async () => {
    const off = { second_factor: 'off' } as const;
    expect(await judge(off)({ kind: 'RefreshToken' })).toBe(false);
    expect(await judge(off)({ kind: 'AccessToken' })).toBe(false);
    const old: IssuedToken = { kind: 'AccessToken', sessionUid: 's' };
    expect(await judge(off, strict, password)(old)).toBe(true);
    expect(await judge({ second_factor: 'required' }, strict, password)(old)).toBe(false);
    expect(await judge({ second_factor: 'required' }, strict, proofOf('app'))(old)).toBe(true);
    // What it carries itself counts, whatever the session is by now.
    const carried: IssuedToken = { ...old, extra: password };
    expect(await judge({ second_factor: 'required' }, strict, proofOf('app'))(carried)).toBe(false);
  });
});
