import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { disableAccount } from '../../src/accounts/status.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { freePort } from '../support/free-port.ts';
import { collectingLogger } from '../support/logger.ts';
import { testSealer } from '../support/sealer.ts';
import {
  authorizationUrl,
  Browser,
  decodeJwt,
  obtainTokens,
  type Service,
  verifierOf,
} from './support/browser.ts';
import { signedIn, startNode, type TestNode } from './support/node.ts';
import { onThisMachine, type Receiver, startReceiver, until, verifyLogoutToken } from './support/receiver.ts';
import { addAccount, addService } from './support/seed.ts';

describeOnEveryDatabase('services hear that a session is over, from two nodes', (open) => {
  let database: TestDatabase;
  let nodes: [TestNode, TestNode];
  let receiver: Receiver;
  let number = 0;
  let account = '';
  const sealer = testSealer();
  const log = collectingLogger();
  const times = { pollMs: 60, retryMs: [40] };

  beforeAll(async () => {
    database = await open();
    receiver = await startReceiver();
    const common = { sealer, clientCacheMs: 0, fetch: onThisMachine, backChannelTimes: times };
    const decide = () => signedIn(account, 'app');
    nodes = [
      await startNode({ ...common, db: database.db, decide, logger: log.logger }),
      await startNode({ ...common, db: await database.connect(), decide, logger: log.logger }),
    ];
    for (const node of nodes) node.handle.backChannel.start();
  });
  afterAll(async () => {
    await receiver.close();
    await Promise.all(nodes.map((node) => node.close()));
    await database.close();
  });
  afterEach(() => receiver.release());

  async function service(metadata: Record<string, unknown> = {}): Promise<Service> {
    number += 1;
    const id = `rp-${number}`;
    return addService(database.db, sealer, id, {
      backchannel_logout_uri: receiver.uriOf(id),
      backchannel_logout_session_required: true,
      ...metadata,
    });
  }
  /** A new account, signed in to these services in one browser. @returns the claims of each ID token. */
  async function signIn(...services: Service[]) {
    number += 1;
    account = await addAccount(database.db, `a${String(number).padStart(7, '0')}`, ['app']);
    const browser = new Browser(nodes[0]);
    const claims = new Map<string, Record<string, unknown>>();
    for (const each of services) {
      const tokens = await obtainTokens(browser, each);
      claims.set(each.id, decodeJwt(tokens.id_token).payload);
    }
    return { browser, claims, accountId: account };
  }
  async function signOut(browser: Browser, node: TestNode, form: Record<string, string>, query = '') {
    browser.node = node;
    const asked = await browser.request(`/logout${query}`);
    const xsrf = /"xsrf":"([^"]+)"/.exec(asked.text)?.[1] ?? '';
    return browser.request('/logout/confirm', {
      method: 'POST',
      body: new URLSearchParams({ xsrf, ...form }),
    });
  }
  const leftToTell = async (): Promise<number> =>
    (await database.db.selectFrom('ended_sessions').select('id').execute()).length;
  const nobodyLeft = () => until('nobody is left to tell', async () => (await leftToTell()) === 0);

  test('R54: each service hears once, with a token that it can verify and the subject it knows', async () => {
    const plain = await service();
    const pairwise = await service({ subject_type: 'pairwise' });
    const silent = await service({ backchannel_logout_uri: undefined });
    const { browser, claims } = await signIn(plain, pairwise, silent);
    expect((await signOut(browser, nodes[1], { logout: 'yes' })).status).toBe(303);
    await nobodyLeft();
    const subjects = new Set<unknown>();
    for (const { id } of [plain, pairwise]) {
      expect(receiver.tokens(id)).toHaveLength(1);
      const payload = await verifyLogoutToken(nodes[0], id, receiver.tokens(id)[0] ?? '');
      expect(payload.sub).toBe(claims.get(id)?.sub);
      expect(payload.sid).toBe(claims.get(id)?.sid);
      expect(payload.sid).toEqual(expect.any(String));
      subjects.add(payload.sub);
    }
    expect(subjects.size).toBe(2);
    expect(receiver.tokens(silent.id)).toEqual([]);
  });

  test('R54: who signs out of one service only stays signed in, and that service alone hears', async () => {
    const left = await service();
    const kept = await service();
    const { browser } = await signIn(left, kept);
    await signOut(browser, nodes[1], {}, `?client_id=${left.id}`);
    await nobodyLeft();
    expect(receiver.tokens(left.id)).toHaveLength(1);
    expect(receiver.tokens(kept.id)).toEqual([]);
    const again = await browser.request(authorizationUrl(kept, verifierOf(), { prompt: 'none' }));
    expect(again.location).toContain('code=');
  });

  test('R56: who is disabled by a program that runs no node is signed out of every service', async () => {
    const services = [await service(), await service({ subject_type: 'pairwise' })];
    const { accountId, claims } = await signIn(...services);
    await disableAccount(database.db, accountId, 'cli:test');
    await nobodyLeft();
    for (const { id } of services) {
      expect(receiver.tokens(id)).toHaveLength(1);
      const payload = await verifyLogoutToken(nodes[1], id, receiver.tokens(id)[0] ?? '');
      expect(payload).toMatchObject({ sub: claims.get(id)?.sub, sid: claims.get(id)?.sid });
    }
  });

  test('A50, A40: a service that is slow, out of order or away holds nobody up and hears later', async () => {
    const port = await freePort();
    const slow = await service();
    const broken = await service();
    const away = await service({ backchannel_logout_uri: `http://127.0.0.1:${port}/away-${database.kind}` });
    const well = await service();
    receiver.answers(slow.id, 'slow');
    receiver.answers(broken.id, 500, 302, 503);
    const { browser } = await signIn(slow, broken, away, well);
    const out = await signOut(browser, nodes[0], { logout: 'yes' });
    expect(out.status).toBe(303);
    await until('the slow one was asked', () => receiver.tokens(slow.id).length === 1);
    // It has not answered yet, and the others have heard all the same: of another session too.
    await until('the one that is well has heard', () => receiver.tokens(well.id).length === 1);
    const other = await signIn(well);
    await signOut(other.browser, nodes[1], { logout: 'yes' });
    await until('of another session', () => receiver.tokens(well.id).length === 2);
    receiver.release();
    await until('the broken one has confirmed', () => receiver.tokens(broken.id).length === 4);
    const back = await startReceiver(port);
    try {
      await nobodyLeft();
      expect(back.tokens(`away-${database.kind}`)).toHaveLength(1);
      expect(receiver.tokens(slow.id).length).toBeGreaterThan(0);
      expect(receiver.tokens(well.id)).toHaveLength(2);
      expect(receiver.tokens(broken.id)).toHaveLength(4);
    } finally {
      await back.close();
    }
  });

  test('A46, C35: none is told at an address of our own network; it is given up, and the log says so', async () => {
    const inside = await service();
    const guarded = await startNode({
      db: await database.connect(),
      sealer,
      clientCacheMs: 0,
      logger: log.logger,
      decide: () => signedIn(account, 'app'),
      backChannelTimes: { ...times, giveUpMs: 150 },
    });
    await Promise.all(nodes.map((node) => node.handle.backChannel.stop()));
    try {
      const { browser } = await signIn(inside);
      await signOut(browser, guarded, { logout: 'yes' });
      guarded.handle.backChannel.start();
      await nobodyLeft();
      expect(receiver.tokens(inside.id)).toEqual([]);
      const events = log.lines().filter(({ client_id: id }) => id === inside.id);
      expect(events.length).toBeGreaterThan(1);
      expect(new Set(events.map(({ event }) => event))).toEqual(new Set(['oidc.backchannel-logout-failed']));
      expect(log.lines().some(({ event }) => event === 'oidc.backchannel-logout-given-up')).toBe(true);
    } finally {
      await guarded.close();
    }
  });
});
