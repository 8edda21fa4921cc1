import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { InteractionResult } from '../../src/login/ports.ts';
import { endpoints } from '../../src/oidc/endpoints.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { testSealer } from '../support/sealer.ts';
import { authorizationUrl, Browser, type Service, verifierOf } from './support/browser.ts';
import { signedIn, startNode, type TestNode } from './support/node.ts';
import { addAccount, addService } from './support/seed.ts';

/** No guard stands before the provider here: what is refused is refused inside it. */
describeOnEveryDatabase('S1: a result is good in the browser that it came from', (open) => {
  let database: TestDatabase;
  let node: TestNode;
  let account: string;
  let service: Service;
  let consenting: Service;
  const sealer = testSealer();

  beforeAll(async () => {
    database = await open();
    account = await addAccount(database.db, 'a0000001', ['app']);
    service = await addService(database.db, sealer, 'important');
    consenting = await addService(database.db, sealer, 'consenting', { consent: 'explicit' });
    node = await startNode({ db: database.db, sealer });
  });
  afterAll(async () => {
    await node.close();
    await database.close();
  });
  beforeEach(() => {
    node.decide = () => signedIn(account, 'app');
  });

  const as = (browser: string): RequestInit => ({ headers: { 'x-test-browser': browser } });
  /** A login up to the address at which the provider goes on, with its result recorded for `browser`. */
  async function finish(browser: Browser, of: Service, digest: string): Promise<string> {
    const started = await browser.request(authorizationUrl(of, verifierOf()));
    const answer = await browser.request(started.location ?? '', as(digest));
    expect(answer.location).toContain('/authorize/');
    return answer.location ?? '';
  }
  const results: Record<string, InteractionResult | undefined> = {
    'signed in': undefined,
    cancelled: { kind: 'refused', error: 'access_denied', description: 'cancelled' },
  };

  test.each(Object.keys(results))('S1: a login that was %s', async (name) => {
    const result = results[name];
    if (result !== undefined) node.decide = () => result;
    const browser = new Browser(node);
    const resume = await finish(browser, service, 'one');
    for (const other of ['two', 'ONE', '']) {
      const refused = await browser.request(resume, as(other));
      expect([other, refused.status, refused.location]).toEqual([other, 400, undefined]);
      expect(refused.text).toContain('data-page="error"');
    }
    expect(browser.cookies.has('__Host-nijo-session')).toBe(false);
    // It is there still, and goes on in its own browser.
    const query = new URL((await browser.request(resume, as('one'))).location ?? '').searchParams;
    expect(result === undefined ? query.has('code') : query.get('error') === 'access_denied').toBe(true);
  });

  test('S1: a login that was consented to', async () => {
    const browser = new Browser(node);
    node.decide = ({ prompt }) => (prompt === 'consent' ? { kind: 'consented' } : signedIn(account, 'app'));
    const signIn = await finish(browser, consenting, 'one');
    const toConsent = await browser.request(signIn, as('one'));
    const consented = await browser.request(toConsent.location ?? '', as('one'));
    const refused = await browser.request(consented.location ?? '', as('two'));
    expect([refused.status, refused.location]).toEqual([400, undefined]);
    const done = await browser.request(consented.location ?? '', as('one'));
    expect(new URL(done.location ?? '').searchParams.has('code')).toBe(true);
  });

  test('S1: a login that nobody finished, or another path than its own, is not gone on with', async () => {
    const browser = new Browser(node);
    const started = await browser.request(authorizationUrl(service, verifierOf()));
    const uid = (started.location ?? '').split('/').at(-1) ?? '';
    const early = await browser.request(`/authorize/${uid}`, as('one'));
    expect([early.status, early.location]).toEqual([400, undefined]);
    // Nothing was used up by that.
    const { location = '' } = await browser.request(`/interaction/${uid}`, as('one'));
    const cookie = browser.cookieHeader(new URL(location).pathname);
    const elsewhere = await browser.request('/authorize/elsewhere', {
      headers: { cookie, 'x-test-browser': 'one' },
    });
    expect([elsewhere.status, elsewhere.location]).toEqual([400, undefined]);
    const done = await browser.request(location, as('one'));
    expect(new URL(done.location ?? '').searchParams.has('code')).toBe(true);
  });

  test('S1: the table of endpoints says what the provider’s own router says', async () => {
    const provider = node.handle.current();
    const paths = endpoints.map(({ pattern }) => pattern);
    for (const { name } of endpoints) {
      const uid = name === 'resume' ? { uid: ':uid' } : {};
      expect(paths).toContain(decodeURIComponent(new URL(provider.urlFor(name, uid)).pathname));
    }
  });
});
