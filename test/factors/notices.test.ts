import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { placeOf } from '../../src/config/places.ts';
import type { Db } from '../../src/db/open.ts';
import { freezeChanges, requireChangeable, unfreezeAccount } from '../../src/factors/verification/freeze.ts';
import { createKnownBrowsers, forgetOldBrowsers } from '../../src/factors/browsers/known.ts';
import { findNoticeLink, forgetOldLinks, noticeToken } from '../../src/factors/notices/links.ts';
import { createNotices, type Notice } from '../../src/factors/notices/notices.ts';
import { noticeKinds } from '../../src/mail/notice-kinds.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { testSealer } from '../support/sealer.ts';

const chrome = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/153.0 Safari/537.36';
const origin = { requestId: 'request-1', address: '192.0.2.7', node: 'node-a', userAgent: chrome };
const places = [
  { name: { en: 'Library', ja: '図書館' }, networks: ['192.0.2.7'] },
  { name: { en: 'Campus', ja: '学内' }, networks: ['192.0.2.0/24', '2001:db8::/32'] },
];

test('a place is the first of the operator’s networks that an address is in', () => {
  const english = ['192.0.2.7', '192.0.2.8', '::ffff:192.0.2.8', '2001:db8::1', '198.51.100.1', 'unknown'];
  expect(english.map((address) => placeOf(places, address)?.en)).toEqual([
    'Library',
    'Campus',
    'Campus',
    'Campus',
    undefined,
    undefined,
  ]);
});

