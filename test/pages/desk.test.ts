import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { locales } from '../../src/i18n/locale.ts';
import { translator } from '../../src/i18n/translate.ts';
import type { PageModels } from '../../src/pages/pages.ts';
import {
  describeInBrowser,
  expectNoAxeViolations,
  launchBrowser,
  type TestBrowser,
} from '../support/browser.ts';
import { caseStates, deskModels } from './desk-fixtures.ts';
import { assets, branding, buttonsOf, chromeFor, renderer, textOf } from './fixtures.ts';

const states = Object.keys(caseStates);
const stateOf = (name: string): PageModels['desk-case'] => {
  const model = caseStates[name];
  if (model === undefined) throw new Error(`no case ${name}`);
  return model;
};

describe.each(locales)('the pages of the desk in %s', (locale) => {
  const t = translator(locale);
  const render = <N extends keyof PageModels>(name: N, model: PageModels[N]): string =>
    renderer.page(name, model, chromeFor(locale));
  const caseIn = (name: string): string => render('desk-case', stateOf(name));

  test('R39, R41: the queue tells how long each case waits, why, and what is special about it', () => {
    const html = render('desk-queue', deskModels['desk-queue']);
    const text = textOf(html);
    expect(text).toContain('Closed now. Opens Monday at 9:00.');
    for (const mark of ['privileged', 'breakGlass', 'unknown'] as const)
      expect(text).toContain(t(`desk.mark.${mark}`));
    for (const progress of ['unchecked', 'checked', 'second', 'issued'] as const)
      expect(text).toContain(t(`desk.progress.${progress}`));
    expect(html.match(/href="\/desk\/cases\//g)).toHaveLength(5);
    expect(html).toMatch(/<input id="login_id"[^>]* autofocus>/);
    // A password manager must not fill in the ID of whoever sits there.
    expect(html).toMatch(/<input id="login_id"[^>]* autocomplete="off"/);
    // Tables say what they are, and which cell is the name of which (R57).
    expect(html).toMatch(/<caption>[^<]+<\/caption>/);
    expect(html.match(/<th role="columnheader" scope="col">/g)).toHaveLength(6);
    expect(html.match(/<th role="rowheader" scope="row"/g)).toHaveLength(5);
  });

  test('R43: whoever only looks has no search and no form', () => {
    const { search: _, ...queue } = deskModels['desk-queue'];
    for (const html of [render('desk-queue', queue), caseIn('looked'), caseIn('own'), caseIn('first')])
      expect(html.replace(/<details data-[\s\S]*<\/details>/, '')).not.toMatch(
        /value="(search|approve|refuse)"/,
      );
    expect(render('desk-queue', { ...queue, cases: [] })).not.toContain('<table');
  });

  test('R40: an account is shown masked, with the one reason chosen that opens a case in one click', () => {
    const html = render('desk-account', deskModels['desk-account']);
    expect(textOf(html)).toContain('h•••o@mail.example');
    expect(html).toMatch(/<input id="reason-lost-device"[^>]* checked>/);
    expect(html.match(/<input [^>]* checked>/g)).toHaveLength(1);
    for (const trouble of ['disabled', 'failing'] as const)
      expect(textOf(html)).toContain(t(`desk.account.works.${trouble}`));
    const { open: _, ...closed } = deskModels['desk-account'];
    const own = render('desk-account', { ...closed, own: true });
    expect(textOf(own)).toContain(t('desk.account.own'));
    expect(own).not.toContain('value="open"');
    const there = render('desk-account', { ...closed, openCase: { id: 'c9', number: 'KITE-42QX' } });
    expect(there).toContain('class="primary" href="/desk/cases/c9"');
  });

  test('R39: without a check there is no approval; with one it is one click away', () => {
    expect(buttonsOf(caseIn('opened'))).toEqual(['action=check', 'action=refuse']);
    expect(buttonsOf(caseIn('checked'))).toEqual(['action=approve', 'action=check', 'action=refuse']);
    expect(buttonsOf(caseIn('unknown'))).toEqual(['action=refuse']);
    expect(textOf(caseIn('unknown'))).toContain(t('desk.case.noAccount'));
    // No act by Enter in another act's field: the first button is one that does nothing.
    for (const name of ['opened', 'checked', 'closed', 'second'])
      expect(/<form id="page-form"[\s\S]*?(<button[^>]*>)/.exec(caseIn(name))?.[1]).toBe(
        '<button disabled hidden>',
      );
  });

  test('R41, R43: break-glass is offered while it is closed only, and two people are asked for', () => {
    expect(caseIn('checked')).not.toContain('break_glass');
    expect(caseIn('closed')).toMatch(
      /<input id="break_glass"[^>]* aria-describedby="break_glass-hint" checked>/,
    );
    expect(textOf(caseIn('closed'))).toContain(t('desk.case.breakGlassHint'));
    expect(textOf(caseIn('closed'))).toContain(t('desk.case.approveFirst'));
    expect(textOf(caseIn('first'))).toContain(t('desk.case.youApproved'));
    const second = textOf(caseIn('second'));
    expect(second).toContain(t('desk.case.secondView', { who: 'desk1' }));
    expect(second).toContain(t('desk.case.approveSecond'));
    expect(second).toContain(t('desk.mark.breakGlass'));
  });

  test('A41: a page that was stale says what changed', () => {
    const text = textOf(caseIn('stale'));
    for (const change of ['check', 'approval', 'account'] as const)
      expect(text).toContain(t(`desk.case.changed.${change}`));
    expect(text).toContain(t('desk.case.changed.state', { state: t('desk.state.open') }));
  });

  test('R40: an issued pass is told about and never shown; it can be taken back until it is used', () => {
    const approved = caseIn('approved');
    expect(textOf(approved)).toContain(t('desk.case.passIssued', { who: 'desk1', at: '4 Jan 2027, 09:05' }));
    expect(approved).toMatch(/<button [^>]*form="page-form" name="action" value="withdraw"/);
    expect(textOf(caseIn('withdrawn'))).toContain(t('desk.case.pass.not-me'));
    expect(textOf(caseIn('refused'))).toContain(t('desk.refusal.other'));
    expect(textOf(caseIn('refused'))).toContain(t('desk.case.endedHint'));
  });

  test('R40: the sheet with the pass has both languages, and nobody’s name', () => {
    const html = render('desk-pass', deskModels['desk-pass']);
    const sheet = textOf(/<section class="sheet[\s\S]*?<\/section>/.exec(html)?.[0] ?? '');
    expect(sheet).toContain('0123 4567 8901 2345');
    for (const each of locales) {
      const words = translator(each);
      expect(sheet).toContain(branding.organisation[each]);
      expect(sheet).toContain(deskModels['desk-pass'].until[each]);
      // The buttons of the way there, by their own names.
      expect(sheet).toContain(words('helpSupport.pass'));
      for (const step of [1, 3, 4] as const) expect(sheet).toContain(words(`desk.pass.step${step}`));
    }
    expect(textOf(html)).toContain('zero one two three');
    expect(textOf(html)).toContain('よん ご ろく なな');
    expect(sheet).not.toContain('a0123456');
    // Nothing on the page could send it again.
    expect(html).not.toMatch(/<form|type="hidden"/);
  });
});

describeInBrowser('the desk in a browser', () => {
  let server: Server;
  let origin: string;
  let chromium: TestBrowser;

  beforeAll(async () => {
    const pages = new Map(
      locales.flatMap((locale) =>
        states.map((state): [string, string] => {
          const url = `/${locale}/${state}`;
          return [url, renderer.page('desk-case', stateOf(state), chromeFor(locale, { url }))];
        }),
      ),
    );
    server = createServer((request, response) => {
      const path = request.url ?? '/';
      const asset = assets.find(path);
      response.setHeader('content-type', asset?.type ?? 'text/html; charset=utf-8');
      response.end(asset?.body ?? pages.get(path) ?? '<!doctype html>');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    chromium = await launchBrowser({ viewport: { width: 320, height: 640 } });
  });

  afterAll(async () => {
    await chromium.close();
    await new Promise((resolve) => server.close(resolve));
  });

  test.each(locales)('R57: every state of a case in %s, at 320 px, with no violation', async (locale) => {
    const { page } = chromium;
    for (const state of states) {
      await page.goto(`${origin}/${locale}/${state}`);
      await page.evaluate(`document.querySelectorAll('details').forEach((each) => { each.open = true; })`);
      await expectNoAxeViolations(page);
      const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
      expect([state, await page.evaluate(overflow)]).toEqual([state, 0]);
    }
  });
});
