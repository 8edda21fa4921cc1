import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { migrate } from '../../src/db/migrate.ts';
import { type Db, openEmbedded } from '../../src/db/open.ts';
import {
  describeInBrowser,
  expectNoAxeViolations,
  launchBrowser,
  type TestBrowser,
} from '../support/browser.ts';
import { accountLine, appCode, type Cluster, startCluster, testPassword } from '../support/cluster.ts';
import { type ServicesChain, startServicesChain } from './services-chain.ts';

/** Addresses of apps in each form that apps have (S18). */
const appAddresses = [
  'com.example.app:/cb',
  'com.example.app://cb',
  'app.immich:///oauth-callback',
  'oc://android.owncloud.com',
  'nc://login',
];

const visitors = [
  { scripts: true, locale: 'en' as const },
  { scripts: false, locale: 'ja' as const },
];

describeInBrowser('S9, R68: the browser after the last form', () => {
  let db: Db;
  let cluster: Cluster;
  let chain: ServicesChain;
  let chromium: TestBrowser;
  let people = 0;

  const service = (client_id: string, rest: Record<string, unknown> = {}) => ({
    client_id,
    client_name: `The ${client_id}`,
    'client_name#ja': `${client_id}サービス`,
    redirect_uris: [chain.callback],
    post_logout_redirect_uris: [chain.afterSignOut],
    token_endpoint_auth_method: 'none',
    second_factor: 'off',
    scope: 'openid profile email',
    ...rest,
  });

  beforeAll(async () => {
    db = openEmbedded();
    await migrate(db);
    chain = await startServicesChain();
    cluster = await startCluster(
      { db, kind: 'pglite', url: undefined, connect: async () => db, close: () => db.destroy() },
      {
        clients: [
          service('broker'),
          service('strict', { second_factor: 'required' }),
          service('asking', { consent: 'explicit' }),
          service('native', {
            application_type: 'native',
            redirect_uris: ['http://127.0.0.1/callback', ...appAddresses],
            post_logout_redirect_uris: ['com.example.app://bye'],
          }),
        ],
      },
    );
    chromium = await launchBrowser();
  });
  afterAll(async () => {
    await chromium.close();
    await cluster.close();
    await chain.close();
    await db.destroy();
  });

  async function person(): Promise<string> {
    people += 1;
    const loginId = `onward${people}`;
    await cluster.addAccounts([accountLine({ loginId, app: true })]);
    return loginId;
  }

  const authorizeUrl = (clientId: string, parameters: Record<string, string> = {}): string => {
    const challenge = createHash('sha256').update(randomBytes(32).toString('base64url')).digest('base64url');
    return `${cluster.issuer}/authorize?${new URLSearchParams({
      client_id: clientId,
      response_type: 'code',
      scope: 'openid',
      redirect_uri: chain.callback,
      state: `state of "${clientId}" & more`,
      code_challenge: challenge,
      code_challenge_method: 'S256',
      ...parameters,
    }).toString()}`;
  };

  describe.each(visitors)('JavaScript: $scripts', ({ scripts, locale }) => {
    async function visit(work: (page: Page, complaints: string[]) => Promise<void>): Promise<void> {
      const context = await chromium.browser.newContext({
        javaScriptEnabled: scripts,
        locale: locale === 'ja' ? 'ja-JP' : 'en-GB',
      });
      context.setDefaultTimeout(10_000);
      const complaints: string[] = [];
      try {
        const page = await context.newPage();
        page.on('console', (message) => {
          if (message.text().includes('Content Security Policy')) complaints.push(message.text());
        });
        await work(page, complaints);
        expect(complaints).toEqual([]);
      } finally {
        await context.close();
      }
    }
    const press = (page: Page, action: string) =>
      page.locator(`button[name="action"][value="${action}"]`).click();
    async function password(page: Page, loginId: string): Promise<void> {
      await page.locator('input[name="login_id"]').fill(loginId);
      await page.locator('input[name="password"]').fill(testPassword);
      await press(page, 'continue');
    }
    const arrived = (page: Page) => page.waitForURL(chain.home);
    const lastState = () => chain.received.at(-1)?.get('state');

    test('from the password, over three hosts', async () => {
      const loginId = await person();
      await visit(async (page) => {
        await page.goto(authorizeUrl('broker'));
        await password(page, loginId);
        await arrived(page);
        expect(chain.received.at(-1)?.get('code')).not.toBeNull();
        expect(lastState()).toBe('state of "broker" & more');
      });
    });

    test('from the code of the second factor, and from cancelling there', async () => {
      const loginId = await person();
      await visit(async (page) => {
        await page.goto(authorizeUrl('strict'));
        await password(page, loginId);
        await page.locator('main[data-page="app-code"]').waitFor();
        await press(page, 'cancel');
        await arrived(page);
        expect(chain.received.at(-1)?.get('error')).toBe('access_denied');
        await page.goto(authorizeUrl('strict'));
        await password(page, loginId);
        await page.locator('input[name="code"]').fill(appCode());
        if (!scripts) await press(page, 'continue');
        await arrived(page);
        expect(chain.received.at(-1)?.get('code')).not.toBeNull();
      });
    });

    test('from the consent, given and refused', async () => {
      const loginId = await person();
      await visit(async (page) => {
        await page.goto(authorizeUrl('asking'));
        await password(page, loginId);
        await page.locator('main[data-page="consent"]').waitFor();
        await press(page, 'cancel');
        await arrived(page);
        expect(chain.received.at(-1)?.get('error')).toBe('access_denied');
        await page.goto(authorizeUrl('asking'));
        await press(page, 'continue');
        await arrived(page);
        expect(chain.received.at(-1)?.get('code')).not.toBeNull();
      });
    });

    test('by form_post, whose page is ours and needs no JavaScript', async () => {
      const loginId = await person();
      await visit(async (page) => {
        await page.goto(authorizeUrl('broker', { response_mode: 'form_post' }));
        await password(page, loginId);
        if (!scripts) {
          const main = page.locator('main[data-page="continue"]');
          await main.waitFor();
          expect(await page.locator('html').getAttribute('lang')).toBe(locale);
          expect(await page.locator('h1').textContent()).toContain('brokerサービス');
          await expectNoAxeViolations(page);
          await main.locator('button.primary').click();
        }
        await arrived(page);
        expect(chain.received.at(-1)?.get('code')).not.toBeNull();
        expect(lastState()).toBe('state of "broker" & more');
        // The same with an error, and within the session: the page comes by no form at all.
        await page.goto(
          authorizeUrl('broker', { response_mode: 'form_post', scope: 'openid', prompt: 'none' }),
        );
        if (!scripts) await page.locator('main[data-page="continue"] button.primary').click();
        await arrived(page);
      });
    });

    test('from signing out', async () => {
      const loginId = await person();
      await visit(async (page) => {
        await page.goto(authorizeUrl('broker'));
        await password(page, loginId);
        await arrived(page);
        const query = new URLSearchParams({
          client_id: 'broker',
          post_logout_redirect_uri: chain.afterSignOut,
          state: 'out',
        });
        await page.goto(`${cluster.issuer}/logout?${query.toString()}`);
        await page.locator('button[name="logout"][value="yes"]').click();
        await arrived(page);
        expect(lastState()).toBe('out');
      });
    });

    test('to a native app on a port of its own (RFC 8252 §7.3)', async () => {
      const loginId = await person();
      await visit(async (page) => {
        await page.goto(authorizeUrl('native'));
        await password(page, loginId);
        // Another app may listen on the same port (RFC 8252 §8.6): people are always asked.
        await page.locator('main[data-page="consent"]').waitFor();
        await press(page, 'continue');
        await arrived(page);
        expect(chain.received.at(-1)?.get('code')).not.toBeNull();
      });
    });

    test.each(appAddresses)('S18: to a native app by its own scheme, %s', async (redirect_uri) => {
      const loginId = await person();
      await visit(async (page) => {
        // Nothing is registered for the scheme here: what the browser is told is as far as it comes.
        const toApp = page.waitForResponse((response) =>
          (response.headers().location ?? '').startsWith(`${redirect_uri}?code=`),
        );
        await page.goto(authorizeUrl('native', { redirect_uri }));
        await password(page, loginId);
        await page.locator('main[data-page="consent"]').waitFor();
        await press(page, 'continue');
        expect((await toApp).status()).toBe(303);
      });
    });
  });
});
