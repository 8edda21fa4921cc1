import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createSealer } from '../../src/base/sealing.ts';
import { resealAll } from '../../src/cli/reseal.ts';
import { newRecoveryCode, readRecoveryCode } from '../../src/factors/recovery/code-value.ts';
import { createSecondFactor, type SecondFactor } from '../../src/factors/second-factor.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { auditOf, noticesOf, origin, type Someone, type TwoNodes, twoNodes } from './two-nodes.ts';

/** What a person types, as the product reads it. */
function typed(text: string): string {
  const read = readRecoveryCode(text);
  if ('fault' in read) throw new Error(`${text} is ${read.fault}`);
  return read.code;
}

describe('a recovery code as it is typed', () => {
  test.each([
    'ABCD-EFGH-JKMN0',
    'abcd efgh jkmn0',
    ' abcdefghjkmnO ',
    'ＡＢＣＤ－ＥＦＧＨ－ＪＫＭＮ０',
    'abcd—efgh‐jkmno',
  ])('D8: %j is the printed ABCD-EFGH-JKMN0', (text) => {
    expect(readRecoveryCode(text)).toEqual({ code: 'ABCDEFGHJKMN0' });
  });

  test.each([
    [undefined, 'missing'],
    [' - ', 'missing'],
    ['ABCD-EFGH-JKMN', 'malformed'],
    ['ABCD-EFGH-JKMNU', 'malformed'],
    ['ABCD-EFGH-JKM!0', 'malformed'],
    ['A'.repeat(101), 'malformed'],
  ])('%j is %s', (text, fault) => {
    expect(readRecoveryCode(text)).toEqual({ fault });
  });

  test('I and L are the 1, O is the 0: no code on paper has them', () => {
    expect(readRecoveryCode('il0o-0000-00000')).toEqual({ code: '1100000000000' });
  });

  test('C55: 65 bits, every character as likely as the next', () => {
    const counts = new Map<string, number>();
    for (let made = 0; made < 4000; made += 1) {
      for (const character of newRecoveryCode()) counts.set(character, (counts.get(character) ?? 0) + 1);
    }
    const expected = (4000 * 13) / 32;
    const chiSquare = [...counts.values()].reduce((sum, seen) => sum + (seen - expected) ** 2 / expected, 0);
    expect(counts.size).toBe(32);
    // 31 degrees of freedom: beyond 75 once in 20,000 runs.
    expect(chiSquare).toBeLessThan(75);
  });
});

