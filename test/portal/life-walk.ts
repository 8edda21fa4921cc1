import { expect } from '@jest/globals';
import fc from 'fast-check';
import { sql } from 'kysely';
import { appSecretPlace } from '../../src/factors/app/codes.ts';
import { mailCodeOf } from '../../src/factors/mail/code-value.ts';
import type { Db } from '../../src/db/open.ts';
import { accountId, passTime, type Person, person } from '../login/visits.ts';
import { appCode, type Cluster, testPassword } from '../support/cluster.ts';
import { type Arrival, UserAgent } from '../support/user-agent.ts';
import type { Breakdown } from './breakdown.ts';

/** Somebody with one account, two browsers and a node that breaks down when told to. */
export interface Life {
  cluster: Cluster;
  db: Db;
  breakdown: Breakdown;
  who: Person & { id: string };
  browsers: { agent: UserAgent; page: Arrival | undefined; seen: Arrival[] }[];
  /** The judge's own book: what was really typed, kept from what was sent. */
  typed: { mailCodes: Set<string>; appKeys: Set<string>; recoveryCodes: Set<string> };
  sheet: string[];
  addresses: number;
  arrivals: number;
  changes: number;
}

export const beginnings = ['nothing', 'mail', 'app', 'both'] as const;

export async function newLife(
  cluster: Cluster,
  breakdown: Breakdown,
  beginning: (typeof beginnings)[number],
): Promise<Life> {
  const db = cluster.nodes[0]!.db;
  const who = await person(cluster, {
    mail: beginning === 'mail' || beginning === 'both',
    app: beginning === 'app' || beginning === 'both',
  });
  return {
    cluster,
    db,
    breakdown,
    who: { ...who, id: await accountId(db, who) },
    browsers: [0, 1].map((node) => ({ agent: new UserAgent(cluster, { node }), page: undefined, seen: [] })),
    typed: { mailCodes: new Set(), appKeys: new Set(), recoveryCodes: new Set() },
    sheet: [],
    addresses: 0,
    arrivals: 0,
    changes: 0,
  };
}

type Browser = Life['browsers'][number];

/** Whatever came back: a page has an exit, and only a broken node answers with a fault of its own. */
function arrive(life: Life, browser: Browser, answer: Arrival): void {
  expect([
    200,
    303,
    400,
    403,
    404,
    409,
    410,
    422,
    429,
    ...(life.breakdown.happened() ? [503] : []),
  ]).toContain(answer.status);
  if (answer.callback !== undefined) {
    if (answer.callback.searchParams.has('code')) life.arrivals += 1;
    browser.page = undefined;
    return;
  }
  expect(answer.page).not.toBe('');
  expect(answer.html.querySelectorAll('main form button[type=submit], main a[href]').length).toBeGreaterThan(
    0,
  );
  // Ten codes are shown once, in the answer that makes them.
  const codes = answer.html.querySelectorAll('.codes code').map((code) => code.textContent.trim());
  if (codes.length > 0) life.sheet = codes;
  browser.page = answer;
  browser.seen.push(answer);
}

async function send(life: Life, browser: Browser, fields: Record<string, string>): Promise<void> {
  const { page, agent } = browser;
  if (page?.html.querySelector('form#page-form') == null) return;
  arrive(life, browser, await agent.submit(page, fields));
}

/** The newest mailed code that nobody has used. */
async function mailedCode(life: Life): Promise<string> {
  const challenge = await life.db
    .selectFrom('challenges')
    .select('id')
    .where('account_id', '=', life.who.id)
    .where('consumed_at', 'is', null)
    .where('voided_at', 'is', null)
    .orderBy('created_at', 'desc')
    .executeTakeFirst();
  if (challenge === undefined) return '00000000';
  life.typed.mailCodes.add(challenge.id);
  return mailCodeOf(life.cluster.sealer, challenge.id);
}

/** A code of an app that is set up. */
async function codeOfApp(life: Life, step: number): Promise<string> {
  const app = await life.db
    .selectFrom('app_factors')
    .select(['id', 'secret_sealed'])
    .where('account_id', '=', life.who.id)
    .where('state', '=', 'active')
    .orderBy('proven_at', 'desc')
    .executeTakeFirst();
  if (app === undefined) return '000000';
  const secret = life.cluster.sealer.open(app.secret_sealed, appSecretPlace(app.id, life.who.id)).toString();
  return appCode(step, secret);
}

/** The first code of the key that the page shows. */
function firstCode(life: Life, browser: Browser): string {
  const key = browser.page?.html.querySelector('[data-copy]')?.getAttribute('data-copy') ?? '';
  if (key === '') return '000000';
  life.typed.appKeys.add(key);
  return appCode(0, key);
}

/** What somebody who means well fills in on this page. */
async function answerTo(life: Life, browser: Browser, step: number): Promise<Record<string, string>> {
  switch (browser.page?.page) {
    case 'sign-in':
      return { login_id: life.who.loginId, password: testPassword };
    case 'mail-code':
    case 'set-up-mail-code':
    case 'account-check-code':
      return { code: await mailedCode(life) };
    case 'app-code':
      return { code: await codeOfApp(life, step) };
    case 'recovery-code': {
      const code = life.sheet[step + 1] ?? 'AAAAAAAAAAAAA';
      life.typed.recoveryCodes.add(code);
      return { code };
    }
    case 'set-up-mail':
      life.addresses += 1;
      return { email: `new${life.addresses}-${life.who.address}` };
    case 'set-up-app-only':
    case 'account-remove':
      return { acknowledge: 'yes' };
    case 'set-up-app':
      return { code: firstCode(life, browser) };
    case 'account-new-phone': {
      const old = browser.page.html.querySelector('input[name=replaces]')?.getAttribute('value');
      return { code: firstCode(life, browser), replaces: old ?? 'none' };
    }
    case 'reset':
      return { reason: 'device-failure', code: await mailedCode(life), password: testPassword };
    case 'reset-done':
      return { code: firstCode(life, browser) };
    case 'help-support':
      return { action: 'back' };
    default:
      return {};
  }
}

