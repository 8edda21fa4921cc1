import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createSealer, equalSecrets, type KeyPurpose } from '../../src/base/sealing.ts';

const first = { id: 'one', secret: 'the first secret, of 32 characters or more' };
const second = { id: 'two', secret: 'the second secret, of 32 characters or so' };
const sealer = createSealer([first]);

describe('sealing', () => {
  test('opens what it sealed, of any length and content', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), fc.string(), (plain, place) => {
        expect(new Uint8Array(sealer.open(sealer.seal(plain, place), place))).toEqual(new Uint8Array(plain));
      }),
    );
    expect(sealer.open(sealer.seal('京都', 'x'), 'x').toString()).toBe('京都');
  });

  test('opens a value that is a part of a larger buffer, as drivers hand them out', () => {
    const sealed = sealer.seal('seed', 'row');
    const large = new Uint8Array(sealed.length + 20);
    large.set(sealed, 7);
    expect(sealer.open(large.subarray(7, 7 + sealed.length), 'row').toString()).toBe('seed');
  });

  test('C09: shows nothing of its content, and the same content differently each time', () => {
    const sealed = sealer.seal('JBSWY3DPEHPK3PXP', 'row');
    expect(sealed.toString('latin1')).not.toMatch('JBSWY3DPEHPK3PXP');
    expect(sealer.seal('JBSWY3DPEHPK3PXP', 'row').equals(sealed)).toBe(false);
  });

  test('C09: a value that was changed does not open, whichever bit', () => {
    const sealed = sealer.seal('seed', 'row');
    for (let byte = 0; byte < sealed.length; byte += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const changed = Buffer.from(sealed);
        changed.writeUInt8(changed.readUInt8(byte) ^ (1 << bit), byte);
        expect(() => sealer.open(changed, 'row')).toThrow();
      }
    }
  });

  test('C09: a value that was cut or lengthened does not open', () => {
    const sealed = sealer.seal('seed', 'row');
    for (let length = 0; length < sealed.length; length += 1) {
      expect(() => sealer.open(sealed.subarray(0, length), 'row')).toThrow();
    }
    expect(() => sealer.open(Buffer.concat([sealed, Buffer.of(0)]), 'row')).toThrow();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (noise) => {
        expect(() => sealer.open(noise, 'row')).toThrow();
      }),
    );
  });

  test('A25: a value that was copied to another row does not open', () => {
    const sealed = sealer.seal('seed', 'app_factors:1');
    expect(() => sealer.open(sealed, 'app_factors:2')).toThrow();
    expect(() => sealer.open(sealed, '')).toThrow();
  });

  test('a secret can be changed while running: the new one seals, both open', () => {
    const old = sealer.seal('seed', 'row');
    const rotated = createSealer([second, first]);
    expect(rotated.open(old, 'row').toString()).toBe('seed');
    const anew = rotated.seal('seed', 'row');
    expect(() => sealer.open(anew, 'row')).toThrow('names a secret that is not configured');
    // After everything was sealed anew the old secret can go.
    const after = createSealer([second]);
    expect(after.open(anew, 'row').toString()).toBe('seed');
    expect(() => after.open(old, 'row')).toThrow('names a secret that is not configured');
  });

  test('the same id with another secret opens nothing', () => {
    const other = createSealer([{ id: 'one', secret: second.secret }]);
    expect(() => other.open(sealer.seal('seed', 'row'), 'row')).toThrow();
  });

  test('every purpose and every secret has a key of its own, the newest first', () => {
    const both = createSealer([second, first]);
    const purposes: KeyPurpose[] = ['seal', 'mail-code', 'form-token', 'cookie', 'lookup'];
    const keys = purposes.flatMap((purpose) => both.keys(purpose).map((key) => key.toString('hex')));
    expect(new Set(keys).size).toBe(purposes.length * 2);
    for (const key of keys) expect(key).toHaveLength(64);
    expect(both.keys('cookie')[1]).toEqual(sealer.keys('cookie')[0]);
    const digests = purposes.map((purpose) => both.digest(purpose, 'x').toString('hex'));
    expect(new Set(digests).size).toBe(purposes.length);
    expect(both.digest('lookup', 'x')).toEqual(createSealer([second]).digest('lookup', 'x'));
  });

  test('needs a secret', () => {
    expect(() => createSealer([])).toThrow('at least one secret');
  });
});

test('secrets are compared whole', () => {
  expect(equalSecrets('abc', 'abc')).toBe(true);
  expect(equalSecrets('', '')).toBe(true);
  for (const [a, b] of [
    ['abc', 'abd'],
    ['abc', 'ab'],
    ['abc', ''],
    ['é', 'e'],
    ['\u00e9', 'e\u0301'],
  ] as const) {
    expect(equalSecrets(a, b)).toBe(false);
  }
});
