/**
 * Makes the pictures of the README and of the desk's drill anew: `npm run pictures`. The pages are the real
 * ones, of a real login and of the drill that the tests walk; nothing in them is drawn.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { deskSchema } from '../../src/config/sections/desk.ts';
import { launchBrowser } from '../support/chromium.ts';
import { playScenes } from './drill-cast.ts';
import { drillScenes } from './drill-scenes.ts';
import { password, startUniversity, type University } from './university.ts';
import { Visitor } from './visitor.ts';

const folder = path.join(import.meta.dirname, '../../docs/images');
// Device pixels to a pixel: sharp on good screens, and the file stays under 200 KB.
const scale = 1.05;
const window = { width: 420, height: 700 };

/** The page that waits for the mailed code, of somebody who could use the app too. */
async function mailCodePage(browser: Browser, university: University, locale: 'en' | 'ja'): Promise<Buffer> {
  const person = { loginId: `a000000${locale === 'en' ? 2 : 4}`, address: 'aoi@mail.example' };
  await university.cluster.addAccounts([
    `${person.loginId},sps,Aoi Nishijin,西陣 葵,,${password},${person.address},`,
  ]);
  const visitor = await Visitor.arrives(browser, university, undefined, { locale, scripts: false, scale });
  await visitor.page.setViewportSize(window);
  await visitor.visit(university.important);
  await visitor.signIn(person);
  // Looked at again when the mail server has taken the mail.
  await university.mail(person.address);
  await visitor.page.reload();
  const picture = await visitor.page.screenshot({ fullPage: true });
  await visitor.leave();
  return picture;
}

const [university, drilled] = [
  await startUniversity({ desk: deskSchema.parse({}) }),
  await startUniversity(),
];
const chromium = await launchBrowser({ deviceScaleFactor: scale });
try {
  const pictures = [
    await mailCodePage(chromium.browser, university, 'en'),
    await mailCodePage(chromium.browser, university, 'ja'),
  ];
  const { page } = chromium;
  await page.setViewportSize({ width: 2 * window.width + 120, height: window.height });
  await page.setContent(`<!doctype html><style>
    body { margin: 0; padding: 40px; display: flex; gap: 40px; align-items: flex-start; background: #c0e4ff; }
    img { width: ${window.width}px; border-radius: 12px; outline: 1px solid #97d3ff; }
    </style>${pictures.map((picture) => `<img src="data:image/png;base64,${picture.toString('base64')}">`).join('')}`);
  await page
    .locator('img')
    .last()
    .evaluate((image: { decode(): Promise<void> }) => image.decode());
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'login.png'), await page.screenshot({ fullPage: true }));
  const stage = { browser: chromium.browser, university: drilled, locale: 'en' } as const;
  await playScenes(drillScenes, stage, (name, picture) =>
    writeFileSync(path.join(folder, `${name}.png`), picture),
  );
} finally {
  await chromium.close();
  await university.close();
  await drilled.close();
}
