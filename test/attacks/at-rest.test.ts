import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { codeOfMail, type Person, person } from '../login/visits.ts';
import { atAccount, keyOf } from '../portal/support.ts';
import { createSoftwarePasskey } from '../support/authenticator.ts';
import {
  appCode,
  type Cluster,
  startCluster,
  testAppSecret,
  testClients,
  testPassword,
} from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { collectingLogger } from '../support/logger.ts';
import { type Answer, UserAgent } from '../support/user-agent.ts';
import { addSubject, atFactor, countOf, recordsOf, testLog } from './support.ts';

const clients = testClients.map((client) => ({
  ...client,
  ...(client.client_id === 'important' ? { trusted_browser_days: 30 } : {}),
}));

/** The bytes of a Base32 key. */
function bytesOf(key: string): Buffer {
  const bits = Array.from(key, (letter) =>
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'),
  ).join('');
  return Buffer.from(Uint8Array.from(bits.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2)));
}

describeOnEveryDatabase('what a stolen dump is worth', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  const log = collectingLogger();
  /** Everything that somebody was given or has typed, by what it is. */
  const secrets = new Map<string, string>();
  const keep = (what: string, ...values: readonly string[]): void => {
    for (const value of values) secrets.set(value, what);
  };
  const keepKey = (key: string): void => {
    const bytes = bytesOf(key);
    keep('seed', key, bytes.toString('hex'), bytes.toString('base64'), bytes.toString('base64url'));
  };
  beforeAll(async () => {
    database = await open();
    cluster = await startCluster(database, { nodes: 2, host: 'localhost', clients, logger: log.logger });
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  async function keepCookies(...browsers: readonly UserAgent[]): Promise<void> {
    // The signature alone is worth nothing; the value in front of it is what counts.
    for (const { jar } of browsers)
      for (const { value } of await jar.getCookies(cluster.issuer))
        if (value.length > 12) keep('cookie', value, value.split('.')[0] ?? value);
  }
  const codesOn = (page: Answer): string[] =>
    page.html.querySelectorAll('.codes code').map(({ textContent }) => textContent.trim());

  /** The whole of a person's life with a second factor. */
  async function live(who: Person): Promise<void> {
    const { issuer } = cluster;
    // Initial setup, with a code that was sent twice, and one that nobody types.
    const first = new UserAgent(cluster);
    const typed = await first.submit(await first.password(who.loginId), { email: who.address });
    const code = await cluster.mailedCode(who.address);
    keep('mail code', code);
    const arrival = await first.submit(typed, { code });
    const { tokens } = await first.redeem(arrival.callback as URL);
    keep(
      'token',
      ...[tokens.access_token, tokens.refresh_token, tokens.id_token].map((token) => token ?? ''),
    );
    keep('authorization code', arrival.callback?.searchParams.get('code') ?? '');
    const abandoned = new UserAgent(cluster, { node: 1 });
    await abandoned.password(who.loginId);
    keep('mail code', await codeOfMail(cluster, who.address, 1));

    // The own page: a further app, one that stays half done, a sheet, a passkey, another address.
    const { browser, page: offered } = await atAccount(cluster, who, { way: 'mail', node: 1 });
    // The login before it offers an app: its key is left where it is.
    keepKey(keyOf(offered));
    expect((await browser.submit(offered, { action: 'skip' })).page).toBe('account');
    keep('mail code', await codeOfMail(cluster, who.address, 2));
    const app = await browser.open('/account/app');
    keepKey(keyOf(app));
    await browser.submit(app, { code: appCode(0, keyOf(app)), device_name: 'Phone' });
    keepKey(keyOf(await browser.open('/account/app')));
    const sheet = await browser.submit(await browser.open('/account/recovery-codes'));
    const codes = codesOn(sheet);
    expect(codes).toHaveLength(10);
    for (const each of codes) keep('recovery code', each, each.replaceAll('-', ''));
    const passkeys = await browser.open('/account/passkey');
    const passkey = createSoftwarePasskey({ origin: issuer, rpId: new URL(issuer).hostname });
    const options = passkeys.html.querySelector('[data-options]')?.getAttribute('data-options') ?? '';
    const made = await browser.submit(passkeys, { passkey: passkey.create(options), device_name: 'Key' });
    expect([made.page, made.fault]).toEqual(['account', undefined]);
    keep('challenge', (JSON.parse(options) as { challenge: string }).challenge);
    const next = await browser.submit(await browser.open('/account/mail'), { email: `new.${who.address}` });
    const proof = await cluster.mailedCode(`new.${who.address}`);
    keep('mail code', proof);
    expect((await browser.submit(next, { code: proof })).fault).toBeUndefined();

    // A login by a recovery code, in a browser that is trusted from then on.
    const trusted = new UserAgent(cluster);
    const asked = await trusted.submit(await trusted.password(who.loginId), { action: 'use-recovery-code' });
    const done = await trusted.submit(asked, { code: codes[0] ?? '', trust_browser: 'yes' });
    expect(done.callback).toBeDefined();
    const jar = await trusted.jar.getCookies(issuer);
    expect(jar.some(({ key }) => key.startsWith('nijo-trust-'))).toBe(true);
    await keepCookies(first, abandoned, browser, trusted);
  }

  test('A25, C09: no table holds a code, seed, password, cookie, token or link that works', async () => {
    keep('password', testPassword);
    keepKey(testAppSecret);
    const people = await Promise.all(Array.from({ length: 2 }, () => person(cluster)));
    for (const who of people) await live(who);
    await addSubject(cluster, { app: true, mail: true });
    const texts = await Promise.all(cluster.smtp.mails.map(async ({ parsed }) => (await parsed).text ?? ''));
    for (const text of texts) {
      for (const [, token = ''] of text.matchAll(/\/not-me\/([\w-]+)/g)) keep('link', token);
      for (const [code] of text.matchAll(/\b\d{8}\b/g)) keep('mail code', code);
    }
    const kinds = new Set(secrets.values());
    expect([...kinds].toSorted()).toEqual([
      'authorization code',
      'challenge',
      'cookie',
      'link',
      'mail code',
      'password',
      'recovery code',
      'seed',
      'token',
    ]);
    expect([...secrets.keys()].every((secret) => secret.length >= 8)).toBe(true);

    const { rows: tables } = await sql<{ name: string }>`
      select tablename as name from pg_tables where schemaname = 'public'`.execute(database.db);
    // What the search is to find it finds: an address may stand there.
    keep('control', people[0]?.address ?? '');
    const found: string[] = [];
    for (const { name } of tables) {
      const { rows } = await sql<{ row: string }>`select t::text as row from ${sql.table(name)} t`.execute(
        database.db,
      );
      const dump = rows.map(({ row }) => row).join('\n');
      const lower = dump.toLowerCase();
      for (const [secret, what] of secrets) {
        const forms = [secret, Buffer.from(secret).toString('base64')];
        const inHex = [secret.toLowerCase(), Buffer.from(secret).toString('hex')];
        // A digest may hold any eight digits by chance; a number that stands by itself does not.
        const stands = /^\d{8}$/.test(secret)
          ? new RegExp(`(?<![\\w-])${secret}(?![\\w-])`).test(dump)
          : forms.some((form) => dump.includes(form)) ||
            (secret.length > 10 && inHex.some((form) => lower.includes(form)));
        if (stands) found.push(`${what} in ${name}`);
      }
    }
    expect([...new Set(found)].filter((each) => !each.startsWith('control'))).toEqual([]);
    expect(found).toContain('control in mail_factors');
  }, 120_000);

  test('A25: a sealed app secret or a recovery code that is copied to another account works for nobody there', async () => {
    const from = await person(cluster, { mail: true });
    const { browser } = await atAccount(cluster, from, { way: 'mail' });
    const app = await browser.open('/account/app');
    await browser.submit(app, { code: appCode(0, keyOf(app)) });
    const codes = codesOn(await browser.submit(await browser.open('/account/recovery-codes')));
    const to = await addSubject(cluster, { mail: true, app: true });
    const id = (
      await database.db
        .selectFrom('accounts')
        .select('id')
        .where('login_id', '=', from.loginId)
        .executeTakeFirstOrThrow()
    ).id;
    await sql`update app_factors set secret_sealed = (
      select secret_sealed from app_factors where account_id = ${id} and state = 'active')
      where account_id = ${to.accountId}`.execute(database.db);
    await sql`with sheet as (
        insert into recovery_sheets (id, account_id, number) values ('copied', ${to.accountId}, 'ABC-DEF') returning id)
      insert into recovery_codes (sheet_id, account_id, digest)
      select sheet.id, ${to.accountId}, c.digest from recovery_codes c, sheet where c.account_id = ${id}`.execute(
      database.db,
    );
    const before = await recordsOf(cluster, to);
    for (const node of [0, 1]) {
      const { browser: thief, page } = await atFactor(cluster, to, { node });
      expect(page.page).toBe('app-code');
      for (const code of [appCode(node, keyOf(app)), appCode(node)]) {
        const answer = await thief.submit(page, { code });
        expect([answer.status, answer.callback, answer.page]).toEqual([422, undefined, 'app-code']);
      }
      const asked = await thief.submit(page, { action: 'use-recovery-code' });
      const answer = await thief.submit(asked, { code: codes[node] ?? '' });
      expect([answer.status, answer.callback, answer.fault]).toEqual([422, undefined, 'recovery_code_wrong']);
    }
    const after = await recordsOf(cluster, to);
    expect([after.sessions - before.sessions, countOf(after, 'sign-in.finished')]).toEqual([0, 0]);
    // An operator hears of it; the owner still gets in by mail, and no right code was counted as a guess.
    expect(log.text()).toContain('factor.app-unreadable');
    const owner = await atFactor(cluster, to);
    const mail = await owner.browser.submit(owner.page, { action: 'use-mail' });
    expect(
      (await owner.browser.submit(mail, { code: await cluster.mailedCode(to.address) })).callback,
    ).toBeDefined();
  });

  testLog(() => log, ['factor.app-unreadable']);
});
