import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { LocalSite } from '../../src/trial/local-server.ts';
import type { Inspector } from './inspector.ts';
import { password, type Person, type University } from './university.ts';

/** How a visitor's browser is set up. */
export interface VisitorSettings {
  locale: 'en' | 'ja';
  /** Whether the browser runs JavaScript. */
  scripts: boolean;
  /** Device pixels to a pixel. */
  scale?: number;
}

/** What a flow has asked of the user, counted as docs/requirements.md defines it. */
export interface Effort {
  /** `data-page` of every screen of the identity provider, in the order they came. */
  pages: string[];
  /** Buttons, links and ticks; Enter in a field counts as the button it stands for. */
  clicks: number;
  /** Characters typed. Tab and Enter are none. */
  keys: number;
}

/** Both languages, with JavaScript and without. */
export const everyVisitor: readonly VisitorSettings[] = [
  { locale: 'en', scripts: true },
  { locale: 'en', scripts: false },
  { locale: 'ja', scripts: true },
  { locale: 'ja', scripts: false },
];

/**
 * Somebody at a desktop computer: reads a page, types where the cursor stands, goes on by Tab, clicks.
 * Counts all of it. Every page it comes to is looked at by the inspector, if there is one.
 */
export class Visitor {
  readonly page: Page;
  readonly settings: VisitorSettings;
  private readonly university: University;
  private readonly inspector: Inspector | undefined;
  private pages: string[] = [];
  private clicks = 0;
  private keys = 0;
  private documents = 0;
  /** Of the browser: a script that failed, or something that the pages' own policy forbids. */
  private readonly complaints: string[] = [];

