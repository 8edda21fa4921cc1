import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Cluster, startCluster, testPassword } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { UserAgent } from '../support/user-agent.ts';
import { accountId, arrivedMail, eventsOf, mailsTo, passTime, person } from './visits.ts';

describeOnEveryDatabase('when a code is mailed, and what the mail says', (open) => {
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
  const sentTo = async (who: { address: string }): Promise<number> =>
    (await mailsTo(database.db, who.address)).length;
  const reference = (page: { html: { querySelector(s: string): { textContent: string } | null } }) =>
    page.html.querySelector('[data-reference]')?.textContent;

  test('R9: within the cooldown nothing is sent; after it the same code, whose end stays where it was', async () => {
    const who = await person(cluster, { mail: true });
    const id = await accountId(database.db, who);
    const browser = new UserAgent(cluster);
    const page = await browser.password(who.loginId);
    const code = await cluster.mailedCode(who.address);
    const soon = await browser.submit(page, { action: 'resend' });
    expect([soon.status, soon.fault]).toEqual([429, 'resend_too_soon']);
    expect(Number(soon.headers['retry-after'])).toBeLessThanOrEqual(30);
    expect(await sentTo(who)).toBe(1);

    await passTime(database.db, id, 240);
    const ends = () =>
      database.db
        .selectFrom('challenges')
        .select(['id', 'expires_at'])
        .where('account_id', '=', id)
        .execute();
    const before = await ends();
    const again = await browser.submit(soon, { action: 'resend' });
    expect(again.fault).toBeUndefined();
    expect(await ends()).toEqual(before);
    expect(reference(again)).toBe(reference(page));
    expect(again.html.textContent).toContain('6 more minutes');
    const [first, second] = [
      await arrivedMail(cluster, who.address, 0),
      await arrivedMail(cluster, who.address, 1),
    ];
    for (const { text } of [first, second]) expect(text).toContain(code);
    expect(second.text).toContain('for 5 minutes');
    // The code of the first mail is the code: it works, and only once.
    expect((await browser.submit(again, { code })).callback).toBeDefined();
  });

  test('R9: reload, back and a second tab send nothing', async () => {
    const who = await person(cluster, { mail: true });
    const browser = new UserAgent(cluster);
    const signIn = await browser.start();
    const credentials = { login_id: who.loginId, password: testPassword };
    const page = await browser.submit(signIn, credentials);
    for (let count = 0; count < 4; count += 1) {
      const reloaded = await browser.request(page.url.pathname, { node: count % 2 });
      expect([reloaded.page, reference(reloaded)]).toEqual(['mail-code', reference(page)]);
    }
    await browser.request(page.url.pathname, { method: 'HEAD' });
    // Back, and the form of the first page once more.
    const back = await browser.submit(signIn, credentials);
    expect([back.status, back.page, reference(back)]).toEqual([409, 'mail-code', reference(page)]);
    await browser.submit(page, { lang: 'ja' });
    expect(await sentTo(who)).toBe(1);
  });

  test('R9, R29: a double click on the password sends one mail', async () => {
    const who = await person(cluster, { mail: true });
    const browser = new UserAgent(cluster);
    const signIn = await browser.start();
    const credentials = { login_id: who.loginId, password: testPassword };
    const answers = await Promise.all([0, 1, 0].map((node) => browser.post(signIn, credentials, { node })));
    expect(answers.map(({ status }) => status).filter((status) => status !== 303 && status !== 409)).toEqual(
      [],
    );
    expect(await sentTo(who)).toBe(1);
    const page = await browser.open(signIn.url.pathname);
    const arrival = await browser.submit(page, { code: await cluster.mailedCode(who.address) });
    expect(arrival.callback).toBeDefined();
  });

  test('R9: at most five mails in a quarter of an hour, over all logins, and the page says until when', async () => {
    const who = await person(cluster, { mail: true });
    const id = await accountId(database.db, who);
    for (let count = 0; count < 5; count += 1)
      expect((await new UserAgent(cluster, { node: count % 2 }).password(who.loginId)).fault).toBeUndefined();
    const browser = new UserAgent(cluster);
    const page = await browser.password(who.loginId);
    expect([page.status, page.page, page.fault]).toEqual([429, 'mail-code', 'mail_limit_reached']);
    expect(Number(page.headers['retry-after'])).toBeGreaterThan(800);
    expect((await browser.submit(page, { action: 'resend' })).fault).toBe('mail_limit_reached');
    expect(await sentTo(who)).toBe(5);
    expect(await eventsOf(database.db, id)).toContain('mail-code.limited');

    await passTime(database.db, id, 15 * 60);
    expect((await browser.submit(page, { action: 'resend' })).fault).toBeUndefined();
    expect(await sentTo(who)).toBe(6);
  });

  test('R9: parallel requests for mails on two nodes never send a sixth', async () => {
    const who = await person(cluster, { mail: true });
    await Promise.all(
      Array.from({ length: 9 }, (_, count) =>
        new UserAgent(cluster, { node: count % 2 }).password(who.loginId),
      ),
    );
    expect(await sentTo(who)).toBe(5);
  });

  test('R9: at most twenty mails in a day', async () => {
    const who = await person(cluster, { mail: true });
    const id = await accountId(database.db, who);
    for (let count = 0; count < 20; count += 1) {
      expect((await new UserAgent(cluster).password(who.loginId)).fault).toBeUndefined();
      await passTime(database.db, id, 16 * 60);
    }
    const page = await new UserAgent(cluster).password(who.loginId);
    expect([page.status, page.fault]).toEqual([429, 'mail_limit_reached']);
    expect(await sentTo(who)).toBe(20);
  });

  test('R29, R30: with an app nothing is mailed until asked; then either way ends this login', async () => {
    const who = await person(cluster, { mail: true, app: true });
    const browser = new UserAgent(cluster);
    const page = await browser.password(who.loginId);
    // R28: the app first, the other way always in sight.
    expect(page.page).toBe('app-code');
    expect(page.html.querySelector('[value=use-mail]')).not.toBeNull();
    expect(await sentTo(who)).toBe(0);
    const mail = await browser.submit(page, { action: 'use-mail' });
    expect([mail.page, await sentTo(who)]).toEqual(['mail-code', 1]);
    expect(mail.html.querySelector('[value=use-app]')).not.toBeNull();
    const code = await cluster.mailedCode(who.address);
    expect((await browser.submit(mail, { code })).callback).toBeDefined();
    // R30: nothing was changed by it.
    expect((await new UserAgent(cluster).password(who.loginId)).page).toBe('app-code');
  });

  test('R10: the mail shows reference, code, service, time with zone and device, in text and HTML, without tracking', async () => {
    const who = await person(cluster, { mail: true });
    const browser = new UserAgent(cluster);
    const page = await browser.password(who.loginId, 'important', { ui_locales: 'ja en' });
    expect(page.html.querySelector('html')?.getAttribute('lang')).toBe('ja');
    const mail = await arrivedMail(cluster, who.address, 0);
    const code = await cluster.mailedCode(who.address);
    const label = reference(page) ?? '';
    expect(label).toMatch(/^[A-Z0-9]{3,}$/);
    const html = typeof mail.html === 'string' ? mail.html : '';
    for (const part of [mail.text ?? '', html]) {
      for (const words of [label, 'important サービス', 'Asia/Tokyo', 'Windows', 'Chrome'])
        expect(part).toContain(words);
      expect(part.replaceAll(/<[^>]*>/g, '')).toContain(code);
      // "Not you?" leads to the inquiry; nothing else is linked and nothing is loaded.
      expect(part).toContain(cluster.config.branding.inquiry_url.ja.split('?')[0]);
    }
    expect(html).toMatch(/<html lang="ja">/);
    expect(html).not.toMatch(/<img|<link|src=|url\(/i);
    expect(mail.subject).toContain(label);
    expect(mail.subject).not.toContain(code);
    expect(mail.from?.value[0]?.address).toBe('no-reply@idp.example');
    const raw = cluster.smtp.mails.find(({ to }) => to.includes(who.address));
    expect(raw?.from).toBe('no-reply@idp.example');
    expect(raw?.raw).toMatch(/^Content-Language: ja$|lang="?3?D?"?ja/m);
  });
});
