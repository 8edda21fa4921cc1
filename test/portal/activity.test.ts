import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { historyEvents } from '../../src/audit/history-events.ts';
import { locales } from '../../src/i18n/locale.ts';
import { translator } from '../../src/i18n/translate.ts';
import { historyText } from '../../src/portal/words.ts';
import { accountId, person } from '../login/visits.ts';
import { appCode, type Cluster, startCluster } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { type Answer, UserAgent } from '../support/user-agent.ts';
import { atAccount, formWith, notice, standing, words } from './support.ts';

describeOnEveryDatabase('sessions, services and history on the own page', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  beforeAll(async () => {
    database = await open();
    cluster = await startCluster(database, {
      nodes: 2,
      config: {
        places: [{ name: { en: 'Central Library', ja: '附属図書館' }, networks: ['127.0.0.2/32'] }],
        locale: { default: 'en', time_zone: 'Asia/Tokyo' },
      },
    });
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  const items = (page: Answer): string[] =>
    page.html.querySelectorAll('[data-session]').map((each) => each.textContent.replace(/\s+/g, ' '));

  test('C50: every session with browser and place in words; ended, it is over on every node', async () => {
    const who = await person(cluster, { mail: true, app: true });
    // The first one is in the library, and has used a service.
    const far = new UserAgent(cluster);
    const headers = {
      'user-agent': 'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1',
    };
    const first = await far.password(who.loginId);
    const sent = await far.request(first.url.pathname, {
      form: far.fields(first, { action: 'continue', code: appCode(-1) }),
      headers,
      localAddress: '127.0.0.2',
    });
    const resume = String(sent.headers.location);
    const { pathname } = new URL(resume, cluster.issuer);
    expect((await far.request(pathname, { headers, localAddress: '127.0.0.2' })).headers.location).toContain(
      'code=',
    );
    const { browser: third } = await atAccount(cluster, who, { way: 'mail' });
    const { browser } = await atAccount(cluster, who);

    const page = await browser.open('/account/sessions');
    expect(items(page)).toHaveLength(3);
    const [own = '', ...others] = items(page);
    expect(own).toContain('This browser');
    expect(own).toContain('Chrome on Windows');
    expect(own).not.toContain('End this session');
    const library = others.findIndex((text) => text.includes('Central Library'));
    expect(others[library]).toContain('Safari on iPhone');
    expect(others[library]).toContain('The important service');
    expect(others[1 - library]).toContain('network 127.0.0.1');

    const ended = await browser.follow(
      await browser.request('/account/sessions', { form: formWith(page, 'end', library) }),
    );
    expect([items(ended).length, notice(ended)]).toEqual([2, expect.stringContaining('session has ended')]);
    for (const node of [0, 1]) {
      far.node = node;
      expect((await far.open('/account')).page).toBe('sign-in');
    }
    // A double click ends nothing more.
    const twice = await browser.request('/account/sessions', { form: formWith(page, 'end', library) });
    expect([twice.status, items(await browser.open('/account/sessions')).length]).toEqual([303, 2]);

    const alone = await browser.follow(
      await browser.request('/account/sessions', { form: formWith(ended, 'end-others') }),
    );
    expect([items(alone).length, words(alone)]).toEqual([1, expect.stringContaining('nowhere else')]);
    third.node = 1;
    expect((await third.open('/account')).page).toBe('sign-in');
    expect((await browser.open('/account')).page).toBe('account');
  });

  test('a service that has access is named, and loses it when it is taken back', async () => {
    const who = await person(cluster, { app: true });
    const { browser } = await atAccount(cluster, who);
    const { callback } = await browser.start('important', {
      scope: 'openid offline_access',
      prompt: 'consent',
    });
    const arrival =
      callback ??
      (
        await browser.submit(
          await browser.start('important', { scope: 'openid offline_access', prompt: 'consent' }),
        )
      ).callback;
    const { tokens } = await browser.redeem(arrival!);
    const page = await browser.open('/account/services');
    expect(words(page)).toContain('The important service');
    const done = await browser.follow(
      await browser.request('/account/services', { form: formWith(page, 'revoke') }),
    );
    expect([done.page, notice(done)]).toEqual(['account-services', expect.stringContaining('Taken back')]);
    expect(words(done)).not.toContain('The important service');
    const refreshed = await browser.tokenRequest({
      grant_type: 'refresh_token',
      refresh_token: tokens.refresh_token ?? 'none',
    });
    expect(refreshed.status).toBe(400);
  });

  test('the history tells logins and changes in plain words, newest first, a page at a time', async () => {
    const who = await person(cluster, { mail: true, app: true });
    const { db } = cluster.nodes[0]!;
    const id = await accountId(db, who);
    const wrong = new UserAgent(cluster);
    await wrong.submit(await wrong.start(), { login_id: who.loginId, password: 'not this one' });
    const { browser } = await atAccount(cluster, who);
    const made = await browser.submit(await browser.open('/account/recovery-codes'));
    const number = made.html.querySelector('[data-sheet]')?.getAttribute('data-sheet') ?? '';
    const page = await browser.open('/account/history');
    const lines = page.html
      .querySelectorAll('.history li')
      .map((each) => each.textContent.replace(/\s+/g, ' ').trim());
    expect(lines[0]).toContain(`Recovery codes were made: sheet ${number}.`);
    expect(lines.findIndex((line) => line.includes('You signed in'))).toBeGreaterThan(0);
    expect(lines.at(-1)).toContain('A wrong password was entered');
    expect(page.html.querySelectorAll('.history li.bad')).toHaveLength(1);
    const japanese = await browser.open('/account/history?lang=ja');
    expect(words(japanese)).toContain(`リカバリーコードを作りました（用紙 ${number}）。`);
    await browser.open('/account?lang=en');

    // Sixty more, and one of a kind that has no words yet.
    for (let count = 0; count < 60; count += 1)
      await db
        .insertInto('audit_events')
        .values({ event: 'factor.renamed', result: 'success', account_id: id, details: '{}' })
        .execute();
    const newest = await browser.open('/account/history');
    expect(newest.html.querySelectorAll('.history li')).toHaveLength(50);
    const earlier = newest.html.querySelector('a.secondary[href*="before="]')?.getAttribute('href') ?? '';
    const second = await browser.open(earlier);
    expect(second.html.querySelectorAll('.history li').length).toBe(lines.length + 10);
    expect(words(second)).toContain('A wrong password was entered');
    expect(second.html.querySelector('a[href*="before="][hreflang]')?.getAttribute('href')).toContain(
      'lang=ja',
    );
    for (const before of ['x', "1' or 1=1", '-1', '99999999999999999999']) {
      expect((await browser.open(`/account/history?before=${encodeURIComponent(before)}`)).status).toBe(200);
    }
  });

  test('D8: recovery codes are shown once, on a sheet in both languages without the ID', async () => {
    const who = await person(cluster, { mail: true });
    const { browser } = await atAccount(cluster, who, { way: 'mail' });
    const made = await browser.submit(await browser.open('/account/recovery-codes'));
    expect([made.page, made.status]).toEqual(['account-recovery-codes', 200]);
    const sheet = made.html.querySelector('[data-sheet]');
    const codes = sheet?.querySelectorAll('.codes code').map((code) => code.textContent) ?? [];
    expect(new Set(codes).size).toBe(10);
    for (const word of ['Recovery codes', 'リカバリーコード', 'Sheet', '用紙の番号']) {
      expect(sheet?.textContent).toContain(word);
    }
    expect(made.body).not.toContain(who.loginId);
    expect(made.headers['cache-control']).toBe('no-store');
    // The other language of the same answer keeps them; no address shows them again.
    const japanese = await browser.submit(made, { lang: 'ja' });
    expect(japanese.html.querySelectorAll('.codes code').map((code) => code.textContent)).toEqual(codes);
    const later = await browser.open('/account/recovery-codes?lang=en');
    expect(later.html.querySelector('.codes')).toBeNull();
    for (const code of codes) expect(later.body).not.toContain(code);
    const again = await browser.submit(later);
    expect(again.html.querySelector('[data-sheet]')?.getAttribute('data-sheet')).not.toBe(
      sheet?.getAttribute('data-sheet'),
    );
    // The toggle of the sheet that has ended does not bring it back.
    expect((await browser.submit(made, { lang: 'en' })).html.querySelector('.codes')).toBeNull();

    await cluster.nodes[0]!.db.updateTable('recovery_codes')
      .set({ used_at: new Date() })
      .where('account_id', '=', await accountId(cluster.nodes[0]!.db, who))
      .execute();
    expect(standing(await browser.open('/account'))).toContain('codes-none');
  });

  test('signing out leads out, and the front page of the server leads in', async () => {
    const who = await person(cluster, { app: true });
    const { browser, page } = await atAccount(cluster, who);
    expect(page.html.querySelector('a[href="/logout"]')).not.toBeNull();
    const asked = await browser.open('/logout');
    expect(asked.page).toBe('sign-out');
    const form = {
      xsrf: asked.html.querySelector('[name=xsrf]')?.getAttribute('value') ?? '',
      logout: 'yes',
    };
    const out = await browser.follow(await browser.request('/logout/confirm', { form }));
    expect(out.page).toBe('signed-out');
    expect(out.html.querySelector('a[href="/account"]')).not.toBeNull();
    expect((await browser.open('/')).html.querySelector('a[href="/account"]')).not.toBeNull();
    const again = await browser.open('/account');
    expect(again.page).toBe('sign-in');
    // Cancelled without a session: nothing to see, and no second question.
    expect((await browser.submit(again, { action: 'cancel' })).page).toBe('home');
  });
});

test.each(locales)('in %s every event has words; one that has none is told all the same', (locale) => {
  const t = translator(locale);
  const service = { en: 'Grades', ja: '成績' };
  const documented = [...readFileSync('docs/audit.md', 'utf8').matchAll(/`([a-z-]+\.[a-z-]+)`/g)].map(
    ([, event = '']) => event,
  );
  const general = (event: string): string => t('history.other', { event });
  for (const event of [...historyEvents, ...documented]) {
    // What concerns no user is never on a user's page.
    const shown = historyEvents.some((one) => one === event);
    if (!shown && /^(client|key|desk|staff|audit|database)\./.test(event)) continue;
    const details = { sheet: 'KITE-42', number: 'KQ7B-9XT2' };
    const text = historyText(t, { event, service, details });
    expect([event, text]).not.toEqual([event, general(event)]);
  }
  expect(historyText(t, { event: 'new.event', details: { nested: {} } })).toBe(general('new.event'));
  expect(historyText(t, { event: 'factor.checked', details: { way: 'app' } })).toBe(
    t('history.factor.checked.app'),
  );
  expect(historyText(t, { event: 'recovery-codes.made', details: {} })).toBe(general('recovery-codes.made'));
});
