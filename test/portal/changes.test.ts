import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { appSecretPlace } from '../../src/factors/app/codes.ts';
import { accountId, codeOfMail, eventsOf, mailsTo, person, wrongCode } from '../login/visits.ts';
import { appCode, type Cluster, startCluster } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { type Answer, UserAgent } from '../support/user-agent.ts';
import { ageSignIn, atAccount, keyOf, notice, standing, words } from './support.ts';

describeOnEveryDatabase('changes on the own page', (open) => {
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

  const thing = (page: Answer, name: string): string =>
    page.html.querySelector(`[data-thing=${name}]`)?.textContent.replace(/\s+/g, ' ') ?? '';

  const keyChoice = (page: Answer): string =>
    page.html.querySelector('input[name=replaces]')?.getAttribute('value') ?? '';

  test('R21, R25, R34: a further app is added with its first right code, and not before', async () => {
    const who = await person(cluster, { mail: true });
    const { browser, page } = await atAccount(cluster, who, { way: 'mail' });
    expect(standing(page)).toEqual(['one-way']);
    const key = await browser.open('/account/app');
    expect(key.page).toBe('set-up-app');
    const wrong = await browser.submit(key, {
      code: wrongCode(appCode(0, keyOf(key))),
      device_name: 'Tablet',
    });
    expect([wrong.page, wrong.status, wrong.fault, keyOf(wrong)]).toEqual([
      'set-up-app',
      422,
      'code_wrong',
      keyOf(key),
    ]);
    expect(wrong.html.querySelector('#device_name')?.getAttribute('value')).toBe('Tablet');
    expect(thing(await browser.open('/account'), 'app')).not.toContain('Tablet');

    // The other node, and both halves of a double click.
    browser.node = 1;
    const form = { code: appCode(0, keyOf(key)), device_name: 'Tablet' };
    const [one, two] = await Promise.all([browser.post(wrong, form), browser.post(wrong, form)]);
    expect([one.status, two.status]).toEqual([303, 303]);
    const done = await browser.follow(two);
    expect([done.page, done.fault, notice(done)]).toEqual([
      'account',
      undefined,
      expect.stringContaining('app is set up'),
    ]);
    expect(thing(done, 'app').match(/Tablet/g)).toHaveLength(1);
    expect(standing(done)).toEqual([]);
    // Said once; and the key is never shown again (R26).
    expect(notice(await browser.open('/account'))).toBeUndefined();
    const again = await browser.open(key.url.pathname);
    expect([again.page, again.fault]).toEqual(['account', 'change_expired']);
    expect(again.body).not.toContain(keyOf(key));
    const id = await accountId(cluster.nodes[0]!.db, who);
    expect(
      (await eventsOf(cluster.nodes[0]!.db, id)).filter((event) => event === 'factor.app-enrolled'),
    ).toHaveLength(1);
  });

  test('R16, R18, R34: the address changes when the new one is proven; both are told', async () => {
    const who = await person(cluster, { mail: true });
    const { db } = cluster.nodes[0]!;
    const { browser } = await atAccount(cluster, who, { way: 'mail' });
    const form = await browser.open('/account/mail');
    expect(words(form)).toContain(who.address);
    for (const [email, fault] of [
      ['', 'address_missing'],
      ['nobody', 'address_malformed'],
      ['x@ST.Kyoto-U.ac.jp', 'address_forbidden'],
      [who.address, 'address_unchanged'],
    ] as const) {
      const refused = await browser.submit(form, { email });
      expect([refused.page, refused.fault]).toEqual(['set-up-mail', fault]);
      if (email !== '') expect(refused.html.querySelector('#email')?.getAttribute('value')).toBe(email);
    }
    const address = `new-${who.address}`;
    // The toggle keeps what was typed, and sends nothing (R45).
    const japanese = await browser.submit(form, { lang: 'ja', email: address });
    expect(japanese.html.querySelector('html')?.getAttribute('lang')).toBe('ja');
    expect(japanese.html.querySelector('#email')?.getAttribute('value')).toBe(address);
    expect(await mailsTo(db, address)).toEqual([]);
    await browser.open('/account?lang=en');

    const waiting = await browser.submit(form, { email: address });
    expect(waiting.page).toBe('set-up-mail-code');
    const code = await codeOfMail(cluster, address, 0);
    // A reload sends no second mail (R9), nor does a resend too soon.
    await browser.open(waiting.url.pathname);
    expect((await browser.submit(waiting, { action: 'resend' })).fault).toBe('resend_too_soon');
    expect(await mailsTo(db, address)).toHaveLength(1);
    expect((await browser.submit(waiting, { code: wrongCode(code) })).fault).toBe('code_wrong');
    expect(thing(await browser.open('/account'), 'mail')).toContain(who.address);

    const done = await browser.submit(waiting, { code });
    expect([done.page, notice(done)]).toEqual(['account', expect.stringContaining('address was changed')]);
    expect(thing(done, 'mail')).toContain(address);
    expect(thing(done, 'mail')).not.toContain(`Address${who.address}`);
    expect(await mailsTo(db, address)).toHaveLength(2);
    expect(await mailsTo(db, who.address)).toHaveLength(2);
    // Sent once more by the back button, it finds the change done.
    expect((await browser.submit(waiting, { code })).page).toBe('account');
  });

  test('R23, R24: without an address the page says what that means until there is one', async () => {
    const who = await person(cluster, { app: true });
    const { browser, page } = await atAccount(cluster, who);
    expect(standing(page)).toEqual(['app-only']);
    // R51: and when the support centre is there, by its calendar.
    expect(page.html.querySelector('[data-standing=app-only] [data-opening]')?.textContent).toMatch(
      /^(Open|Closed) now/,
    );
    expect(page.html.querySelector('[data-standing=app-only] a')?.getAttribute('href')).toBe('/account/mail');
    const waiting = await browser.submit(await browser.open('/account/mail'), { email: who.address });
    const done = await browser.submit(waiting, { code: await codeOfMail(cluster, who.address, 0) });
    expect([standing(done), notice(done)]).toEqual([[], expect.stringContaining('registered')]);

    // Removing it wants the same acknowledgement as never having had one.
    const asked = await browser.open('/account/remove/mail');
    expect(words(asked)).toContain('App: ');
    const refused = await browser.submit(asked);
    expect([refused.page, refused.fault]).toEqual(['account-remove', 'acknowledgement_missing']);
    expect(
      (await browser.submit(asked, { acknowledge: 'yes', acknowledgement_version: '2000-01' })).fault,
    ).toBe('acknowledgement_missing');
    const removed = await browser.submit(asked, { acknowledge: 'yes' });
    expect([standing(removed), notice(removed)]).toEqual([['app-only'], expect.stringContaining('removed')]);
    const id = await accountId(cluster.nodes[0]!.db, who);
    expect(await eventsOf(cluster.nodes[0]!.db, id)).toContain('factor.acknowledged');
  });

  test('C05: a way that is switched off is named, and comes back when it is set up anew', async () => {
    const who = await person(cluster, { mail: true, app: true });
    const { db } = cluster.nodes[0]!;
    const id = await accountId(db, who);
    const { browser } = await atAccount(cluster, who);
    for (const factor of ['mail', 'app'] as const)
      await db
        .insertInto('factor_failures')
        .values({ account_id: id, factor, in_a_row: 50, disabled_at: new Date() })
        .execute();
    expect(standing(await browser.open('/account'))).toEqual(['mail-disabled', 'apps-disabled', 'one-way']);
    expect((await browser.submit(await browser.open('/account/check'), { code: appCode(1) })).fault).toBe(
      'factor_disabled',
    );
    const key = await browser.open('/account/new-phone');
    const app = await browser.submit(key, { replaces: keyChoice(key), code: appCode(0, keyOf(key)) });
    expect(standing(app)).toEqual(['mail-disabled', 'one-way']);
    // The same address, proven anew.
    const waiting = await browser.submit(await browser.open('/account/mail'), { email: who.address });
    const mail = await browser.submit(waiting, { code: await codeOfMail(cluster, who.address, 0) });
    expect([mail.page, mail.fault, standing(mail)]).toEqual(['account', undefined, []]);
  });

  test('the only way to sign in cannot be removed, and what goes is asked about first', async () => {
    const who = await person(cluster, { app: true });
    const { browser, page } = await atAccount(cluster, who);
    const link = page.html.querySelector('a[href^="/account/remove/app/"]')?.getAttribute('href') ?? '';
    const asked = await browser.open(link);
    expect(asked.html.querySelector('[data-remaining=none]')).not.toBeNull();
    const kept = await browser.submit(asked, { action: 'cancel' });
    expect([kept.page, kept.fault]).toEqual(['account', undefined]);
    const refused = await browser.submit(asked);
    expect([refused.page, refused.status, refused.fault]).toEqual(['account-remove', 422, 'last_way']);
    expect(thing(await browser.open('/account'), 'app')).toContain('app');

    const named = await browser.open(link.replace('remove', 'rename'));
    expect((await browser.submit(named, { device_name: 'x'.repeat(61) })).fault).toBe('device_name_too_long');
    const renamed = await browser.submit(named, { device_name: '　My <b>phone</b> ' });
    expect(thing(renamed, 'app')).toContain('My <b>phone</b>');
  });

  test('R27: a new phone is added and the old one goes, on one page, also where no place is left', async () => {
    const who = await person(cluster, { mail: true, app: true });
    const { db } = cluster.nodes[0]!;
    const id = await accountId(db, who);
    const { browser } = await atAccount(cluster, who);
    for (const number of [1, 2, 3, 4]) {
      const factor = `${id.slice(0, 20)}-${number}`;
      const secret = cluster.sealer.seal('KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU', appSecretPlace(factor, id));
      await db
        .insertInto('app_factors')
        .values({ id: factor, account_id: id, name: `Spare ${number}`, secret_sealed: secret, last_step: 0 })
        .execute();
    }
    const full = await browser.open('/account/app');
    expect([full.page, full.status, full.fault]).toEqual(['account', 422, 'device_limit_reached']);
    expect(words(full)).toContain('You can have 5 devices');

    const page = await browser.open('/account/new-phone');
    expect(page.page).toBe('account-new-phone');
    const choices = page.html.querySelectorAll('input[name=replaces]');
    expect(choices).toHaveLength(6);
    const old = await db
      .selectFrom('app_factors')
      .select('id')
      .where('account_id', '=', id)
      .where('name', 'not like', 'Spare%')
      .executeTakeFirstOrThrow();
    const done = await browser.submit(page, {
      replaces: old.id,
      device_name: 'New phone',
      code: appCode(0, keyOf(page)),
    });
    expect([done.page, notice(done)]).toEqual(['account', expect.stringContaining('new phone is set up')]);
    expect(thing(done, 'app')).toContain('New phone');
    // The old phone's code opens nothing any more.
    const later = new UserAgent(cluster);
    const refused = await later.submit(await later.password(who.loginId), { code: appCode(1) });
    expect(refused.fault).toBe('code_wrong');
    expect((await later.submit(refused, { code: appCode(1, keyOf(page)) })).callback).toBeDefined();
  });

  test('D9: each way is tried on the spot, and nothing changes by it', async () => {
    const who = await person(cluster, { mail: true, app: true });
    const { browser } = await atAccount(cluster, who);
    const page = await browser.open('/account/check');
    expect(page.html.querySelector('[data-only-one]')).toBeNull();
    const wrong = await browser.submit(page, { code: wrongCode(appCode(1)) });
    expect([wrong.page, wrong.fault]).toEqual(['account-check', 'code_wrong']);
    const right = await browser.submit(page, { code: appCode(1) });
    expect([right.page, notice(right)]).toEqual(['account-check', expect.stringContaining('app works')]);
    const waiting = await browser.submit(page, { action: 'use-mail' });
    expect(waiting.page).toBe('account-check-code');
    expect(words(waiting)).not.toContain(who.address);
    const done = await browser.submit(waiting, { code: await codeOfMail(cluster, who.address, 0) });
    expect([done.page, notice(done)]).toEqual(['account-check', expect.stringContaining('reach you')]);
    const lonely = await atAccount(cluster, await person(cluster, { mail: true }), { way: 'mail' });
    expect(
      (await lonely.browser.open('/account/check')).html.querySelector('[data-only-one]'),
    ).not.toBeNull();
  });

  test('D11, R37: while changes are frozen the page says until when, and refuses', async () => {
    const who = await person(cluster, { mail: true, app: true });
    const { db } = cluster.nodes[0]!;
    const id = await accountId(db, who);
    const { browser } = await atAccount(cluster, who);
    const until = new Date(Date.now() + 86_400_000);
    await db.updateTable('accounts').set({ address_frozen_until: until }).where('id', '=', id).execute();
    const address = await browser.open('/account/mail');
    expect([address.page, address.status, address.fault, standing(address)]).toEqual([
      'account',
      403,
      'address_frozen',
      ['address-frozen'],
    ]);
    expect((await browser.open('/account/app')).page).toBe('set-up-app');
    await db.updateTable('accounts').set({ changes_frozen_until: until }).where('id', '=', id).execute();
    const app = await browser.open('/account/app');
    expect([app.page, app.fault, standing(app)]).toEqual(['account', 'changes_frozen', ['frozen']]);
    const codes = await browser.submit(await browser.open('/account/recovery-codes'));
    expect([codes.page, codes.fault]).toEqual(['account-recovery-codes', 'changes_frozen']);
  });

  test('R16: a sign-in that is five minutes old is done again, and leads back to the page', async () => {
    const who = await person(cluster, { mail: true, app: true });
    const { browser } = await atAccount(cluster, who);
    await ageSignIn(cluster, await accountId(cluster.nodes[0]!.db, who), 301);
    expect((await browser.open('/account')).page).toBe('account');
    const again = await browser.open('/account/mail');
    expect(again.page).toBe('sign-in');
    // Cancelled, it does not ask at once again.
    const kept = await browser.submit(again, { action: 'cancel' });
    expect([kept.page, kept.url.pathname]).toEqual(['account', '/account']);
    expect((await browser.open('/account/signed-in?state=evil')).page).toBe('account');
  });
});
