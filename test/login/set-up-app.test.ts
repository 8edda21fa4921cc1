import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { appCode, type Cluster, startCluster, testPassword } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { type Arrival, UserAgent } from '../support/user-agent.ts';
import { accountId, claimsAt, eventsOf, type Person, person, wrongCode } from './visits.ts';
import { acknowledgementVersion } from '../../src/factors/acknowledgement.ts';

describeOnEveryDatabase('setup with an app alone', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  beforeAll(async () => {
    database = await open();
    cluster = await startCluster(database);
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  const atAcknowledgement = async (who: Person): Promise<{ browser: UserAgent; page: Arrival }> => {
    const browser = new UserAgent(cluster);
    const address = await browser.password(who.loginId);
    return { browser, page: await browser.submit(address, { action: 'no-mail' }) };
  };
  const keyOf = (page: Arrival): string =>
    page.html.querySelector('[data-copy]')?.getAttribute('data-copy') ?? '';
  const acknowledgements = (id: string) =>
    database.db.selectFrom('acknowledgements').selectAll().where('account_id', '=', id).execute();

  test('R22, R23: "no usable mail address" leads to the acknowledgement, and nothing goes on without the tick', async () => {
    const who = await person(cluster);
    const id = await accountId(database.db, who);
    const { browser, page } = await atAcknowledgement(who);
    expect(page.page).toBe('set-up-app-only');
    for (const fields of [
      {},
      { acknowledge: 'no' },
      { acknowledge: 'yes', acknowledgement_version: '1999-1' },
    ]) {
      const refused = await browser.submit(page, fields);
      expect([refused.page, refused.fault]).toEqual(['set-up-app-only', 'acknowledgement_missing']);
    }
    // A form of the next page, sent too early, does not skip it.
    const early = await browser.submit(page, { page: 'set-up-app', code: '123456' });
    expect([early.status, early.page]).toEqual([409, 'set-up-app-only']);
    expect(await acknowledgements(id)).toEqual([]);
    // And there is a way back to mail.
    expect((await browser.submit(page, { action: 'use-mail' })).page).toBe('set-up-mail');
  });

  test('R23: the acknowledgement is kept with the version of its text, the language it was read in and the time', async () => {
    const who = await person(cluster);
    const id = await accountId(database.db, who);
    const { browser, page } = await atAcknowledgement(who);
    const japanese = await browser.submit(page, { lang: 'ja' });
    expect(japanese.html.querySelector('html')?.getAttribute('lang')).toBe('ja');
    // A double click acknowledges once and makes one key.
    const fields = { acknowledge: 'yes' };
    const [one, two] = await Promise.all([
      browser.submit(japanese, fields),
      browser.submit(japanese, fields),
    ]);
    expect(keyOf(one)).toBe(keyOf(two));
    const rows = await acknowledgements(id);
    expect(rows).toMatchObject([{ text_version: acknowledgementVersion, locale: 'ja' }]);
    expect(Math.abs(Number(rows[0]?.given_at) - Date.now())).toBeLessThan(60_000);
    expect((await eventsOf(database.db, id)).filter((event) => event === 'factor.acknowledged')).toHaveLength(
      1,
    );
  });

  test('R13, R26: QR code, key as text and otpauth link; the first right code makes it active; then nothing shows the key', async () => {
    const who = await person(cluster);
    const id = await accountId(database.db, who);
    const { browser, page } = await atAcknowledgement(who);
    const appPage = await browser.submit(page, { acknowledge: 'yes' });
    expect(appPage.page).toBe('set-up-app');
    const key = keyOf(appPage);
    expect(key).toMatch(/^[A-Z2-7]{32}$/);
    expect(appPage.html.querySelector('.qr svg')).not.toBeNull();
    expect(appPage.html.querySelector('.key code')?.textContent.replaceAll(' ', '')).toBe(key);

    const link = new URL(appPage.html.querySelector('a[href^="otpauth:"]')?.getAttribute('href') ?? '');
    const issuer = cluster.config.branding.totp_issuer;
    expect(decodeURIComponent(link.pathname).replace(/^\/+/, '')).toBe(`${issuer}:${who.loginId}`);
    expect(link.host).toBe('totp');
    expect(link.searchParams.get('secret')).toBe(key);
    expect(link.searchParams.get('issuer')).toBe(issuer);
    // Authenticator apps ignore or refuse anything else, so nothing else is said.
    expect([link.searchParams.get('algorithm') ?? 'SHA1', link.searchParams.get('digits') ?? '6']).toEqual([
      'SHA1',
      '6',
    ]);
    expect(link.searchParams.get('period') ?? '30').toBe('30');

    // Not active before a right code; a wrong one keeps key and device name.
    const wrong = await browser.submit(appPage, {
      device_name: 'Purple phone',
      code: wrongCode(appCode(0, key)),
    });
    expect([wrong.fault, keyOf(wrong)]).toEqual(['code_wrong', key]);
    expect(wrong.html.querySelector('[name=device_name]')?.getAttribute('value')).toBe('Purple phone');
    const active = () =>
      database.db.selectFrom('app_factors').select(['name', 'state']).where('account_id', '=', id).execute();
    expect(await active()).toEqual([]);

    const code = appCode(0, key);
    const arrival = await browser.submit(wrong, { device_name: 'Purple phone', code });
    expect(await claimsAt(browser, arrival)).toMatchObject({ amr: ['pwd', 'otp', 'mfa'] });
    expect(await active()).toEqual([{ name: 'Purple phone', state: 'active' }]);

    // R5: the step of the setup is used up; R26: neither a later page nor the old one has the key.
    const again = new UserAgent(cluster);
    const next = await again.password(who.loginId);
    expect(next.page).toBe('app-code');
    const replay = await again.submit(next, { code });
    expect(replay.fault).toBe('code_used');
    const old = await browser.open(appPage.url.pathname);
    for (const later of [next, replay, old, arrival]) expect(later.body).not.toContain(key);
    expect(appPage.headers['cache-control']).toBe('no-store');
  });

  test('R15: a setup with an app that another login has overtaken is void, and its page helps', async () => {
    const who = await person(cluster);
    const slow = await atAcknowledgement(who);
    const slowApp = await slow.browser.submit(slow.page, { acknowledge: 'yes' });
    const fast = await atAcknowledgement(who);
    const fastApp = await fast.browser.submit(fast.page, { acknowledge: 'yes' });
    const key = keyOf(fastApp);
    expect((await fast.browser.submit(fastApp, { code: appCode(0, key) })).callback).toBeDefined();

    const late = await slow.browser.submit(slowApp, { code: appCode(0, keyOf(slowApp)) });
    expect([late.status, late.page, keyOf(late)]).toEqual([409, 'app-code', '']);
    const arrival = await slow.browser.submit(late, { code: appCode(1, key) });
    expect(arrival.callback).toBeDefined();
  });

  test('A25, C09: a dump of the database holds no code, key, password, cookie or token of a login', async () => {
    const mailer = await person(cluster);
    const app = await person(cluster);
    const secrets: string[] = [testPassword];

    const browser = new UserAgent(cluster);
    const address = await browser.password(mailer.loginId);
    const codePage = await browser.submit(address, { email: mailer.address });
    const code = await cluster.mailedCode(mailer.address);
    // A mail that was not handed over holds it no more than one that was.
    await browser.submit(codePage, { action: 'resend' });
    const { tokens } = await browser.redeem((await browser.submit(codePage, { code })).callback as URL);
    secrets.push(code, ...[tokens.access_token, tokens.refresh_token].map((token) => token ?? ''));

    const { browser: other, page } = await atAcknowledgement(app);
    const appPage = await other.submit(page, { acknowledge: 'yes' });
    const key = keyOf(appPage);
    secrets.push(key, Buffer.from(base32(key)).toString('hex'), Buffer.from(base32(key)).toString('base64'));
    await other.submit(appPage, { code: appCode(0, key) });

    for (const jar of [browser.jar, other.jar])
      for (const { value } of await jar.getCookies(cluster.issuer))
        if (value.length > 12) secrets.push(value);
    expect(secrets.length).toBeGreaterThan(8);
    expect(secrets.every((secret) => secret.length >= 8)).toBe(true);

    const { rows: tables } = await sql<{ name: string }>`
      select tablename as name from pg_tables where schemaname = 'public'`.execute(database.db);
    expect(tables.length).toBeGreaterThan(10);
    for (const { name } of tables) {
      const { rows } = await sql<{ row: string }>`select t::text as row from ${sql.table(name)} t`.execute(
        database.db,
      );
      const dump = rows.map(({ row }) => row).join('\n');
      for (const secret of secrets) {
        const hex = Buffer.from(secret).toString('hex');
        expect([name, dump.includes(secret) || dump.includes(hex)]).toEqual([name, false]);
      }
    }
  });
});

/** The bytes of a Base32 key. */
function base32(key: string): Uint8Array {
  const bits = Array.from(key, (letter) =>
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'),
  ).join('');
  return Uint8Array.from(bits.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2));
}
