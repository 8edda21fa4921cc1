import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { deleteExpired } from '../../src/app/cleanup.ts';
import { maskAddress } from '../../src/factors/mail/address.ts';
import { forgetOldMails } from '../../src/mail/delivery.ts';
import { type Cluster, startCluster, testPassword } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { type Arrival, UserAgent } from '../support/user-agent.ts';
import {
  arrivedMail,
  codeOfMail,
  accountId,
  claimsAt,
  eventsOf,
  mailsTo,
  type Person,
  passTime,
  person,
  wrongCode,
} from './visits.ts';

describeOnEveryDatabase('initial setup by mail', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  beforeAll(async () => {
    database = await open();
    cluster = await startCluster(database, { nodes: 2 });
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  const atAddressPage = async (who: Person, node = 0): Promise<{ browser: UserAgent; page: Arrival }> => {
    const browser = new UserAgent(cluster, { node });
    const page = await browser.password(who.loginId);
    expect(page.page).toBe('set-up-mail');
    return { browser, page };
  };
  const factorsOf = (id: string) =>
    database.db
      .selectFrom('mail_factors')
      .select(['address', 'state'])
      .where('account_id', '=', id)
      .orderBy('proven_at')
      .execute();

  test('R14, R20: address, code, and back at the service in one interaction, with nothing in between', async () => {
    const who = await person(cluster);
    const { browser, page } = await atAddressPage(who);
    const codePage = await browser.submit(page, { email: ` ${who.address.toUpperCase()} ` });
    expect(codePage.page).toBe('set-up-mail-code');
    expect(codePage.url.pathname).toBe(page.url.pathname);
    // The local part belongs to the mailbox's own server: only the domain has no case.
    const address = who.address.replace(who.loginId, who.loginId.toUpperCase());
    expect(codePage.html.textContent).toContain(address);
    const arrival = await browser.submit(codePage, { code: await cluster.mailedCode(address) });
    expect(await claimsAt(browser, arrival)).toMatchObject({ acr: 'urn:nijo:acr:mail-otp' });
    expect(await factorsOf(await accountId(database.db, who))).toEqual([{ address, state: 'active' }]);
    // The next login asks for the factor, not for another setup.
    expect((await new UserAgent(cluster).password(who.loginId)).page).toBe('mail-code');
  });

  test('R12: no address of the directory is a factor, and nobody gets through without setting one up', async () => {
    const who = await person(cluster);
    await database.db
      .updateTable('accounts')
      .set({ email: who.address })
      .where('login_id', '=', who.loginId)
      .execute();
    const { browser, page } = await atAddressPage(who);
    for (const form of [{ action: 'skip' }, { action: 'resend' }, { page: 'sign-in' }, { email: '' }]) {
      const answer = await browser.submit(page, form);
      expect([answer.callback, answer.page]).toEqual([undefined, 'set-up-mail']);
    }
    // Whoever opens the service once more comes to the same place.
    expect((await browser.start()).page).toBe('sign-in');
    expect(await mailsTo(database.db, who.address)).toEqual([]);
  });

  test.each([
    ['a@ST.KYOTO-U.AC.JP', 'st.kyoto-u.ac.jp'],
    ['a+b@kyoto-u.ac.jp.', 'kyoto-u.ac.jp'],
    ['ａ＠ｍｓ．ｃ．ｋｙｏｔｏ－ｕ．ａｃ．ｊｐ', 'ms.c.kyoto-u.ac.jp'],
  ])('R17: the page refuses %s, names the rule and why, and keeps what was typed', async (email, domain) => {
    const who = await person(cluster);
    const { browser, page } = await atAddressPage(who);
    const rule = page.html.querySelector('[data-address-rule]')?.textContent ?? '';
    const refused = await browser.submit(page, { email });
    expect([refused.status, refused.page, refused.fault]).toEqual([422, 'set-up-mail', 'address_forbidden']);
    expect(refused.html.textContent).toContain(domain);
    expect(refused.html.querySelector('[name=email]')?.getAttribute('value')).toBe(email);
    // R50: one text on the form and in the error.
    expect(refused.html.querySelector('[data-fault] [data-address-rule]')?.textContent).toBe(rule);
    expect(rule).toContain('open with the same password');
  });

  test('R18: the database itself holds one active address per account', async () => {
    const who = await person(cluster, { mail: true });
    const id = await accountId(database.db, who);
    const another = (state: 'active' | 'replaced') =>
      database.db
        .insertInto('mail_factors')
        .values({ id: `${id}-${state}`, account_id: id, address: 'other@mail.example', state })
        .execute();
    await expect(another('active')).rejects.toThrow(/mail_factors_one_active/);
    await another('replaced');
  });

  test('R15, R18: two setups at once: one wins, the other gets a page that helps and the winner’s address', async () => {
    const who = await person(cluster);
    const id = await accountId(database.db, who);
    const typed = [`one-${who.address}`, `two-${who.address}`];
    const visits = await Promise.all(typed.map((_, node) => atAddressPage(who, node)));
    const pages = await Promise.all(
      visits.map(({ browser, page }, index) => browser.submit(page, { email: typed[index] ?? '' })),
    );
    const codes = await Promise.all(typed.map((address) => cluster.mailedCode(address)));
    const ends = await Promise.all(
      visits.map(({ browser }, index) =>
        browser.submit(pages[index] as Arrival, { code: codes[index] ?? '' }),
      ),
    );
    const winner = ends.findIndex((end) => end.callback !== undefined);
    const loser = 1 - winner;
    expect(ends.filter((end) => end.callback !== undefined)).toHaveLength(1);
    expect(await factorsOf(id)).toEqual([{ address: typed[winner], state: 'active' }]);
    const lost = ends[loser] as Arrival;
    expect([lost.status, lost.page]).toEqual([409, 'mail-code']);
    expect(lost.html.querySelector('.notice')).not.toBeNull();
    // The page is about the registered address, and a code for it is on its way.
    expect(lost.html.textContent).toContain(maskAddress(typed[winner] ?? ''));
    expect(lost.html.textContent).not.toContain(maskAddress(typed[loser] ?? ''));

    // R19: the loser's own code proves nothing any more, and the page leads on all the same.
    const { browser } = visits[loser] as { browser: UserAgent };
    const refused = await browser.submit(lost, { code: codes[loser] ?? '' });
    expect([refused.page, refused.fault]).toEqual(['mail-code', 'code_wrong']);
    // The first code to that address was the setup's.
    const code = await codeOfMail(cluster, typed[winner] ?? '', 1);
    // This is the next login after a setup: the app is offered, and left (R20).
    const offered = await browser.submit(refused, { code });
    expect((await browser.submit(offered, { action: 'skip' })).callback).toBeDefined();
    expect(
      (await eventsOf(database.db, id)).filter((event) => event === 'factor.mail-enrolled'),
    ).toHaveLength(1);
  });

  test('R19: an address that was never proven is never used, and is forgotten after a day', async () => {
    const who = await person(cluster);
    const id = await accountId(database.db, who);
    const { browser, page } = await atAddressPage(who);
    const codePage = await browser.submit(page, { email: who.address });
    const code = await cluster.mailedCode(who.address);
    await browser.submit(codePage, { code: wrongCode(code) });
    // A new login knows nothing of it.
    const again = await atAddressPage(who);
    expect(again.page.html.querySelector('[name=email]')?.getAttribute('value') ?? '').toBe('');
    // Turning to another address voids the first one's code.
    const back = await browser.submit(codePage, { action: 'change-address' });
    const other = await browser.submit(back, { email: `x${who.address}` });
    const refused = await browser.submit(other, { code });
    expect(refused.fault).toBe('code_wrong');
    expect(await factorsOf(id)).toEqual([]);

    const kept = async (): Promise<string[]> => [
      ...(await database.db.selectFrom('challenges').select('address').execute()).map((row) => row.address),
      ...(await database.db.selectFrom('mails').select('to_address').execute()).map((row) => row.to_address),
    ];
    expect(await kept()).toContain(who.address);
    await passTime(database.db, id, 25 * 3600);
    await deleteExpired(database.db);
    await forgetOldMails(database.db);
    expect((await kept()).filter((address) => address.includes(who.address))).toEqual([]);
  });

  test('R19: an address that serves another account is taken without a word, and flagged to operators', async () => {
    const first = await person(cluster, { mail: true });
    const second = await person(cluster);
    const { browser, page } = await atAddressPage(second);
    const codePage = await browser.submit(page, { email: first.address });
    expect(codePage.fault).toBeUndefined();
    const arrival = await browser.submit(codePage, { code: await cluster.mailedCode(first.address) });
    await claimsAt(browser, arrival);
    const { details } = await database.db
      .selectFrom('audit_events')
      .select('details')
      .where('event', '=', 'factor.mail-enrolled')
      .where('account_id', '=', await accountId(database.db, second))
      .executeTakeFirstOrThrow();
    expect(details).toMatchObject({ sharedWithOthers: true });
  });

  test('R20: a mail confirms which factor and, masked, which address, in the user’s language', async () => {
    const who = await person(cluster, { locale: 'ja' });
    const browser = new UserAgent(cluster);
    const signIn = await browser.start('important', { ui_locales: 'ja' });
    const page = await browser.submit(signIn, { login_id: who.loginId, password: testPassword });
    const codePage = await browser.submit(page, { email: who.address });
    await browser.submit(codePage, { code: await cluster.mailedCode(who.address) });
    const mail = await arrivedMail(cluster, who.address, 1);
    expect(mail.html).toContain('<html lang="ja">');
    const masked = `${who.loginId.charAt(0)}•••${who.loginId.slice(-1)}@mail.example`;
    expect(mail.text).toContain(masked);
    expect(mail.text).not.toContain(who.address);
    expect(mail.text).toContain('important サービス');
    expect(await mailsTo(database.db, who.address)).toMatchObject([
      { kind: 'set-up-code', locale: 'ja' },
      { kind: 'notice', locale: 'ja', challenge_id: null },
    ]);
  });

  test('R15: whoever once had a factor and has none cannot set one up with the password alone, and is told whom to ask', async () => {
    const who = await person(cluster, { app: true });
    const id = await accountId(database.db, who);
    await database.db
      .updateTable('app_factors')
      .set({ state: 'removed', ended_at: sql<Date>`now()` })
      .where('account_id', '=', id)
      .execute();
    const browser = new UserAgent(cluster);
    const page = await browser.password(who.loginId);
    expect([page.status, page.page, page.fault]).toEqual([200, 'set-up-pass', undefined]);
    expect(page.html.textContent).toContain('the password alone is not enough');
    for (const forged of ['set-up-mail', 'set-up-app-only', 'set-up-app'])
      expect(
        (await browser.submit(page, { page: forged, email: who.address, acknowledge: 'yes' })).page,
      ).toBe('set-up-pass');
    // An ordinary service is not closed to them.
    expect((await browser.password(who.loginId, 'ordinary')).callback).toBeDefined();
    expect(await eventsOf(database.db, id)).not.toContain('factor.mail-enrolled');
  });
});