describeOnEveryDatabase('recovery codes', (open) => {
  let database: TestDatabase;
  let stage: TwoNodes;
  beforeAll(async () => {
    database = await open();
    stage = await twoNodes(database);
  });
  afterAll(() => database.close());

  const changer = (who: Someone) => ({ accountId: who.id, origin, locale: 'en' as const });
  const make = (who: Someone) => stage.nodes[0].recoveryCodes.make(changer(who));
  const use = async (who: Someone, code: string, node: SecondFactor = stage.nodes[1]) => {
    const signIn = await stage.signIn(who);
    const { outcome } = await node.recoveryCodes.prove(signIn, typed(code), origin, 'en');
    return { outcome, signIn: await stage.now(signIn) };
  };

  test('D8, C55: ten codes, a number to read aloud, nothing of them in the database, and the user is told', async () => {
    const who = await stage.someone({ mail: true });
    const { number, codes } = await make(who);
    expect(new Set(codes).size).toBe(10);
    for (const code of codes)
      expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{5}$/);
    expect(number).toMatch(/^[2-9BCDFGHJ-NP-TV-XZ]{3}-[2-9BCDFGHJ-NP-TV-XZ]{3}$/);
    const stored = JSON.stringify([
      await stage.db.selectFrom('recovery_codes').selectAll().where('account_id', '=', who.id).execute(),
      await stage.db.selectFrom('recovery_sheets').selectAll().where('account_id', '=', who.id).execute(),
      await stage.db.selectFrom('audit_events').selectAll().where('account_id', '=', who.id).execute(),
      await stage.db.selectFrom('mails').selectAll().where('account_id', '=', who.id).execute(),
    ]);
    expect(stored).toContain(number);
    for (const code of codes) for (const form of [code, typed(code)]) expect(stored).not.toContain(form);
    expect(await noticesOf(stage.db, who.id)).toMatchObject([{ notice: 'recovery-codes-made' }]);
    expect(await auditOf(stage.db, who.id)).toEqual([
      { event: 'recovery-codes.made', details: { sheet: number } },
    ]);
  });

  test('C55: of 50 parallel uses of one code on two nodes exactly one succeeds', async () => {
    const who = await stage.someone({ mail: true });
    const { codes } = await make(who);
    const code = typed(codes[4] ?? '');
    const signIns = await Promise.all(Array.from({ length: 50 }, () => stage.signIn(who)));
    const answers = await Promise.all(
      signIns.map((signIn, index) =>
        (stage.nodes[index % 2] as SecondFactor).recoveryCodes.prove(signIn, code, origin, 'en'),
      ),
    );
    expect(answers.filter(({ outcome }) => outcome === 'proven')).toHaveLength(1);
    expect(answers.filter(({ outcome }) => outcome === 'used')).toHaveLength(49);
    const proven = await stage.db
      .selectFrom('sign_ins')
      .select('factor')
      .where('account_id', '=', who.id)
      .where('factor', 'is not', null)
      .execute();
    expect(proven).toEqual([{ factor: 'recovery-code' }]);
    expect(
      (await noticesOf(stage.db, who.id)).filter(({ notice }) => notice === 'recovery-code-used'),
    ).toMatchObject([{ left: 9, to: who.address }]);
    expect(await auditOf(stage.db, who.id, 'recovery-code.verified')).toHaveLength(1);
  });

  test('C55: a new sheet voids all of the earlier one, and only its own account knows a code', async () => {
    const who = await stage.someone({ app: true });
    const other = await stage.someone({ app: true });
    const { codes: old } = await make(who);
    expect((await use(who, old[0] ?? '')).outcome).toBe('proven');
    const { codes } = await make(who);
    await make(other);
    for (const code of old.slice(0, 2)) expect((await use(who, code)).outcome).toBe('wrong');
    expect((await use(other, codes[0] ?? '')).outcome).toBe('wrong');
    expect((await use(who, codes[0] ?? '')).outcome).toBe('proven');
    await stage.nodes[1].recoveryCodes.remove(changer(who));
    expect((await use(who, codes[1] ?? '')).outcome).toBe('wrong');
    await expect(stage.nodes[0].recoveryCodes.remove(changer(who))).rejects.toMatchObject({
      code: 'factor_unknown',
    });
    expect((await stage.nodes[0].holderOf(who.id)).ways).toEqual(['app']);
  });

  test('C55: of sheets made at once on two nodes one is valid', async () => {
    const who = await stage.someone({ mail: true });
    const sheets = await Promise.all(stage.nodes.map((node) => node.recoveryCodes.make(changer(who))));
    const outcomes = [];
    for (const { codes } of sheets) outcomes.push((await use(who, codes[0] ?? '')).outcome);
    expect(outcomes.toSorted()).toEqual(['proven', 'wrong']);
  });

  test('D8: the login says so when three are left, and not before', async () => {
    const who = await stage.someone({ mail: true });
    const { codes } = await make(who);
    const detours = [];
    for (const code of codes.slice(0, 8)) detours.push((await use(who, code)).signIn.detour);
    expect(detours).toEqual([...Array<undefined>(6).fill(undefined), 'codes-low', 'codes-low']);
    expect((await noticesOf(stage.db, who.id)).at(-1)).toMatchObject({
      notice: 'recovery-code-used',
      left: 2,
    });
  });

  test('a sheet outlives a change of NIJO_SECRET, before and after everything is sealed anew', async () => {
    const who = await stage.someone({ mail: true });
    const { codes } = await make(who);
    const earlier = { id: 'test', secret: 'a fixed secret of the tests, 32 characters or more' };
    const later = { id: 'later', secret: 'another secret of the tests, 32 characters or more' };
    const under = (...generations: (typeof earlier)[]): SecondFactor =>
      createSecondFactor({
        db: stage.db,
        sealer: createSealer(generations),
        config: stage.config,
        handOver: () => undefined,
      });
    expect((await use(who, codes[0] ?? '', under(later, earlier))).outcome).toBe('proven');
    await resealAll(stage.db, createSealer([later, earlier]));
    expect((await use(who, codes[1] ?? '', under(later))).outcome).toBe('proven');
    await resealAll(stage.db, createSealer([earlier, later]));
  });

  test('D11, D8: none are made while changes are frozen, nor where they would be the only way', async () => {
    const bare = await stage.someone({ enrolled: true });
    await expect(make(bare)).rejects.toMatchObject({ code: 'factor_missing' });
    const who = await stage.someone({ mail: true });
    const { codes } = await make(who);
    await stage.db
      .updateTable('accounts')
      .set({ changes_frozen_until: new Date(Date.now() + 3_600_000) })
      .where('id', '=', who.id)
      .execute();
    await expect(make(who)).rejects.toMatchObject({ code: 'changes_frozen' });
    await expect(stage.nodes[0].recoveryCodes.remove(changer(who))).rejects.toMatchObject({
      code: 'changes_frozen',
    });
    expect((await use(who, codes[0] ?? '')).outcome).toBe('proven');
  });
});
