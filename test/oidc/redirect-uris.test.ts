import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { checkDeclarations, ClientDeclarationError } from '../../src/oidc/clients/metadata.ts';
import { type Cluster, startCluster, testPassword } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { UserAgent } from '../support/user-agent.ts';
import { type Person, person } from '../login/visits.ts';

const ofApps = [
  'com.example.app:/cb',
  'com.example.app://cb',
  'com.example.app:///cb',
  'app.immich:///oauth-callback',
  'oc://android.owncloud.com',
  'nc://login',
  'org.example.my-app+beta:/deep/path?kept=1',
  'myapp://',
];
const onThisMachine = ['http://127.0.0.1/cb', 'http://[::1]/cb', 'http://localhost/cb'];

function faultsOf(redirectUri: unknown, type = 'native', field = 'redirect_uris'): string[] {
  const client = {
    client_id: 'app',
    client_name: 'App',
    application_type: type,
    token_endpoint_auth_method: 'none',
    redirect_uris: ['https://app.example/cb'],
    [field]: [redirectUri],
  };
  try {
    checkDeclarations([client]);
    return [];
  } catch (error) {
    if (error instanceof ClientDeclarationError) return error.faults.map(({ problem }) => problem);
    throw error;
  }
}

test.each([...ofApps, ...onThisMachine])('S18: a native app may be registered with %s', (uri) => {
  expect(faultsOf(uri)).toEqual([]);
  expect(faultsOf(uri, 'native', 'post_logout_redirect_uris')).toEqual([]);
});

test.each(ofApps)('S18: a web service with %s is told what kind of client has such a scheme', (uri) => {
  expect(faultsOf(uri, 'web')).toEqual([
    expect.stringMatching(/^has the scheme [\w.+-]+: of an app: declare/),
  ]);
});

test.each([
  'javascript:/alert(1)',
  'JavaScript://x/%0aalert(1)',
  'vbscript:/x',
  'data:/text/html,x',
  'blob:/x',
  'file:///etc/passwd',
  'filesystem:/x',
  'about:/blank',
  'view-source:/x',
  'ws://app.example/cb',
  'wss://app.example/cb',
  'ftp://app.example/cb',
  'chrome-extension://abcdef/cb',
  'intent://cb',
  'mailto:/x',
  'urn:/ietf',
  'http+unix://cb',
  'https.evil://cb',
  'ms-msdt:/id',
  'ms-officecmd:/x',
  'ms-appinstaller://x',
  'itms-services://x',
  'x-apple.systempreferences:/x',
])('S18: %s is refused for its scheme, in either type of client', (uri) => {
  const scheme = uri.slice(0, uri.indexOf(':')).toLowerCase();
  for (const type of ['native', 'web']) {
    for (const field of ['redirect_uris', 'post_logout_redirect_uris'])
      expect(faultsOf(uri, type, field)).toEqual([
        `must not use the scheme ${scheme}: which is not an app's own`,
      ]);
  }
});

test.each([
  ['http://app.example/cb', 'https://'],
  ['https:app.example/cb', 'https://'],
  ['https:/app.example/cb', 'https://'],
  ['http:///127.0.0.1/cb', 'https://'],
  ['localhost:3000/cb', 'slash after its scheme'],
  ['urn:ietf:wg:oauth:2.0:oob', 'scheme urn:'],
  ['com.example.app:cb', 'slash after its scheme'],
  ['app.example/cb', 'begins with its scheme'],
  ['/cb', 'begins with its scheme'],
  ['c:/cb', 'slash after its scheme'],
  ['com.example.app:/cb#x', 'fragment'],
  ['com.example.app:/*', 'wildcards'],
  ['com.example.app:/a b', 'no space'],
  ['java\nscript:/x', 'no space'],
  ['com.example.app://user:secret@cb', 'user name'],
  ['com.example.app://a b/', 'no space'],
  ['https://app.example:99999/cb', 'no address that a browser can be sent to'],
  ['com.example.app://cb:99999', 'no address that a browser can be sent to'],
  ['https://localhost/cb', 'http:// on loopback for a native client'],
  ['http://127.0.0.2/cb', 'localhost, 127.0.0.1'],
])('S18: %j is refused, and the message says why', (uri, why) => {
  expect(faultsOf(uri)).toEqual([expect.stringContaining(why)]);
});

describeOnEveryDatabase('native apps', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  let who: Person;
  beforeAll(async () => {
    database = await open();
    cluster = await startCluster(database, {
      clients: [
        {
          client_id: 'app',
          client_name: 'App',
          application_type: 'native',
          token_endpoint_auth_method: 'none',
          redirect_uris: [...ofApps, ...onThisMachine],
          post_logout_redirect_uris: [...ofApps, ...onThisMachine],
          second_factor: 'off',
        },
      ],
    });
    who = await person(cluster, { app: true });
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  test.each([...ofApps, 'http://127.0.0.1:49152/cb', 'http://[::1]:49153/cb', 'http://localhost:49154/cb'])(
    'S9, S18: a login and a sign-out come back to %s',
    async (redirectUri) => {
      const browser = new UserAgent(cluster);
      const page = await browser.start('app', { redirect_uri: redirectUri });
      const consent = await browser.submit(page, { login_id: who.loginId, password: testPassword });
      expect(consent.page).toBe('consent');
      const { callback } = await browser.submit(consent);
      expect(callback?.href.startsWith(redirectUri)).toBe(true);
      const tokens = await browser.request('/token', {
        fromPage: false,
        form: {
          grant_type: 'authorization_code',
          client_id: 'app',
          code: callback?.searchParams.get('code') ?? '',
          redirect_uri: redirectUri,
          code_verifier: browser.verifierOf(callback?.searchParams.get('state') ?? ''),
        },
      });
      expect([tokens.status, tokens.body]).toEqual([200, expect.stringContaining('id_token')]);
      const out = await browser.open(
        `/logout?${new URLSearchParams({ client_id: 'app', post_logout_redirect_uri: redirectUri }).toString()}`,
      );
      expect(out.page).toBe('sign-out');
      const form = { ...browser.fields(out), logout: 'yes' };
      const back = await browser.request('/logout/confirm', { form });
      expect(back.headers.location).toBe(redirectUri);
    },
  );
});
