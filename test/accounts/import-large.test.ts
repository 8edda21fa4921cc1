import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { importAccounts } from '../../src/accounts/import.ts';
import { createPasswordHasher } from '../../src/accounts/password-hasher.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { testSealer } from '../support/sealer.ts';
import { cheapHashing } from './helpers.ts';

/** A whole university where figures are asked for; a third of it shows that memory does not grow with it. */
const size = process.env.NIJO_TEST_FIGURES === undefined ? 10_000 : 30_000;
const phc =
  '"$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$7Xb1uPMzmoTe3SC4PGHJ3bw0mZkSCt7Rn2rHDKkAVdQ"';

function* people(): Generator<string> {
  yield 'login_id,kind,name_en,name_ja,email,affiliation,locale,password_hash,factor_email,totp_secret\r\n';
  for (let i = 0; i < size; i += 1) {
    const id = `a${String(i).padStart(7, '0')}`;
    yield `${id},student,Taro Yamada ${i},山田　太郎,${id}@st.example,学部,ja,${phc},${id}@mail.example,JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP\r\n`;
  }
}

describeOnEveryDatabase('a whole university', (open) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());

  const run = async (): Promise<{ result: unknown; seconds: number; grownMib: number; batches: number }> => {
    const before = process.memoryUsage();
    let peak = 0;
    let batches = 0;
    const start = performance.now();
    const result = await importAccounts({
      db: database.db,
      hasher: createPasswordHasher(cheapHashing),
      sealer: testSealer(),
      source: Readable.from(people()),
      actor: 'cli:test',
      canonicalAddress: (address) => ({ address }),
      onProgress: () => {
        batches += 1;
        peak = Math.max(peak, process.memoryUsage().heapUsed);
      },
    });
    const seconds = (performance.now() - start) / 1000;
    return { result, seconds, grownMib: (peak - before.heapUsed) / 2 ** 20, batches };
  };

  test('thousands of accounts with hashes and factors come over in batches of bounded memory, and again without a change', async () => {
    const first = await run();
    expect(first.result).toEqual({ imported: size, updated: 0, unchanged: 0, bad: [], kept: [] });
    expect(first.batches).toBe(size / 500);
    const second = await run();
    expect(second.result).toEqual({ imported: 0, updated: 0, unchanged: size, bad: [], kept: [] });
    // Neither the file nor what was read of it is kept: a batch is, and a number for each ID.
    expect(Math.max(first.grownMib, second.grownMib)).toBeLessThan(250);
    if (process.env.NIJO_TEST_FIGURES !== undefined) {
      const figures = [first, second].map(
        ({ seconds, grownMib }) => `${seconds.toFixed(1)} s, heap +${grownMib.toFixed(0)} MiB`,
      );
      process.stderr.write(`${database.kind}: ${size} rows: first ${figures[0]}; again ${figures[1]}\n`);
    }
  }, 150_000);
});
