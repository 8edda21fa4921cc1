import { monitorEventLoopDelay } from 'node:perf_hooks';
import { describe, expect, test } from '@jest/globals';
import { hash as argon2 } from '@node-rs/argon2';
import fc from 'fast-check';
import { faultOfForeignHash, readForeignHash } from '../../src/accounts/foreign-hash.ts';
import { createPasswordHasher, longestPassword } from '../../src/accounts/password-hasher.ts';
import { faultOfNewPassword, faultOfPassword } from '../../src/accounts/password-rules.ts';
import { NijoError } from '../../src/base/errors.ts';
import { passwordsSchema } from '../../src/config/sections/accounts.ts';
import { cheapHashing } from './helpers.ts';

const busy = expect.objectContaining({ code: 'hashing_busy' });

describe('password hasher', () => {
  test('C48: makes argon2id PHC strings with the configured parameters', async () => {
    const hasher = createPasswordHasher(passwordsSchema.parse({}));
    const phc = await hasher.hash('correct horse');
    expect(phc).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(await hasher.verify(phc, 'correct horse')).toBe(true);
    expect(await hasher.verify(phc, 'correct horsf')).toBe(false);
    expect(hasher.needsRehash(phc)).toBe(false);
  });

  test('verifies other parameters and says that they are others', async () => {
    const hasher = createPasswordHasher(cheapHashing);
    const foreign = await argon2('imported one', { memoryCost: 512, timeCost: 3, parallelism: 2 });
    expect(await hasher.verify(foreign, 'imported one')).toBe(true);
    expect(await hasher.verify(foreign, 'another one')).toBe(false);
    expect(hasher.needsRehash(foreign)).toBe(true);
    expect(hasher.needsRehash('$2b$10$abcdefghijklmnopqrstuv')).toBe(true);
  });

  test('what is never a password never verifies, and costs a hash all the same', async () => {
    const hasher = createPasswordHasher(cheapHashing);
    const ofEmpty = await argon2('', { memoryCost: 256, timeCost: 1 });
    const ofReplacement = await argon2('\uFFFD', { memoryCost: 256, timeCost: 1 });
    const long = 'あ'.repeat(342);
    expect(Buffer.byteLength(long)).toBeGreaterThan(longestPassword);
    const ofLong = await argon2(long, { memoryCost: 256, timeCost: 1 });
    expect(await hasher.verify(ofEmpty, '')).toBe(false);
    expect(await hasher.verify(ofReplacement, '\uD800')).toBe(false);
    expect(await hasher.verify(ofLong, long)).toBe(false);
    expect(await hasher.verify('', 'x')).toBe(false);
    expect(await hasher.verify('garbage', 'garbage')).toBe(false);
    expect(await hasher.verifyNothing('x')).toBe(false);
    await expect(hasher.hash('')).rejects.toThrow(RangeError);
    await expect(hasher.hash(long)).rejects.toThrow(RangeError);
  });

  test('a NUL is a character like any other, and composed and decomposed text are one password', async () => {
    const hasher = createPasswordHasher(cheapHashing);
    const phc = await hasher.hash('ab\0cd');
    expect(await hasher.verify(phc, 'ab')).toBe(false);
    expect(await hasher.verify(phc, 'ab\0cd')).toBe(true);
    const composed = await hasher.hash('パスワード'.normalize('NFC'));
    expect(await hasher.verify(composed, 'パスワード'.normalize('NFD'))).toBe(true);
  });

  test('F20: at most max_parallel run, max_queue wait, and the next is refused at once', async () => {
    const hasher = createPasswordHasher({ ...cheapHashing, memory_kib: 8192, max_parallel: 2, max_queue: 3 });
    const running = Array.from({ length: 5 }, () => hasher.hash('x'.repeat(9)));
    expect(hasher.load()).toEqual({ running: 2, waiting: 3, maxParallel: 2, maxQueue: 3 });
    const before = performance.now();
    await expect(hasher.verifyNothing('x')).rejects.toEqual(busy);
    await expect(
      hasher.verify('$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo', 'x'),
    ).rejects.toBeInstanceOf(NijoError);
    expect(performance.now() - before).toBeLessThan(20);
    await Promise.all(running);
    expect(hasher.load()).toMatchObject({ running: 0, waiting: 0 });
    expect(await hasher.verifyNothing('x')).toBe(false);
  });

  test('a hash that fails gives its place back', async () => {
    const hasher = createPasswordHasher({ ...cheapHashing, memory_kib: 1, max_parallel: 1 });
    await expect(hasher.hash('12345678')).rejects.toThrow();
    expect(hasher.load()).toMatchObject({ running: 0, waiting: 0 });
  });

  test('F20: 200 hashes at once do not hold the event loop', async () => {
    const hasher = createPasswordHasher({ ...passwordsSchema.parse({}), max_queue: 200 });
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    await Promise.all(Array.from({ length: 200 }, () => hasher.verifyNothing('some password')));
    delay.disable();
    expect(delay.percentile(99) / 1e6).toBeLessThan(100);
  });

  test.each([
    ['$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW', 'another kind'],
    ['{SSHA}abc', 'another kind'],
    ['$argon2i$v=19$m=4096,t=3,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA', 'another kind'],
    ['$argon2id$v=19$m=19456,t=2,p=1$short', 'not an argon2id'],
    ['{ARGON2}$argon2i$v=19$m=4096,t=3,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA', 'kind (argon2i)'],
    ['argon2$argon2d$v=19$m=512,t=2,p=2$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA', 'kind (argon2d)'],
    ['{CRYPT}$6$salt$hash', 'kind (CRYPT)'],
    ['pbkdf2_sha256$600000$salt$hash', 'kind (pbkdf2_sha256)'],
    ['$argon2id$v=16$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA', 'version 16'],
    ['$argon2id$v=19$m=19456,t=2$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA', 'not an argon2id'],
    ['$argon2id$v=19$m=19456,t=2,p=1,x=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA', 'not an argon2id'],
    ['$argon2id$v=19$m=4,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA', 'not an argon2id'],
    ['$argon2id$v=19$m=4000000,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA', 'too much work'],
    ['$argon2id$v=19$m=19456,t=2,p=1,data=Zm9v$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA', 'key or data'],
    ['plain', 'not an argon2id'],
  ])('a hash brought over: %s is refused', (phc, reason) => {
    expect(faultOfForeignHash(phc)).toContain(reason);
  });

  test('S17: argon2id in the spellings of other programs is taken over and verifies', async () => {
    const hasher = createPasswordHasher(cheapHashing);
    const phc = await argon2('brought over', { memoryCost: 512, timeCost: 2, parallelism: 2 });
    const [, , , , salt = '', output = ''] = phc.split('$');
    const spellings = [
      `{ARGON2}${phc}`,
      `{ARGON2ID}${phc}`,
      `{argon2id}${phc}`,
      `{CRYPT}${phc}`,
      `argon2${phc}`,
      phc.slice(1),
      ` ${phc}== `,
      phc.replace(salt, `${salt}==`).concat('='),
      phc.replace('m=512,t=2,p=2', 't=2,m=512,p=2'),
      phc.replace('m=512,t=2,p=2', 'p=2,t=2,m=512'),
      phc.replace('v=19$', ''),
      // By the PHC format a missing version is 16.
      (await argon2('brought over', { memoryCost: 512, timeCost: 2, version: 0 })).replace('v=16$', ''),
    ];
    expect(output).not.toBe('');
    for (const spelling of spellings) {
      const read = readForeignHash(spelling);
      if ('fault' in read) throw new Error(`${spelling}: ${read.fault}`);
      expect([spelling, await hasher.verify(read.phc, 'brought over')]).toEqual([spelling, true]);
      expect(await hasher.verify(read.phc, 'brought ove')).toBe(false);
      expect(hasher.needsRehash(read.phc)).toBe(true);
    }
  });

  test('S17: whatever is taken over can be verified: no string makes the comparison throw', async () => {
    const hasher = createPasswordHasher(cheapHashing);
    const odd = fc.oneof(
      fc.base64String({ maxLength: 90 }),
      fc.constantFrom('', '-_', '====', 'c2FsdHNhbHRzYQ'),
    );
    const salt = fc.oneof({ weight: 3, arbitrary: fc.constantFrom('c2FsdHNhbHRzYWx0', 'c2FsdHNhbHQ') }, odd);
    const output = fc.oneof({ weight: 3, arbitrary: fc.constantFrom('aGFzaGhhc2hoYXNoaGFzaA==') }, odd);
    const number = fc.oneof(
      { weight: 9, arbitrary: fc.integer({ min: 1, max: 30 }) },
      fc.constantFrom('01', '-1', '1e3', '', '0'),
    );
    const text = fc
      .tuple(
        fc.constantFrom('', '{ARGON2}', 'argon2', '{SSHA}', '{ARGON2I}'),
        fc.constantFrom('$argon2id$v=19$', '$argon2id$', 'argon2id$v=16$', '$argon2i$v=19$'),
        fc.constantFrom('mtp', 'tmp', 'pmt', 'mp', 'mtpx', 'mmtp'),
        fc.tuple(number, number, number, number),
        salt,
        output,
      )
      .map(([prefix, kind, order, values, one, other]) => {
        const list = Array.from(
          order,
          (name, index) => `${name}=${name === 'm' ? '4' : ''}${values[index] ?? 1}`,
        ).join(',');
        return `${prefix}${kind}${list}$${one}$${other}`;
      });
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(text, async (candidate) => {
        const read = readForeignHash(candidate);
        if ('fault' in read) return;
        taken += 1;
        expect(await hasher.verify(read.phc, 'some password')).toBe(false);
      }),
      { numRuns: 2000 },
    );
    expect(taken).toBeGreaterThan(20);
  });

  test('C48: a new password is judged by length, the common ones and the ID, and by nothing else', async () => {
    expect(faultOfPassword('1234567')).toContain('shorter');
    expect(faultOfPassword('x'.repeat(1025))).toContain('longer');
    expect(faultOfPassword('x'.repeat(1024))).toBeUndefined();
    expect(await faultOfNewPassword('qwertyuiop', 'a0000001')).toContain('most common');
    expect(await faultOfNewPassword('Password1', 'a0000001')).toContain('most common');
    expect(await faultOfNewPassword('ｐａｓｓｗｏｒｄ１', 'a0000001')).toContain('most common');
    expect(await faultOfNewPassword('xx-A0000001-xx', 'a0000001')).toContain('the ID');
    expect(await faultOfNewPassword('Nijo-trial-2026', 'a0000001')).toBeUndefined();
    expect(await faultOfNewPassword('all lower case words', 'a0000001')).toBeUndefined();
  });
});