describeOnEveryDatabase('notices', (open) => {
  let database: TestDatabase;
  let db: Db;
  const sealer = testSealer();
  const notices = createNotices({ timeZone: 'Asia/Tokyo', places });
  beforeAll(async () => {
    database = await open();
    ({ db } = database);
  });
  afterAll(() => database.close());

  /** An account of the test's own. */
  async function account(
    more: { email?: string; locale?: 'en' | 'ja'; mail?: string } = {},
  ): Promise<string> {
    const id = randomUUID();
    const { mail, ...columns } = more;
    await db
      .insertInto('accounts')
      .values({ id, login_id: `a${id.slice(0, 8)}`, kind: 'sps', ...columns })
      .execute();
    if (mail !== undefined)
      await db
        .insertInto('mail_factors')
        .values({ id: randomUUID(), account_id: id, address: mail })
        .execute();
    return id;
  }
  const tell = (id: string, notice: Notice, from = origin): Promise<void> =>
    db.transaction().execute((trx) => notices.tell(trx, id, notice, from, 'en'));
  const mails = (id: string) =>
    db
      .selectFrom('mails')
      .select(['to_address as to', 'kind', 'locale', 'model'])
      .where('account_id', '=', id)
      .orderBy('to_address')
      .execute();
  const recipients = async (id: string): Promise<string[]> => (await mails(id)).map(({ to }) => to);

  test.each(noticeKinds)(
    'A39, C18: %s reaches the old and the new address, and the database holds no link',
    async (kind) => {
      const id = await account({ mail: 'new@mail.example', email: 'me@uni.example', locale: 'ja' });
      await tell(id, {
        kind,
        name: 'Phone',
        address: 'n•••w@mail.example',
        alsoTo: ['old@mail.example'],
        left: 3,
      });
      const rows = await mails(id);
      const directory = ['mail-added', 'set-up-by-pass'].includes(kind) ? ['me@uni.example'] : [];
      expect(rows.map(({ to }) => to)).toEqual([...directory, 'new@mail.example', 'old@mail.example']);
      for (const { kind: mailKind, locale, model } of rows) {
        expect([mailKind, locale]).toEqual(['notice', 'ja']);
        expect(model).toMatchObject({
          notice: kind,
          name: 'Phone',
          left: 3,
          place: '図書館',
          device: 'Windows の Chrome',
        });
        expect(model).not.toHaveProperty('notMe');
      }
      const links = await db.selectFrom('notice_links').selectAll().where('account_id', '=', id).execute();
      expect(links.map(({ event }) => event)).toEqual(kind === 'not-me' ? [] : rows.map(() => kind));
      const held = JSON.stringify([rows, links]);
      for (const { id: link } of links) {
        const token = noticeToken(sealer, link);
        expect(held).not.toContain(token);
        expect(held).not.toContain(token.slice(22));
        expect(await findNoticeLink(db, sealer, token)).toMatchObject({
          accountId: id,
          event: kind,
          used: false,
        });
      }
    },
  );

  test('a mail is there if and only if the change is', async () => {
    const id = await account({ mail: 'a@mail.example' });
    const change = db.transaction().execute(async (trx) => {
      await notices.tell(trx, id, { kind: 'app-added' }, origin, 'en');
      throw new Error('rolled back');
    });
    await expect(change).rejects.toThrow('rolled back');
    expect(await mails(id)).toEqual([]);
    expect(await db.selectFrom('notice_links').where('account_id', '=', id).selectAll().execute()).toEqual(
      [],
    );
  });

  test('without a mail factor the directory’s address is told, if it is one; otherwise nobody, and nothing fails', async () => {
    const known = await account({ email: 'Hanako@UNI.example' });
    await tell(known, { kind: 'app-added' });
    expect(await recipients(known)).toEqual(['Hanako@uni.example']);
    const { model, locale } = (await mails(known))[0] ?? {};
    expect([locale, model?.place]).toEqual(['en', 'Library']);
    for (const id of [await account(), await account({ email: 'Hanako <x@uni.example>, y@uni.example' })]) {
      await tell(id, { kind: 'app-added' });
      expect(await mails(id)).toEqual([]);
    }
    await tell(known, { kind: 'app-removed' }, { ...origin, address: '198.51.100.1' });
    expect((await mails(known)).map((mail) => mail.model.place)).toContain('network address 198.51.100.1');
  });

  test('C16: a token is 44 characters, opens with every secret that still counts, and is told apart from any other', async () => {
    const id = await account({ mail: 'a@mail.example' });
    await tell(id, { kind: 'app-added' });
    const { id: link } = await db
      .selectFrom('notice_links')
      .select('id')
      .where('account_id', '=', id)
      .executeTakeFirstOrThrow();
    const token = noticeToken(sealer, link);
    expect(token).toMatch(/^[\w-]{44}$/);
    const other = testSealer('another secret of the tests, 32 characters or more');
    await expect(findNoticeLink(db, other, token)).rejects.toMatchObject({ code: 'notice_link_invalid' });
    await db
      .updateTable('notice_links')
      .set({ expires_at: sql<Date>`now() - interval '1 second'` })
      .where('id', '=', link)
      .execute();
    await expect(findNoticeLink(db, sealer, token)).rejects.toMatchObject({ code: 'notice_link_expired' });
    expect(await forgetOldLinks(db, 100)).toBe(1);
    // What is cleared away was a link of ours: it is too old, not wrong.
    await expect(findNoticeLink(db, sealer, token)).rejects.toMatchObject({ code: 'notice_link_expired' });
  });

  test('D11, R37: a freeze refuses changes with the hours that are left, ends by itself, and an operator can end it', async () => {
    const id = await account();
    const refusal = (what: 'factors' | 'address') =>
      requireChangeable(db, id, what).then(
        () => undefined,
        (error: unknown) => error,
      );
    const set = (column: 'changes_frozen_until' | 'address_frozen_until', until: string) =>
      sql`update accounts set ${sql.ref(column)} = now() + ${until}::interval where id = ${id}`.execute(db);
    expect([await refusal('factors'), await refusal('address')]).toEqual([undefined, undefined]);
    await freezeChanges(db, id);
    expect(await refusal('factors')).toMatchObject({ code: 'changes_frozen', details: { hours: 24 } });
    expect(await refusal('address')).toMatchObject({ code: 'changes_frozen' });
    await set('changes_frozen_until', '90 minutes');
    expect(await refusal('factors')).toMatchObject({ details: { hours: 2 } });
    await set('changes_frozen_until', '-1 second');
    await set('address_frozen_until', '30 minutes');
    expect(await refusal('factors')).toBeUndefined();
    expect(await refusal('address')).toMatchObject({ code: 'address_frozen', details: { hours: 1 } });
    expect(await unfreezeAccount(db, id, 'cli:root')).toBe(true);
    expect(await unfreezeAccount(db, id, 'cli:root')).toBe(false);
    expect(await refusal('address')).toBeUndefined();
    const audit = await db.selectFrom('audit_events').select('actor').where('account_id', '=', id).execute();
    expect(audit).toEqual([{ actor: 'cli:root' }]);
    // A freeze never shortens a longer one.
    await set('changes_frozen_until', '3 days');
    await freezeChanges(db, id);
    expect(await refusal('factors')).toMatchObject({ details: { hours: 72 } });
  });

  test('D11: a new browser is told of once; the first one, a known one and one that only forgot its cookie are not', async () => {
    const id = await account({ mail: 'a@mail.example' });
    const browsers = createKnownBrowsers({ db, notices });
    const told = async (): Promise<number> => (await mails(id)).length;
    const seen = (browser: string | undefined, from = origin) => browsers.seen(id, browser, from, 'en');
    const away = { ...origin, address: '198.51.100.1' };
    await seen('first');
    await seen('first', away);
    expect(await told()).toBe(0);
    // Private windows: another cookie or none, the same browser in its next version, the same network.
    await seen('private', { ...away, userAgent: chrome.replace('153.0', '154.1') });
    await seen(undefined, away);
    expect(await told()).toBe(0);
    const phone = { ...away, userAgent: 'Mozilla/5.0 (iPhone) Safari/604.1' };
    await Promise.all([1, 2, 3].map(() => seen('phone', phone)));
    await seen('phone', { ...phone, address: '203.0.113.9' });
    expect(await told()).toBe(1);
    expect((await mails(id))[0]?.model).toMatchObject({ notice: 'new-browser', device: 'Safari on iPhone' });
    const events = await db.selectFrom('audit_events').select('event').where('account_id', '=', id).execute();
    expect(events).toEqual([{ event: 'browser.new' }]);
    // After 90 days likeness counts no more, after 180 not even the cookie does.
    await sql`update known_browsers set last_seen_at = now() - interval '91 days' where account_id = ${id}`.execute(
      db,
    );
    await seen('again', phone);
    expect(await told()).toBe(2);
    await sql`update known_browsers set last_seen_at = now() - interval '181 days' where account_id = ${id}`.execute(
      db,
    );
    expect(await forgetOldBrowsers(db, 100)).toBeGreaterThan(3);
  });

  test('no account keeps more than 50 browsers', async () => {
    const id = await account();
    const browsers = createKnownBrowsers({ db, notices });
    for (let number = 0; number < 53; number += 1) await browsers.seen(id, `b${number}`, origin, 'en');
    const kept = await db
      .selectFrom('known_browsers')
      .select('browser')
      .where('account_id', '=', id)
      .execute();
    expect(kept).toHaveLength(50);
    expect(kept.map(({ browser }) => browser)).toContain('b52');
  });
});
