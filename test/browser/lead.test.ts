import { expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { Db } from '../../src/db/open.ts';
import { newId } from '../../src/base/ids.ts';
import { appSecret, demoPassword, makeDemoAccounts } from '../../src/trial/accounts.ts';
import { describeInBrowser } from '../support/browser.ts';
import { keysTo } from './drill-cast.ts';
import { setStage } from './stage.ts';
import { appCode } from './university.ts';
import { everyVisitor, type Visitor } from './visitor.ts';

/** Cases of this month and the last, one of each state. */
async function addCases(db: Db): Promise<void> {
  const states = ['open', 'done', 'refused', 'withdrawn', 'expired', 'done'];
  for (const [index, state] of states.entries()) {
    await sql`insert into desk_cases (id, number, account_id, login_id, reason, source, locale, state, created_at,
      closed_at, refused_reason)
      select ${newId()}, ${`AAAA-000${index}`}, a.id, a.login_id, ${index % 2 === 0 ? 'lost-device' : 'no-mail'},
        'user', 'ja', ${state},
        ${index === 5 ? sql`date_trunc('month', now() at time zone 'Asia/Tokyo') at time zone 'Asia/Tokyo' - interval '1 minute'` : sql`now()`},
        ${state === 'open' ? sql`null` : sql`now()`}, ${state === 'refused' ? 'duplicate' : null}
      from accounts a where a.login_id = 'a0000005'`.execute(db);
  }
}

describeInBrowser('the lead of the desk, by keyboard alone', () => {
  const stage = setStage();
  let prepared = false;

  /** Signs in at a page for staff; the code of the app is good once in its half minute. */
  async function signsInAt(visitor: Visitor, path: string): Promise<string> {
    const { db, cluster, issuer } = stage.university;
    if (!prepared) {
      await makeDemoAccounts(db, cluster.sealer, cluster.config);
      await addCases(db);
      prepared = true;
    }
    await db.deleteFrom('desk_days').execute();
    await sql`update app_factors set last_step = 0 where account_id =
      (select id from accounts where login_id = 'lead0001')`.execute(db);
    await visitor.open(`${issuer}${path}`);
    await visitor.type('login_id', 'lead0001');
    await visitor.type('password', demoPassword);
    await visitor.press('Enter');
    if (visitor.settings.scripts) return visitor.enterCode(appCode(0, appSecret));
    await visitor.type('code', appCode(0, appSecret));
    return visitor.press('Enter');
  }

  const go = async (visitor: Visitor, selector: string): Promise<string> => {
    await keysTo(visitor, selector);
    return visitor.press('Enter');
  };
  const number = (visitor: Visitor, name: string): Promise<string | null> =>
    visitor.page.locator(`[data-number="${name}"]`).textContent();

  // Each page in each language once, with JavaScript in one and without it in the other.
  test.each(everyVisitor.filter(({ locale, scripts }) => scripts === (locale === 'en')))(
    'R57, R41, R51: figures, their file, ended cases, the trail and a closing day, in $locale, with scripts: $scripts',
    async (settings) => {
      const visitor = await stage.arrives(settings);
      const { page } = visitor;
      expect(await signsInAt(visitor, '/desk/figures')).toBe('desk-figures');
      expect(await visitor.lang()).toBe(settings.locale);
      expect(await number(visitor, 'cases')).toBe('6');
      expect(await number(visitor, 'waiting')).toBe('1');

      // Only this month: the first of the two lists moves on by one, the button shows it.
      await keysTo(visitor, '#from');
      await page.keyboard.press('ArrowDown');
      expect(await go(visitor, '.period button')).toBe('desk-figures');
      expect(await number(visitor, 'cases')).toBe('5');
      // What a plot shows is what its table says.
      for (const plot of await page.locator('[data-plot]').all()) {
        const shown = await plot.locator('svg.bars text[text-anchor=end]').allTextContents();
        const told = await plot.locator('tbody td:last-child').allTextContents();
        expect(shown).toEqual(told);
        expect(told.reduce((sum, value) => sum + Number(value), 0)).toBe(5);
      }

      // Its colours may be taken away, and it prints.
      const fill = (): Promise<unknown> =>
        page.evaluate(`getComputedStyle(document.querySelector('.bars .filled')).fill`);
      await page.emulateMedia({ forcedColors: 'active', colorScheme: 'dark' });
      expect(await fill()).toBe('rgb(255, 255, 255)');
      await page.emulateMedia({ forcedColors: 'none', colorScheme: 'light', media: 'print' });
      expect(await fill()).not.toBe('rgb(255, 255, 255)');
      expect(await page.locator('.period').isVisible()).toBe(false);
      expect(await page.locator('[data-plot] svg.bars').first().isVisible()).toBe(true);
      await page.emulateMedia({ media: 'screen' });

      // The file: by Enter on its link, with the same number, and written down.
      await keysTo(visitor, '[data-csv]');
      const [file] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
      expect(file.suggestedFilename()).toMatch(/^figures-\d{4}-\d\d-\d{4}-\d\d\.csv$/);
      const chunks: Buffer[] = [];
      for await (const chunk of await file.createReadStream()) chunks.push(chunk as Buffer);
      const text = Buffer.concat(chunks).toString();
      expect(text.charCodeAt(0)).toBe(0xfeff);
      expect(text).toMatch(/,numbers,,cases,[^,]+,5\r\n/);
      expect(text).toContain(settings.locale === 'ja' ? '端末の紛失・故障' : 'Device lost or broken');
      const taken = await stage.university.db
        .selectFrom('audit_events')
        .select('id')
        .where('event', '=', 'desk.figures-read')
        .execute();
      expect(taken).toHaveLength(settings.locale === 'en' ? 1 : 2);

      // An address that is no period.
      expect(await visitor.open(`${stage.university.issuer}/desk/figures?from=2026-13`)).toBe('error');
      expect(await visitor.fault()).toBe('bad_request');
      await visitor.goes(() => page.goBack());

      expect(await go(visitor, '.staff-sections a[href="/desk/closed"]')).toBe('desk-closed');
      expect(await page.locator('tr[data-state]').count()).toBe(5);
      expect(await go(visitor, 'tr[data-state=refused] a')).toBe('desk-case');
      expect(await page.locator('[data-state=refused]').count()).toBeGreaterThan(0);
      expect(await page.locator('button[value=approve], button[value=refuse]').count()).toBe(0);

      expect(await go(visitor, '.staff-sections a[href="/desk/trail"]')).toBe('desk-trail');
      expect(await page.locator('main').textContent()).toContain('lead0001');

      // A closing day: from now on it takes two people, and every page says when it opens next.
      expect(await go(visitor, '.staff-sections a[href="/operator/calendar"]')).toBe('operator-calendar');
      const today = new Intl.DateTimeFormat('en-CA', { timeZone: 'Asia/Tokyo' }).format(new Date());
      for (const [field, value] of [
        ['day', today],
        ['name_en', 'Founding day'],
        ['name_ja', '創立記念日'],
      ] as const) {
        await keysTo(visitor, `#${field}`);
        await page.keyboard.type(value);
      }
      expect(await visitor.press('Enter')).toBe('operator-calendar');
      expect(await visitor.fault()).toBeUndefined();
      expect(await page.locator(`[data-day="${today}"]`).count()).toBe(1);
      expect(await go(visitor, '.staff-sections a[href="/desk"]')).toBe('desk-queue');
      expect(await page.locator('.opening').getAttribute('data-opening')).toBe('closed');
      expect(await go(visitor, '.staff-sections a[href="/operator/calendar"]')).toBe('operator-calendar');
      // Nobody opens it again on the day itself: one person alone could approve then (R41).
      expect(await page.locator(`[data-day="${today}"] button[value=remove]`).count()).toBe(0);
      expect(await page.locator(`[data-day="${today}"] [data-settled]`).count()).toBe(1);
      expect(await go(visitor, '.staff-sections a[href="/desk"]')).toBe('desk-queue');
      expect(await page.locator('.opening').getAttribute('data-opening')).toBe('closed');
      await visitor.leave();
    },
    // Many pages, and each is inspected.
    120_000,
  );
});
