import { describe, expect, test } from '@jest/globals';
import { describeInBrowser } from '../support/browser.ts';
import { asksForHelp, closeCentre, comesToWork, hire, openCentre, passOn } from './desk-staff.ts';
import { setStage } from './stage.ts';
import type { Visitor } from './visitor.ts';

const card = '#check-in-person-university-card';

describeInBrowser('the desk', () => {
  const stage = setStage();

  /** Goes to a button by Tab alone and presses Enter there. */
  async function press(visitor: Visitor, action: string): Promise<string> {
    await visitor.tabTo(`button[value="${action}"]`);
    return visitor.press('Enter');
  }

  describe.each([
    { locale: 'en', scripts: true },
    { locale: 'ja', scripts: false },
  ] as const)('in $locale, with scripts: $scripts', (settings) => {
    test('flow e, R39, R42: filed at night, found, checked, approved and set up anew; by keyboard, 1 search and 4 clicks', async () => {
      const { university } = stage;
      const person = await university.enrol(['app']);

      // At night the form works as by day, and says when the desk opens.
      await closeCentre(university);
      const user = await stage.arrives(settings);
      await user.visit(university.important);
      expect(await user.signIn(person)).toBe('app-code');
      await user.click('lost-app');
      await user.choose('reason', 'lost-device');
      expect(await user.click('file')).toBe('help-case');
      await openCentre(university);

      const member = await hire(university, 'desk');
      const staff = await comesToWork(stage, settings, member);
      expect(await staff.page.locator('main').innerText()).toContain(person.loginId);
      expect(await staff.page.locator('#login_id:focus').count()).toBe(1);
      await staff.type('login_id', person.loginId.toUpperCase());
      expect(await staff.press('Enter')).toBe('desk-account');
      expect(staff.effort).toEqual({ pages: ['desk-account'], clicks: 1, keys: 10 });

      // The identity is made sure of; from here on it is counted.
      staff.startCounting();
      await staff.tabTo('.desk-acts a.primary');
      expect(await staff.press('Enter')).toBe('desk-case');
      await staff.tabTo(card);
      await staff.page.keyboard.press('Space');
      expect(await staff.page.locator(card).isChecked()).toBe(true);
      expect(await press(staff, 'check')).toBe('desk-case');
      expect(await staff.page.locator('[data-step=check]').count()).toBe(1);
      expect(await staff.page.locator('.notice[role=status]').count()).toBe(1);
      expect(await press(staff, 'approve')).toBe('desk-pass');
      // The fourth click is the choice of the check, by Space.
      expect(staff.effort).toEqual({
        pages: ['desk-case', 'desk-case', 'desk-pass'],
        clicks: 4 - 1,
        keys: 0,
      });
      const pass = await passOn(staff);
      expect(pass).toMatch(/^\d{16}$/);

      // It is said in groups of four, as it was read out.
      expect(await user.click('use-set-up-pass')).toBe('set-up-pass');
      await user.page.locator('#setup_pass').fill(pass.replace(/\d{4}/g, '$& '));
      expect(await user.click('continue')).toBe('set-up-mail');
      await user.type('email', person.address);
      await user.click('continue');
      const { code } = await university.mail(person.address);
      expect(await user.enterCode(code)).toBe('demo-signed-in');
      expect(await user.claims(university.important)).toMatchObject({ preferred_username: person.loginId });

      expect(await staff.clickOn('a.primary')).toBe('desk-case');
      expect(await staff.page.locator('strong[data-state]').getAttribute('data-state')).toBe('done');
      expect(await staff.lang()).toBe(settings.locale);
      await Promise.all([user.leave(), staff.leave()]);
    });

    test('R40: the pass is printed on one sheet in both languages, and shown this once', async () => {
      const { university } = stage;
      const person = await university.enrol(['mail', 'app']);
      const staff = await comesToWork(stage, settings, await hire(university, 'desk'));
      await staff.type('login_id', person.loginId);
      await staff.click('search');
      // One click opens the case: the reason is chosen beforehand.
      expect(await staff.click('open')).toBe('desk-case');
      await staff.choose('check', 'in-person:university-card');
      await staff.click('check');
      const other = await staff.openTab();
      await other.open(staff.page.url());
      expect(await staff.click('approve')).toBe('desk-pass');
      const pass = await passOn(staff);

      const { page } = staff;
      await page.emulateMedia({ media: 'print' });
      const printed = await page.locator('main').innerText();
      for (const words of ['Valid until', '有効期限', 'Kyoto University', '京都大学'])
        expect(printed).toContain(words);
      expect(printed.replace(/\s/g, '')).toContain(pass);
      expect(printed).not.toContain(person.loginId);
      expect(await page.locator('header.site-head, nav, footer, h1').filter({ visible: true }).count()).toBe(
        0,
      );
      const pdf = await page.pdf({ preferCSSPageSize: true });
      expect(pdf.toString('latin1').match(/\/Type\s*\/Page\b/g)).toHaveLength(1);
      await page.emulateMedia({ media: 'screen' });

      // The toggle leads to the other language's words, and loses nothing.
      await page.locator('.language a').click();
      expect(await passOn(staff)).toBe(pass);

      // Pressed again on a page from before, gone back to, sent again: told about, never shown, never twice.
      expect(await other.click('approve')).toBe('desk-case');
      expect(await other.fault()).toBe('case_changed');
      expect(await other.page.locator('[data-changed]').getAttribute('data-changed')).toBe('approval state');
      expect(await other.page.locator('[data-pass=waiting]').count()).toBe(1);
      expect(await other.page.content()).not.toContain(pass);
      expect(await staff.goes(() => page.reload())).toBe('desk-case');
      expect(await staff.goes(() => page.goBack())).toBe('desk-case');
      expect(await page.content()).not.toContain(pass.slice(0, 4));
      const issued = await university.db
        .selectFrom('desk_cases as c')
        .innerJoin('setup_passes as p', 'p.case_id', 'c.id')
        .select('p.id')
        .where('c.login_id', '=', person.loginId)
        .execute();
      expect(issued).toHaveLength(1);

      // It did not reach the user: taken back, it works no longer.
      expect(await staff.goes(() => page.reload())).toBe('desk-case');
      expect(await staff.click('withdraw')).toBe('desk-case');
      expect(await page.locator('strong[data-state]').getAttribute('data-state')).toBe('withdrawn');
      await staff.leave();
    });

    test('A41: what is typed survives a fault and the toggle; a refusal says why', async () => {
      const { university } = stage;
      const person = await university.enrol(['mail']);
      const id = await asksForHelp(stage, person);
      const staff = await comesToWork(stage, settings, await hire(university, 'desk'));
      const { page } = staff;
      expect(await staff.clickOn(`[data-case="${id}"] a`)).toBe('desk-case');
      await staff.choose('check', 'call-back:number-on-record');
      await page.locator('#note').fill('passport TK1234567');
      expect(await staff.click('check')).toBe('desk-case');
      expect(await staff.fault()).toBe('note_holds_number');
      expect(await page.locator('#note').inputValue()).toBe('passport TK1234567');
      await page.locator('#note').fill('Rang twice.');

      // Meanwhile the account is another: nothing is done, and the page says so and shows what is now.
      const ofPerson = university.db.updateTable('accounts').where('login_id', '=', person.loginId);
      await ofPerson.set({ roles: ['operator'] }).execute();
      expect(await staff.click('check')).toBe('desk-case');
      expect(await staff.fault()).toBe('case_changed');
      expect(await page.locator('[data-changed]').getAttribute('data-changed')).toBe('account');
      expect(await page.locator('[data-mark=privileged]').count()).toBeGreaterThan(0);
      expect(await page.locator('#note').inputValue()).toBe('Rang twice.');
      expect(await page.locator('input[name=check]:checked').count()).toBe(1);
      await page.locator('[data-refuse] summary').click();
      await staff.choose('reason', 'other');
      const lang = settings.locale === 'en' ? 'ja' : 'en';
      expect(await staff.clickOn('.language button')).toBe('desk-case');
      expect(await staff.lang()).toBe(lang);
      expect(await page.locator('#note').inputValue()).toBe('Rang twice.');
      expect(await page.locator('input[name=reason]:checked').getAttribute('value')).toBe('other');
      // The toggle did nothing else.
      expect(await page.locator('[data-step=check]').count()).toBe(0);

      expect(await staff.click('refuse')).toBe('desk-case');
      expect(await staff.fault()).toBe('note_missing');
      await page.locator('#refusal_note').fill('Came to the wrong desk.');
      expect(await staff.click('refuse')).toBe('desk-case');
      expect(await page.locator('strong[data-state]').getAttribute('data-state')).toBe('refused');
      expect(await page.locator('[data-step=ended]').innerText()).toContain('Came to the wrong desk.');
      expect(await staff.open(`${university.issuer}/desk`)).toBe('desk-queue');
      expect(await page.locator(`[data-case="${id}"]`).count()).toBe(0);
      await staff.leave();
    });
  });

  test('R41, R43: outside hours two people approve, each in their own browser, and it is flagged', async () => {
    const { university } = stage;
    const person = await university.enrol(['mail']);
    const id = await asksForHelp(stage, person);
    await closeCentre(university);
    const first = await comesToWork(stage, { locale: 'en', scripts: true }, await hire(university, 'desk'));
    const second = await comesToWork(
      stage,
      { locale: 'ja', scripts: true },
      await hire(university, 'desk-lead'),
    );
    await first.open(`${university.issuer}/desk/cases/${id}`);
    await first.choose('check', 'video:official-card');
    await first.click('check');
    expect(await first.page.locator('.opening').getAttribute('data-opening')).toBe('closed');
    expect(await first.click('approve')).toBe('desk-case');
    expect(await first.fault()).toBe('desk_closed');
    await first.tick('break_glass');
    expect(await first.click('approve')).toBe('desk-case');
    expect(await first.page.locator('[data-approvals="1"]').count()).toBe(1);
    // Nobody is two people.
    expect(await first.page.locator('button[value=approve]').count()).toBe(0);

    await second.open(`${university.issuer}/desk/cases/${id}`);
    expect(await second.page.locator('[data-mark=break-glass]').count()).toBe(1);
    await second.tick('break_glass');
    expect(await second.click('approve')).toBe('desk-pass');
    expect(await passOn(second)).toMatch(/^\d{16}$/);
    expect(await first.goes(() => first.page.reload())).toBe('desk-case');
    expect(await first.page.locator('[data-pass=waiting]').count()).toBe(1);
    await openCentre(university);
    await Promise.all([first.leave(), second.leave()]);
  });

  test('R43: nobody acts on their own ID, and an auditor looks only', async () => {
    const { university } = stage;
    const member = await hire(university, 'desk');
    const auditor = await hire(university, 'auditor');
    const staff = await comesToWork(stage, { locale: 'ja', scripts: true }, member);
    await staff.type('login_id', member.loginId);
    expect(await staff.click('search')).toBe('desk-account');
    expect(await staff.page.locator('main form').count()).toBe(0);
    await staff.open(`${university.issuer}/desk`);
    await staff.type('login_id', 'nobody-here');
    expect(await staff.click('search')).toBe('desk-queue');
    expect(await staff.fault()).toBe('account_unknown');
    expect(await staff.page.locator('#login_id').inputValue()).toBe('nobody-here');

    const id = await asksForHelp(stage, member);
    expect(await staff.open(`${university.issuer}/desk/cases/${id}`)).toBe('desk-case');
    expect(await staff.page.locator('main form').count()).toBe(0);
    const looker = await comesToWork(stage, { locale: 'en', scripts: false }, auditor);
    expect(await looker.page.locator('main form').count()).toBe(0);
    expect(await looker.clickOn(`[data-case="${id}"] a`)).toBe('desk-case');
    expect(await looker.page.locator('main form').count()).toBe(0);
    expect(await looker.open(`${university.issuer}/desk/closed`)).toBe('desk-closed');
    await Promise.all([staff.leave(), looker.leave()]);
  });
});
