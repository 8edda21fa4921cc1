import { describe, expect, test } from '@jest/globals';
import { locales } from '../../src/i18n/locale.ts';
import { translator } from '../../src/i18n/translate.ts';
import { accountNotices } from '../../src/pages/account.ts';
import type { PageModels } from '../../src/pages/pages.ts';
import { accountModels, heldUp, madeSheet } from './account-fixtures.ts';
import { branding, chromeFor, forbidden, models, renderer, textOf } from './fixtures.ts';

describe.each(locales)('the pages of the account in %s', (locale) => {
  const t = translator(locale);
  const render = <N extends keyof PageModels>(name: N, model: PageModels[N]): string =>
    renderer.page(name, model, chromeFor(locale));

  test('R23, R24, D5, D9: each standing notice says what it means and leads to what helps', () => {
    const text = textOf(render('account', accountModels.account));
    for (const { kind, params, to } of accountModels.account.standing) {
      expect(text).toContain(t(`standing.${kind}.title`, params));
      if (to !== undefined) expect(render('account', accountModels.account)).toContain(`href="${to}"`);
    }
    expect(text).toContain(branding.supportCentre.hours[locale]);
  });

  test('D11, R37: what is held up is said, and not offered', () => {
    const offered = (html: string): string[] =>
      [...html.matchAll(/href="(\/account\/(?!sessions|services|history|browsers)[^"]+)"/g)].map(
        ([, path]) => path ?? '',
      );
    const mail = /^\/account\/(remove\/)?mail$/;
    const all = offered(render('account', accountModels.account));
    expect(all.filter((path) => mail.test(path))).not.toHaveLength(0);
    expect(offered(render('account', heldUp('address-frozen')))).toEqual(
      all.filter((path) => !mail.test(path)),
    );
    expect(offered(render('account', heldUp('frozen')))).toEqual(['/account/check']);
    for (const kind of ['frozen', 'address-frozen'] as const)
      expect(textOf(render('account', heldUp(kind)))).toContain(
        t(`standing.${kind}.title`, { until: '3 April 2026 at 09:05' }),
      );
  });

  test('the front page is as complete with nothing set up', () => {
    const html = render('account', {
      standing: [],
      apps: [],
      passkeysOffered: true,
      recoveryCodesOffered: true,
      passkeys: [],
      trustedBrowsers: 0,
      timeZone: 'Asia/Tokyo',
    });
    for (const path of ['mail', 'app', 'recovery-codes', 'passkey', 'check'])
      expect(html).toContain(`class="secondary" href="/account/${path}"`);
    expect(html).not.toContain('/account/new-phone');
    expect(html).not.toContain('data-standing');
  });

  test.each(accountNotices)('what was done is said: %s', (notice) => {
    const html = renderer.page('account', accountModels.account, chromeFor(locale, { notice }));
    expect(html).toContain(`<p class="notice" role="status">${t(`notice.${notice}`)}</p>`);
  });

  test('D8: the sheet has codes, number, date and whom to ask in both languages, and no ID', () => {
    const html = render('account-recovery-codes', madeSheet);
    const sheet = textOf(/<section class="sheet"[\s\S]*?<\/section>/.exec(html)?.[0] ?? '');
    for (const code of madeSheet.made?.codes ?? []) expect(sheet).toContain(code);
    for (const each of locales) {
      expect(sheet).toContain(madeSheet.made?.at[each]);
      expect(sheet).toContain(branding.organisation[each]);
      expect(sheet).toContain(branding.supportCentre.name[each]);
      expect(sheet).toContain(translator(each)('sheet.use'));
    }
    expect(html).not.toContain('a0123456');
    // The toggle sends the codes along: a change of language does not lose them.
    expect(html).toMatch(/<button form="page-form" type="submit" name="lang"/);
    expect(html).toMatch(/<input type="hidden" name="codes" value="[^"]+">/);
  });

  test('R18, R24: the address page tells which address stays, and is no part of an initial setup', () => {
    const page = { email: '', forbidden, appOffered: false };
    const change = textOf(render('set-up-mail', { ...page, own: { present: 'hanako@mail.example' } }));
    expect(change).toContain('hanako@mail.example');
    const add = textOf(render('set-up-mail', { ...page, own: {} }));
    const code = textOf(render('set-up-mail-code', { ...models['set-up-mail-code'], own: true }));
    for (const text of [change, add, code]) {
      expect(text).not.toContain(t('setUp.step', { step: 1, steps: 2 }));
      expect(text).not.toContain(t('setUp.step', { step: 2, steps: 2 }));
    }
  });

  test('what is removed is asked about, and where nothing would be left it says so', () => {
    const removal = accountModels['account-remove'];
    const text = textOf(render('account-remove', removal));
    for (const { way, name } of removal.remaining) expect(text).toContain(t(`remove.way.${way}`, { name }));
    expect(textOf(render('account-remove', { ...removal, remaining: [] }))).toContain(
      t('remove.remainingNone'),
    );
    // The last address or app stays: recovery codes alone are no way to sign in, and nothing is offered.
    for (const remaining of [[], removal.remaining.filter(({ way }) => way !== 'app')]) {
      const last = render('account-remove', { ...removal, remaining });
      expect(last).not.toContain('value="continue"');
      expect(last).toContain('value="cancel"');
    }
    for (const way of ['app', 'passkey', 'recovery-codes'] as const) {
      const { acknowledgementVersion: _, ...rest } = removal;
      const html = render('account-remove', { ...rest, way });
      expect(html).not.toContain('name="acknowledge"');
      expect(textOf(html)).toContain(t(`remove.title.${way}`));
    }
  });
});
