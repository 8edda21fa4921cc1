import { createHmac } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { appSecretBytes, readAppSecret } from '../../src/base/app-secret.ts';
import { appCodeAt } from '../../src/factors/app/code-value.ts';

/** RFC 6238 by the letter, beside the library. */
function codeOf(key: Uint8Array, seconds: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(seconds / 30)));
  const mac = createHmac('sha1', key).update(counter).digest();
  const at = (mac[19] ?? 0) & 0xf;
  return String((mac.readUInt32BE(at) & 0x7fff_ffff) % 1_000_000).padStart(6, '0');
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
/** Decoding as apps do it, bit by bit: what fills no byte is dropped. */
function bytesOf(secret: string): Uint8Array {
  const bits = Array.from(secret)
    .map((one) => alphabet.indexOf(one).toString(2).padStart(5, '0'))
    .join('');
  return Uint8Array.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}

const repeat = (length: number): string => 'JBSWY3DPEHPK3PXP'.repeat(9).slice(0, length);

describe('S16: the secret of an app', () => {
  test.each([16, 18, 20, 21, 23, 24, 26, 32, 39, 40, 52, 55, 64, 103, 104, 128])(
    'of %i characters is taken, and its codes are those of an app',
    (length) => {
      const read = readAppSecret(repeat(length));
      expect(read).toEqual({ secret: repeat(length) });
      expect(appCodeAt(repeat(length), 1_700_000_000)).toBe(codeOf(bytesOf(repeat(length)), 1_700_000_000));
    },
  );

  test.each([
    'jbsw y3dp ehpk 3pxp',
    'JBSW-Y3DP-EHPK-3PXP',
    'JBSWY3DPEHPK3PXP======',
    '\uFEFFＪＢＳＷＹ３ＤＰ　ＥＨＰＫ３ＰＸＰ\u200B',
    'otpauth://totp/Kyoto:a0001?secret=jbswy3dpehpk3pxp&issuer=Kyoto',
    'otpauth://totp/a?secret=JBSWY3DPEHPK3PXP&algorithm=SHA1&digits=6&period=30',
    'OTPAUTH://TOTP/a?Secret=JBSW%20Y3DP+EHPK-3PXP%3D%3D&algorithm=HmacSHA1',
  ])('is read as it is written: %j', (text) => {
    expect(readAppSecret(text)).toEqual({ secret: 'JBSWY3DPEHPK3PXP' });
  });

  test.each([
    [repeat(17), 'no Base32 text has 17 characters'],
    [repeat(19), '19 characters'],
    [repeat(22), '22 characters'],
    [repeat(8), 'too short'],
    [repeat(15), 'too short'],
    [repeat(129), 'too long'],
    ['48656c6c6f21deadbeef48656c6c6f21', 'hexadecimal'],
    ['0x48656C6C6F21DEADBEEF', 'hexadecimal'],
    ['JBSWY3DPEHPK3PX1', 'does not have'],
    ['JBSW=Y3DPEHPK3PXP', 'does not have'],
    ['あいうえおかきくけこさしすせそた', 'does not have'],
    ['otpauth-migration://offline?data=CjEKCkhlbGxvId6tvu8', 'several keys'],
    ['otpauth://hotp/a?secret=JBSWY3DPEHPK3PXP&counter=0', 'another kind than totp'],
    ['otpauth://totp/a?secret=JBSWY3DPEHPK3PXP&algorithm=SHA256', 'another algorithm than SHA1'],
    ['otpauth://totp/a?secret=JBSWY3DPEHPK3PXP&digits=8', 'another digits than 6'],
    ['otpauth://totp/a?secret=JBSWY3DPEHPK3PXP&period=60', 'another period than 30'],
    ['otpauth://totp/a?issuer=x', 'without a secret'],
    ['otpauth://totp/a?secret=JBSWY3DPEHPK3PX8', 'does not have'],
    ['otpauth://totp/a?secret=JBSWY3DPEHPK3PXPA', '17 characters'],
  ])('is refused with the rule that it breaks: %j', (text, rule) => {
    const read = readAppSecret(text);
    expect(read).toEqual({ fault: expect.stringContaining(rule) });
    // Never with what it is, not even in part.
    if ('fault' in read) expect(read.fault).not.toContain('JBSWY3DP');
  });

  test('whatever is accepted makes codes, and no other program makes others of it', () => {
    const text = fc.oneof(
      fc.string({ unit: fc.constantFrom(...Array.from(`${alphabet}abcxyz-= 0189`)), maxLength: 140 }),
      fc.string({ unit: fc.constantFrom(...Array.from(alphabet)), minLength: 14, maxLength: 132 }),
      fc.string({ maxLength: 60 }),
    );
    let accepted = 0;
    fc.assert(
      fc.property(text, fc.nat({ max: 4_000_000_000 }), (candidate, seconds) => {
        const read = readAppSecret(candidate);
        if ('fault' in read) return;
        accepted += 1;
        expect(appSecretBytes(read.secret)).toEqual(bytesOf(read.secret));
        expect(appCodeAt(read.secret, seconds)).toBe(codeOf(bytesOf(read.secret), seconds));
      }),
      { numRuns: 2000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });
});
