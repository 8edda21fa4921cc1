import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { sql } from 'kysely';
import { endEverythingOf } from '../../src/accounts/status.ts';
import { newId, newSecret } from '../../src/base/ids.ts';
import type { Db } from '../../src/db/open.ts';
import { openSignIn } from '../../src/factors/sign-in/sign-ins.ts';
import { forgetOldTrust, trustedBrowsersOf } from '../../src/factors/browsers/trust-rows.ts';
import { createTrustedBrowsers, type TrustedBrowsers } from '../../src/factors/browsers/trusted.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';

const origin = { requestId: 'request-1', address: '192.0.2.7', node: 'node-a', userAgent: 'Browser/1' };

describeOnEveryDatabase('trusted browsers', (open) => {
  let database: TestDatabase;
  let db: Db;
  let trusted: TrustedBrowsers;
  let told: string[];
  let account: string;
  let other: string;
  beforeAll(async () => {
    database = await open();
    ({ db } = database);
    trusted = createTrustedBrowsers({
      db,
      notices: { tell: async (_, accountId, { kind }) => void told.push(`${kind} ${accountId}`) },
    });
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    told = [];
    [account, other] = [newId(), newId()];
    for (const id of [account, other])
      await db.insertInto('accounts').values({ id, login_id: id, kind: 'sps' }).execute();
  });

  /** A login of an account in which the password, and this factor, were proven. */
  async function login(accountId: string, factor: 'app' | null = 'app') {
    const signIn = { interaction: newId(), browser: 'browser-1', clientId: 'library' };
    const { interaction } = signIn;
    await openSignIn(db, { ...signIn, accountId, steppedUpFrom: undefined, lifetimeSeconds: 600 });
    await db.updateTable('sign_ins').set({ factor }).where('interaction', '=', interaction).execute();
    const shown = { id: accountId, loginId: accountId, locale: undefined, active: true };
    return { ...signIn, account: shown };
  }
  async function given(accountId = account, days = 30): Promise<string> {
    const value = await trusted.trust(await login(accountId), days, origin, 'en');
    if (value === undefined) throw new Error('trust was not given');
    return value;
  }
  const use = (value: string, accountId = account, days = 30) =>
    trusted.use(accountId, value, days, origin, 'en');
  async function pass(seconds: number, accountId = account): Promise<void> {
    const ago = sql`make_interval(secs => ${seconds})`;
    await sql`update trusted_browsers set created_at = created_at - ${ago}, rotated_at = rotated_at - ${ago},
      seen_at = seen_at - ${ago}, expires_at = expires_at - ${ago} where account_id = ${accountId}`.execute(
      db,
    );
  }
  const eventsOf = async (accountId = account) =>
    (
      await db
        .selectFrom('audit_events')
        .select(['event', 'details'])
        .where('account_id', '=', accountId)
        .orderBy('id')
        .execute()
    ).map(({ event, details }) => [event, details.reason].filter(Boolean).join(' '));
  /** A use, a minute later, whose answer arrives: what the cookie holds then. */
  async function used(value: string): Promise<string> {
    await pass(61);
    const answer = await use(value);
    if (answer.outcome !== 'trusted' || answer.rotated === undefined) throw new Error(answer.outcome);
    expect(await trusted.holds(account, answer.rotated, 30)).toBe(true);
    return answer.rotated;
  }

  test('R31: trust needs a factor proven in this very login; the account is told, nothing of the secret is stored', async () => {
    const unproven = await login(account, null);
    expect(await trusted.trust(unproven, 30, origin, 'en')).toBeUndefined();
    const proven = await login(account);
    expect(await trusted.trust({ ...proven, browser: 'browser-2' }, 30, origin, 'en')).toBeUndefined();
    const foreign = { ...proven, account: { ...proven.account, id: other } };
    expect(await trusted.trust(foreign, 30, origin, 'en')).toBeUndefined();
    await endEverythingOf(db, account, { why: 'reset' });
    expect(await trusted.trust(proven, 30, origin, 'en')).toBeUndefined();
    expect([told, await eventsOf()]).toEqual([[], []]);

    const value = await given();
    expect(value).toMatch(/^[\w-]{65}$/);
    expect([told, await eventsOf()]).toEqual([[`browser-trusted ${account}`], ['browser.trusted']]);
    const row = await db
      .selectFrom('trusted_browsers')
      .selectAll()
      .where('account_id', '=', account)
      .executeTakeFirstOrThrow();
    expect(row).toMatchObject({ user_agent: 'Browser/1', address: '192.0.2.7' });
    expect(JSON.stringify(row)).not.toContain(value.slice(22));
    // Trusted once more, the earlier row of this browser ends.
    await trusted.trust(await login(account), 7, origin, 'en', value);
    expect(await trustedBrowsersOf(db, account)).toHaveLength(1);
    expect(await trusted.holds(account, value, 30)).toBe(false);
  });

  test('R31: every use a minute later gives a new secret; within the minute nothing changes', async () => {
    const first = await given();
    expect(await use(first)).toEqual({ outcome: 'trusted', id: first.slice(0, 22) });
    const second = await used(first);
    expect(second.slice(0, 22)).toBe(first.slice(0, 22));
    expect(second).not.toBe(first);
    expect(await use(second)).toEqual({ outcome: 'trusted', id: first.slice(0, 22) });
    expect(await eventsOf()).toEqual(['browser.trusted', ...Array(3).fill('browser.trust-used')]);
  });

  test('R31: an answer that was lost ends nothing, however late the browser comes back', async () => {
    const first = await given();
    await pass(61);
    await use(first);
    await pass(86_400);
    expect(await trusted.holds(account, first, 30)).toBe(true);
    expect(await used(first)).not.toBe(first);
    expect(told).toEqual([`browser-trusted ${account}`]);
  });

  test('R31: 20 tabs at once are all let in, and one of them gets the new secret', async () => {
    const first = await given();
    await pass(61);
    const answers = await Promise.all(Array.from({ length: 20 }, () => use(first)));
    expect(answers.map(({ outcome }) => outcome)).toEqual(Array(20).fill('trusted'));
    expect(answers.filter((answer) => 'rotated' in answer)).toHaveLength(1);
    expect(told).toEqual([`browser-trusted ${account}`]);
  });

  test('R31: a copy used after its owner is found out at once; 20 at once are one theft', async () => {
    const stolen = await given();
    const owners = await used(stolen);
    await pass(61);
    expect(await trusted.holds(account, stolen, 30)).toBe(false);
    const answers = await Promise.all(Array.from({ length: 20 }, () => use(stolen)));
    expect(answers.map(({ outcome }) => outcome).toSorted()).toEqual(['theft', ...Array(19).fill('unknown')]);
    expect(await use(owners)).toEqual({ outcome: 'unknown' });
    expect(told).toEqual([`browser-trusted ${account}`, `trust-theft ${account}`]);
    expect((await eventsOf()).filter((event) => event === 'browser.trust-theft')).toHaveLength(1);
    expect(await trustedBrowsersOf(db, account)).toEqual([]);
  });

  test('R31: a copy used before its owner is found out when the owner comes', async () => {
    const owners = await given();
    const thiefs = await used(owners);
    await pass(61);
    expect(await use(owners)).toEqual({ outcome: 'theft' });
    expect(await use(thiefs)).toEqual({ outcome: 'unknown' });
    expect(await trusted.holds(account, thiefs, 30)).toBe(false);
  });

  test('R31: while nobody has a copy there is never an alarm, whatever is lost, doubled or late', async () => {
    const deed = fc.constantFrom('use', 'lost', 'tabs', 'policy', 'second', 'minute', 'day');
    await fc.assert(
      fc.asyncProperty(fc.array(deed, { minLength: 1, maxLength: 14 }), async (deeds) => {
        let cookie = await given();
        for (const done of deeds) {
          if (done === 'second' || done === 'minute' || done === 'day')
            await pass({ second: 1, minute: 61, day: 86_400 }[done]);
          else if (done === 'policy') expect(await trusted.holds(account, cookie, 30)).toBe(true);
          else {
            const answers = await Promise.all(done === 'tabs' ? [use(cookie), use(cookie)] : [use(cookie)]);
            expect(answers.map(({ outcome }) => outcome)).toEqual(answers.map(() => 'trusted'));
            const rotated = answers.flatMap((answer) => ('rotated' in answer ? [answer.rotated] : []));
            expect(rotated.length).toBeLessThan(2);
            if (done !== 'lost') cookie = rotated[0] ?? cookie;
          }
        }
      }),
      { numRuns: 20 },
    );
  });

  test('R31: it is good for this account, these days and this value alone', async () => {
    const value = await given(account, 7);
    const another = await given(other);
    const swapped = value.slice(0, 22) + another.slice(22);
    const altered = value.slice(0, -1) + (value.endsWith('A') ? 'B' : 'A');
    const made = newSecret(16) + newSecret(32);
    const foreign: [string, string, number][] = [
      [other, value, 30],
      [account, another, 30],
      [account, made, 30],
      [account, '', 30],
      [account, `${value}A`, 30],
      [account, `' or ''='${'x'.repeat(56)}`, 30],
      [account, value, 0],
    ];
    for (const [id, text, days] of foreign) {
      expect([text, await trusted.holds(id, text, days)]).toEqual([text, false]);
      expect([text, await use(text, id, days)]).toEqual([text, { outcome: 'unknown' }]);
    }
    for (const wrong of [swapped, altered]) expect(await trusted.holds(account, wrong, 30)).toBe(false);
    // A client with fewer days asks again; it does not end what others allow.
    await pass(3 * 86_400);
    expect(await use(value, account, 2)).toEqual({ outcome: 'unknown' });
    expect(await trusted.holds(account, value, 2)).toBe(false);
    const rotated = await used(value);
    // Nor does a client with more days make it last longer than it was given for.
    await pass(5 * 86_400);
    expect([await trusted.holds(account, rotated, 30), await use(rotated)]).toEqual([
      false,
      { outcome: 'unknown' },
    ]);
    await pass(2 * 86_400);
    await forgetOldTrust(db, 100);
    const left = await db.selectFrom('trusted_browsers').select('account_id').execute();
    expect(left.map(({ account_id: id }) => id)).not.toContain(account);
    expect(left.map(({ account_id: id }) => id)).toContain(other);
    // A secret that fits nothing under a known id was made up or copied.
    expect(await use(another.slice(0, 22) + newSecret(32), other)).toEqual({ outcome: 'theft' });
  });

  test('R31: its user ends one, a change ends all, a disabled account has none', async () => {
    const changer = {
      accountId: account,
      browser: 'b',
      sessionUid: 's',
      origin,
      locale: 'en',
      device: 'd',
    } as const;
    const values = [await given(), await given(), await given()];
    const ids = values.map((value) => value.slice(0, 22));
    await expect(trusted.end({ ...changer, accountId: other }, ids[0]!)).rejects.toThrow('factor_unknown');
    await trusted.end(changer, ids[0]!);
    await expect(trusted.end(changer, ids[0]!)).rejects.toThrow('factor_unknown');
    expect((await trustedBrowsersOf(db, account)).map(({ id }) => id).toSorted()).toEqual(
      ids.slice(1).toSorted(),
    );
    await db.updateTable('accounts').set({ status: 'disabled' }).where('id', '=', account).execute();
    expect([await trusted.holds(account, values[1]!, 30), await use(values[1]!)]).toEqual([
      false,
      { outcome: 'unknown' },
    ]);
    await db.updateTable('accounts').set({ status: 'active' }).where('id', '=', account).execute();
    await db.transaction().execute((trx) => trusted.endAll(trx, account, 'factor-changed', origin));
    await db.transaction().execute((trx) => trusted.endAll(trx, account, 'factor-changed', origin));
    for (const value of values) expect(await use(value)).toEqual({ outcome: 'unknown' });
    expect((await eventsOf()).filter((event) => event.startsWith('browser.trust-ended'))).toEqual([
      'browser.trust-ended user',
      ...Array(2).fill('browser.trust-ended factor-changed'),
    ]);
  });
});