async function goOn(life: Life, browser: Browser, number: number): Promise<void> {
  await send(life, browser, await answerTo(life, browser, (number % 3) - 1));
}

/** Where on the own page somebody goes: with a removal of what is there. */
async function ownPages(life: Life): Promise<string[]> {
  const apps = await life.db
    .selectFrom('app_factors')
    .select('id')
    .where('account_id', '=', life.who.id)
    .where('state', '=', 'active')
    .execute();
  return [
    '/account',
    '/account/app',
    '/account/mail',
    '/account/new-phone',
    '/account/recovery-codes',
    '/account/remove/mail',
    '/account/check',
    ...apps.map(({ id }) => `/account/remove/app/${id}`),
  ];
}

type Deed = (life: Life, browser: Browser, number: number) => Promise<void>;

const press =
  (action: string): Deed =>
  (life, browser) =>
    send(life, browser, { action });

const deeds: Record<string, Deed> = {
  goOn,
  async service(life, browser, number) {
    arrive(life, browser, await browser.agent.start(number % 4 === 0 ? 'ordinary' : 'important'));
  },
  async ownPage(life, browser, number) {
    const paths = await ownPages(life);
    arrive(life, browser, await browser.agent.open(paths[number % paths.length] ?? '/account'));
  },
  /** The same form from both nodes at the same time: one of them wins at most. */
  async twice(life, browser, number) {
    const { page, agent } = browser;
    if (page?.html.querySelector('form#page-form') == null) return;
    const fields = await answerTo(life, browser, (number % 3) - 1);
    const answers = await Promise.all([0, 1].map((node) => agent.post(page, fields, { node })));
    for (const answer of answers) arrive(life, browser, await agent.follow(answer));
  },
  /** The node breaks down somewhere in the middle of what it does for this form. */
  async breakDown(life, browser, number) {
    browser.agent.node = 1;
    life.breakdown.after(number);
    await goOn(life, browser, number);
    life.breakdown.repair();
    browser.agent.node = 0;
  },
  wrongCode: (life, browser, number) =>
    send(life, browser, { code: number % 2 === 0 ? '123456' : '12345678', reason: 'other' }),
  lostApp: press('lost-app'),
  /** Whoever has the app at hand no longer: as far as the page where the code of the mail is asked for. */
  async withoutApp(life, browser) {
    arrive(life, browser, await browser.agent.start('important', { prompt: 'login' }));
    await goOn(life, browser, 1);
    await send(life, browser, { action: 'lost-app' });
  },
  async onPaper(life, browser, number) {
    arrive(life, browser, await browser.agent.start('important', { prompt: 'login' }));
    await goOn(life, browser, 1);
    await send(life, browser, { action: 'use-recovery-code' });
    await goOn(life, browser, number);
  },
  useMail: press('use-mail'),
  useApp: press('use-app'),
  useRecoveryCode: press('use-recovery-code'),
  noMail: press('no-mail'),
  resend: press('resend'),
  skip: press('skip'),
  cancel: press('cancel'),
  async back(_, browser, number) {
    browser.page = browser.seen.at(-1 - (number % browser.seen.length)) ?? browser.page;
  },
  async otherNode(_, browser) {
    browser.agent.node = 1 - browser.agent.node;
  },
  async time(life, _, number) {
    await later(life, number % 2 === 0 ? 60 : 3700);
  },
};

/** Lets time pass: codes, limits and what an app has shown grow older. */
async function later(life: Life, seconds: number): Promise<void> {
  const { db, who } = life;
  await passTime(db, who.id, seconds);
  await db.updateTable('app_factors').set({ last_step: 0 }).where('account_id', '=', who.id).execute();
  await sql`update accounts set address_frozen_until = address_frozen_until - make_interval(secs => ${seconds})
    where id = ${who.id}`.execute(db);
}

/** One deed: in which browser, and a number that settles the rest. */
export interface Move {
  deed: string;
  browser: number;
  number: number;
}

export async function make(life: Life, { deed, browser: index, number }: Move): Promise<void> {
  const browser = life.browsers[index];
  if (browser === undefined) return;
  await deeds[deed]?.(life, browser, number);
}

/** Lives in which people mostly go on, and do everything else in between. */
export function lives(longest: number): fc.Arbitrary<Move[]> {
  const deed = fc.oneof(
    { weight: 16, arbitrary: fc.constant('goOn') },
    { weight: 4, arbitrary: fc.constant('ownPage') },
    { weight: 3, arbitrary: fc.constantFrom('service', 'withoutApp') },
    { weight: Object.keys(deeds).length, arbitrary: fc.constantFrom(...Object.keys(deeds)) },
  );
  const move = fc.record({ deed, browser: fc.nat(1), number: fc.nat(23) });
  return fc.array(move, { minLength: 12, maxLength: longest, size: 'max' });
}

/** After whatever happened, and some days later: a new browser gets to the service. */
export async function findsTheWayIn(life: Life): Promise<void> {
  await later(life, 2 * 86_400);
  const browser = { agent: new UserAgent(life.cluster), page: undefined, seen: [] } as Browser;
  const { arrivals } = life;
  arrive(life, browser, await browser.agent.start('important'));
  for (let page = 0; page < 8 && browser.page !== undefined; page += 1) await goOn(life, browser, 1);
  const pages = browser.seen.map(({ page }) => page);
  expect({ arrived: life.arrivals - arrivals, pages }).toMatchObject({ arrived: 1 });
}