  private constructor(
    university: University,
    inspector: Inspector | undefined,
    settings: VisitorSettings,
    page: Page,
  ) {
    this.university = university;
    this.inspector = inspector;
    this.settings = settings;
    this.page = page;
    page.on('framenavigated', (frame) => {
      if (frame === page.mainFrame() && frame.url().startsWith(university.issuer)) this.documents += 1;
    });
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) this.complaints.push(message.text());
    });
  }

  /** A browser of its own: cookies, language, JavaScript or none. */
  static async arrives(
    browser: Browser,
    university: University,
    inspector: Inspector | undefined,
    settings: VisitorSettings,
  ): Promise<Visitor> {
    const context = await browser.newContext({
      locale: settings.locale === 'ja' ? 'ja-JP' : 'en-GB',
      timezoneId: 'Asia/Tokyo',
      viewport: { width: 1280, height: 800 },
      javaScriptEnabled: settings.scripts,
      deviceScaleFactor: settings.scale ?? 1,
    });
    // Long enough for a busy machine, short enough to say what was waited for.
    context.setDefaultTimeout(10_000);
    return new Visitor(university, inspector, settings, await context.newPage());
  }

  /** A further tab of the same browser. */
  async openTab(): Promise<Visitor> {
    return new Visitor(this.university, this.inspector, this.settings, await this.context.newPage());
  }

  get context(): BrowserContext {
    return this.page.context();
  }

  async leave(): Promise<void> {
    await this.context.close();
    if (this.complaints.length > 0) throw new Error(this.complaints.join('\n'));
  }

  /** What was needed since the last visit to a service began. Fails if a page came and went unseen. */
  get effort(): Effort {
    if (this.documents !== this.pages.length) {
      throw new Error(`${this.documents} documents of the identity provider, seen: ${this.pages.join(', ')}`);
    }
    return { pages: this.pages, clicks: this.clicks, keys: this.keys };
  }

  /** The name of the page that is shown. */
  async name(): Promise<string> {
    return (await this.page.locator('main[data-page]').getAttribute('data-page')) ?? '';
  }

  /** The code of the fault or error that the page shows. */
  async fault(): Promise<string | undefined> {
    const shown = this.page.locator('[data-fault], [data-error]').first();
    if ((await shown.count()) === 0) return undefined;
    return (await shown.getAttribute('data-fault')) ?? (await shown.getAttribute('data-error')) ?? undefined;
  }

  /** Does something that leads to another document, and looks at what came. @returns its name. */
  async goes(act: () => Promise<unknown>): Promise<string> {
    const mainFrame = this.page.mainFrame();
    const arrived = this.page.waitForEvent('framenavigated', (frame) => frame === mainFrame);
    await Promise.all([arrived, act()]);
    await this.page.waitForLoadState('domcontentloaded');
    const name = await this.name();
    if (this.page.url().startsWith(this.university.issuer)) {
      this.pages.push(name);
      await this.inspector?.inspect(this.page, name, await this.fault());
    }
    return name;
  }

  /** Opens an address by hand. */
  open(address: string): Promise<string> {
    return this.goes(() => this.page.goto(address));
  }

  /** From here on it is counted anew. */
  startCounting(): void {
    [this.pages, this.clicks, this.keys, this.documents] = [[], 0, 0, 0];
  }

  /** Starts a login at a service; the counting begins anew. */
  visit(service: LocalSite, parameters: Record<string, string> = {}): Promise<string> {
    this.startCounting();
    return this.open(`${service.url}/sign-in?${new URLSearchParams(parameters).toString()}`);
  }

  /** Goes on with Tab until the cursor stands in the field, and types. The page puts it into its first field. */
  async type(field: string, text: string): Promise<void> {
    await this.tabTo(`input[name="${field}"]`);
    this.keys += text.length;
    await this.page.keyboard.type(text);
  }

  /** Goes on with Tab until something has the focus. */
  async tabTo(selector: string): Promise<void> {
    const focused = this.page.locator(`${selector}:focus`);
    for (let tabs = 0; (await focused.count()) === 0; tabs += 1) {
      if (tabs > 12) throw new Error(`${selector} is not reached by Tab`);
      await this.page.keyboard.press('Tab');
    }
  }

  /** Clicks a button of the page by its action. */
  click(action: string): Promise<string> {
    this.clicks += 1;
    return this.goes(() => this.page.locator(`button[name="action"][value="${action}"]`).click());
  }

  /** Clicks whatever else there is: a link, the toggle. */
  clickOn(selector: string): Promise<string> {
    this.clicks += 1;
    return this.goes(() => this.page.locator(selector).click());
  }

  /** Presses a key that leads on, such as Enter in a field or on a button. */
  press(key: string): Promise<string> {
    this.clicks += 1;
    return this.goes(() => this.page.keyboard.press(key));
  }

  async tick(field: string): Promise<void> {
    this.clicks += 1;
    await this.page.locator(`input[name="${field}"]`).check();
  }

  /** Chooses one answer of several. */
  async choose(field: string, value: string): Promise<void> {
    this.clicks += 1;
    await this.page.locator(`input[name="${field}"][value="${value}"]`).check();
  }

  /** ID and password. */
  async signIn(person: Person, { idIsThere = false } = {}): Promise<string> {
    if (!idIsThere) await this.type('login_id', person.loginId);
    await this.type('password', password);
    return this.click('continue');
  }

  /** A whole code: with JavaScript the last digit goes on by itself, without it the button does. */
  async enterCode(code: string): Promise<string> {
    if (this.settings.scripts) return this.goes(() => this.type('code', code));
    await this.type('code', code);
    return this.click('continue');
  }

  /** Brings something in from the clipboard: one event for all of it. */
  async paste(field: string, text: string): Promise<void> {
    await this.page.locator(`input[name="${field}"]`).focus();
    await this.page.keyboard.insertText(text);
  }

  /** The claims with which a service knows this visitor; undefined if it does not. */
  async claims(service: LocalSite): Promise<Record<string, unknown> | undefined> {
    const answer = await this.context.request.get(`${service.url}/session.json`);
    return answer.status() === 200 ? ((await answer.json()) as Record<string, unknown>) : undefined;
  }

  /** The language the page says it is in. */
  async lang(): Promise<string> {
    return (await this.page.locator('html').getAttribute('lang')) ?? '';
  }
}
