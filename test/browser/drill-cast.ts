import type { Browser } from 'playwright-core';
import { translator } from '../../src/i18n/translate.ts';
import { appSecret, demoPassword, makeDemoAccounts } from '../../src/trial/accounts.ts';
import { appCode, type University } from './university.ts';
import { Visitor } from './visitor.ts';

/** What the pages of one scene said: every heading, button, link and label, and which pages there were. */
export interface Seen {
  pages: Set<string>;
  words: Set<string>;
}

export interface Play {
  readonly university: University;
  readonly locale: 'en' | 'ja';
  /** A browser of somebody of the university. */
  user(): Promise<Visitor>;
  /** A member of staff, signed in once, at the desk. */
  staff(loginId: StaffId): Promise<Visitor>;
  /** Comes to a page, and reads it. */
  reads(visitor: Visitor, page: string): Promise<void>;
  /** Takes the picture of this name: of the content or of a part, from its top, at most so high. */
  picture(name: string, visitor: Visitor, part?: string, height?: number): Promise<void>;
}

export type StaffId = 'desk0001' | 'lead0001' | 'audi0001' | 'oper0001';

export interface Scene {
  /** Its heading in the document. */
  title: string;
  play(play: Play): Promise<void>;
}

/** What a document can name: whatever a reader can point at. */
const named =
  'h1, h2, h3, a, button, label, legend, summary, strong, dt, dd, th, td, caption, .mark, .opening, [data-opening], p[role=status]';

/**
 * Plays scenes with the accounts of the trial, in one language.
 * @param take what becomes of a picture.
 * @returns what each scene has shown.
 */
export async function playScenes(
  scenes: readonly Scene[],
  stage: { browser: Browser; university: University; locale: 'en' | 'ja' },
  take: (name: string, picture: Buffer) => void,
): Promise<Map<string, Seen>> {
  const { browser, university, locale } = stage;
  await makeDemoAccounts(university.db, university.cluster.sealer, university.cluster.config);
  const all = new Map<string, Seen>();
  const optional = translator(locale)('common.optional');
  const staff = new Map<StaffId, Visitor>();
  const everybody: Visitor[] = [];
  const arrives = async (): Promise<Visitor> => {
    const visitor = await Visitor.arrives(browser, university, undefined, { locale, scripts: true });
    await visitor.page.setViewportSize({ width: 900, height: 700 });
    everybody.push(visitor);
    return visitor;
  };
  for (const scene of scenes) {
    const { title } = scene;
    const seen: Seen = { pages: new Set(), words: new Set() };
    all.set(title, seen);
    const reads = async (visitor: Visitor, page: string): Promise<void> => {
      const [name, fault] = [await visitor.name(), await visitor.fault()];
      if (name !== page || fault !== undefined)
        throw new Error(`${title}: came to ${name} ${fault ?? ''} in place of ${page}`);
      seen.pages.add(page);
      for (const words of await visitor.page.locator(named).allTextContents())
        seen.words.add(words.replace(optional, '').replace(/\s+/g, ' ').trim());
    };
    await scene.play({
      university,
      locale,
      user: arrives,
      async staff(loginId) {
        const present = staff.get(loginId);
        if (present !== undefined) return present;
        const visitor = await arrives();
        staff.set(loginId, visitor);
        const home = loginId === 'oper0001' ? 'operator' : 'desk';
        await visitor.open(`${university.issuer}/${home}`);
        await signsIn(visitor, loginId);
        await visitor.enterCode(appCode(0, appSecret));
        await reads(visitor, home === 'desk' ? 'desk-queue' : 'operator-home');
        return visitor;
      },
      reads,
      async picture(name, { page }, part = 'main', height = Number.POSITIVE_INFINITY) {
        await page.evaluate('scrollTo(0, 0)');
        const box = await page.locator(part).boundingBox();
        if (box === null) throw new Error(`${name}: there is no ${part}`);
        const clip = { ...box, height: Math.min(box.height, height) };
        take(name, await page.screenshot({ fullPage: true, clip }));
      },
    });
  }
  for (const visitor of everybody) await visitor.leave();
  return all;
}

/** ID and password of the trial. */
export async function signsIn(visitor: Visitor, loginId: string): Promise<string> {
  await visitor.page.locator('#login_id').fill(loginId);
  await visitor.page.locator('#password').fill(demoPassword);
  return visitor.click('continue');
}

/** Goes on with Tab, as far as it takes, until something has the focus. */
export async function keysTo({ page }: Visitor, selector: string): Promise<void> {
  const focused = page.locator(selector).and(page.locator(':focus'));
  for (let tabs = 0; (await focused.count()) === 0; tabs += 1) {
    if (tabs > 80) throw new Error(`${selector} is not reached by Tab`);
    await page.keyboard.press('Tab');
  }
}
