import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { locales } from '../../src/i18n/locale.ts';
import type { PageModels, PageName } from '../../src/pages/pages.ts';
import { assets, chromeFor, models, pageNames, renderer, viewsFolder } from './fixtures.ts';

const evil = `"><script>alert(1)</script><img src=x onerror='a'>`;

/** What a page of the desk looks up in the catalogues. */
const deskWords = ['reason', 'reasons', 'state', 'progress', 'source', 'what', 'trouble', 'voided'].concat([
  'changed',
  'refused',
  'refusals',
  'groups',
]);

/** The same model with every text replaced, but for what the server alone decides. */
function poison(value: unknown, key = ''): unknown {
  if (
    deskWords.includes(key) ||
    [
      'qrSvg',
      'way',
      'ways',
      'otherWays',
      'delivery',
      'code',
      'about',
      'trouble',
      'kind',
      'label',
      'roles',
      'why',
    ].includes(key)
  )
    return value;
  if (typeof value === 'string') return evil;
  if (Array.isArray(value)) return value.map((item) => poison(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, poison(item, name)]));
}

function poisoned<N extends PageName>(name: N): PageModels[N] {
  return poison(models[name]) as PageModels[N];
}

test.each(pageNames)('%s never writes what others typed as markup', (name) => {
  for (const locale of locales) {
    const html = renderer.page(
      name,
      poisoned(name),
      chromeFor(locale, { service: evil, signedInAs: evil, formToken: evil, url: evil }),
    );
    expect(html.match(/<script/g)).toHaveLength(1);
    expect(html).not.toMatch(/<img/);
  }
});

test('details of a fault are text', () => {
  const fault = { code: 'address_forbidden', field: 'email', details: { domain: evil } } as const;
  const html = renderer.page('set-up-mail', models['set-up-mail'], chromeFor('en', { fault }));
  expect(html).toContain('&lt;script&gt;alert(1)');
  expect(html.match(/<script/g)).toHaveLength(1);
});

test.each([
  '<svg><script>alert(1)</script></svg>',
  '<svg onload="alert(1)"><path d="M0"/></svg>',
  '<svg><path d="M0" style="x"/></svg>',
  '<svg></svg><p>more</p>',
  'no picture',
])('the QR code passes only as a plain picture: %s', (qrSvg) => {
  expect(() => renderer.page('set-up-app', { ...models['set-up-app'], qrSvg }, chromeFor('en'))).toThrow(
    'plain',
  );
});

test('the files have addresses that change with their content, and no others are found', () => {
  expect(assets.urls.css).toMatch(/^\/assets\/nijo\.[0-9a-f]{12}\.css$/);
  expect(assets.find(assets.urls.css)?.type).toBe('text/css; charset=utf-8');
  expect(assets.find(assets.urls.js)?.type).toBe('text/javascript; charset=utf-8');
  expect(assets.find(assets.urls.icon)?.type).toBe('image/svg+xml');
  for (const path of ['/assets/nijo.css', '/assets/../layout.eta', '/assets/', '__proto__']) {
    expect(assets.find(path)).toBeUndefined();
  }
});

test('R57: the tokens in the stylesheet are those of the design system', () => {
  const token = /^\s*(--(?:color|font-size|line-height|border-radius)-[\w-]+):\s*([^;]+);/gm;
  const read = (css: string): Map<string, string> =>
    new Map([...css.matchAll(token)].map((found) => [found[1] ?? '', found[2] ?? '']));
  const system = read(
    readFileSync(new URL(import.meta.resolve('@digital-go-jp/design-tokens/dist/tokens.css')), 'utf8'),
  );
  const css = readFileSync(join(viewsFolder, 'assets/nijo.css'), 'utf8');
  const ours = read(css);
  expect(ours.size).toBeGreaterThan(20);
  for (const [name, value] of ours) {
    expect([name, system.get(name)]).toEqual([name, value]);
    expect([name, css.includes(`var(${name})`)]).toEqual([name, true]);
  }
});
