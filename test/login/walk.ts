import { expect } from '@jest/globals';
import fc from 'fast-check';
import { sql } from 'kysely';
import type { Db } from '../../src/db/open.ts';
import { mailCodeOf } from '../../src/factors/mail-code-value.ts';
import { appCode, type Cluster, testPassword } from '../support/cluster.ts';
import { type Arrival, UserAgent } from '../support/user-agent.ts';
import { accountId, passTime, type Person, person, wrongCode } from './visits.ts';

/** What was really given inside one interaction: the judge's own book, kept from what was sent. */
interface Given {
  passwords: Set<number>;
  factors: Set<number>;
  client: string;
}

interface Visitor {
  agent: UserAgent;
  page: Arrival | undefined;
  /** Every page seen, for the back button and forgotten tabs. */
  seen: Arrival[];
  /** Whose session the browser has, and whether a factor belongs to it. */
  session: { user: number; strong: boolean } | undefined;
}

/** Two people with factors and a newcomer, three browsers, two nodes. */
export interface World {
  cluster: Cluster;
  db: Db;
  people: (Person & { id: string })[];
  visitors: Visitor[];
  given: Map<string, Given>;
  appCodesSent: Set<string>;
  /** Keys of apps that were set up on the way, by whose they are. */
  keys: Map<number, string>;
  /** How often the service got a code. */
  arrivals: number;
}

export async function newWorld(cluster: Cluster, db: Db): Promise<World> {
  const people = await Promise.all(
    [{ mail: true }, { mail: true, app: true }, {}].map(async (ways) => {
      const who = await person(cluster, ways);
      return { ...who, id: await accountId(db, who) };
    }),
  );
  const visitors = [0, 1, 2].map((index) => ({
    agent: new UserAgent(cluster, { node: index % 2 }),
    page: undefined,
    seen: [],
    session: undefined,
  }));
  const books = { given: new Map(), appCodesSent: new Set<string>(), keys: new Map() };
  return { cluster, db, people, visitors, ...books, arrivals: 0 };
}

const nothingGiven = (): Given => ({ passwords: new Set(), factors: new Set(), client: 'important' });
const interactionOf = (page: Arrival | undefined): string => page?.url.pathname.split('/').at(-1) ?? '';

function givenIn(world: World, page: Arrival | undefined): Given {
  const uid = interactionOf(page);
  const known = world.given.get(uid) ?? nothingGiven();
  world.given.set(uid, known);
  return known;
}

/** Somebody else signs in where a session is: a page that posts itself on ends that session first. */
async function pastSelfPosting(visitor: Visitor, arrival: Arrival): Promise<Arrival> {
  if (arrival.html.querySelector('title')?.textContent !== 'Submitting Callback') return arrival;
  const action = arrival.html.querySelector('form')?.getAttribute('action') ?? '';
  const inputs = arrival.html.querySelectorAll('form input');
  const form = inputs.map((input) => [input.getAttribute('name') ?? '', input.getAttribute('value') ?? '']);
  visitor.session = undefined;
  return visitor.agent.follow(await visitor.agent.request(action, { form: Object.fromEntries(form) }));
}

/** Whatever was sent, what came back must be allowed by what was given. */
async function arrive(world: World, visitor: Visitor, given: Given, answer: Arrival): Promise<void> {
  const arrival = await pastSelfPosting(visitor, answer);
  expect(arrival.status).toBeLessThan(500);
  const { callback } = arrival;
  if (callback === undefined) {
    expect(arrival.page).not.toBe('');
    // Never a page without an exit: a button of its own form, or a link.
    const exits = arrival.html.querySelectorAll('main form button[type=submit], main a[href]');
    expect(exits.length).toBeGreaterThan(0);
    visitor.page = arrival;
    visitor.seen.push(arrival);
    return;
  }
  visitor.page = undefined;
  if (callback.searchParams.get('code') === null) return;
  const { status, claims } = await visitor.agent.redeem(callback, given.client);
  expect(status).toBe(200);
  world.arrivals += 1;
  const user = world.people.findIndex(({ id }) => id === claims.sub);
  expect(user).toBeGreaterThanOrEqual(0);
  const inherited = visitor.session?.user === user ? visitor.session : undefined;
  const password = given.passwords.has(user) || inherited !== undefined;
  const factor = given.factors.has(user) || inherited?.strong === true;
  // I1: the password and, where the service asks for it, a factor of that very account.
  expect({ user, password }).toEqual({ user, password: true });
  const strong = Array.isArray(claims.amr) && claims.amr.length > 1;
  if (given.client === 'important' || strong) expect({ user, factor }).toEqual({ user, factor: true });
  expect(strong).toBe(claims.acr !== 'urn:nijo:acr:password');
  visitor.session = { user, strong };
}

/** Never two successes of one code: each proof has its own consumed challenge or its own time step. */
async function noCodeTwice(world: World): Promise<void> {
  const ids = world.people.map(({ id }) => id);
  const { rows } = await sql<{ consumed: number; mail: number; app: number }>`select
    (select count(*) from challenges where consumed_at is not null and account_id = any(${ids}))::int as consumed,
    (select count(*) from audit_events where event = 'mail-code.verified' and account_id = any(${ids}))::int as mail,
    (select count(*) from audit_events where event = 'app-code.verified' and account_id = any(${ids}))::int as app`.execute(
    world.db,
  );
  const [row] = rows;
  expect(row?.mail).toBe(row?.consumed);
  expect(row?.app ?? 0).toBeLessThanOrEqual(world.appCodesSent.size);
}

async function send(world: World, visitor: Visitor, fields: Record<string, string>): Promise<void> {
  const { page } = visitor;
  if (page?.html.querySelector('form#page-form') == null) return;
  await arrive(world, visitor, givenIn(world, page), await visitor.agent.submit(page, fields));
}

async function givePassword(world: World, visitor: Visitor, user: number): Promise<void> {
  const who = world.people[user];
  if (who === undefined) return;
  givenIn(world, visitor.page).passwords.add(user);
  await send(world, visitor, { login_id: who.loginId, password: testPassword });
}

/** The newest code mailed to this person, whichever login it was for, and whatever for. */
async function giveMailCode(world: World, visitor: Visitor, user: number, age = 0): Promise<void> {
  const who = world.people[user];
  if (who === undefined) return;
  const rows = await world.db
    .selectFrom('challenges')
    .select(['id', 'interaction'])
    .where('account_id', '=', who.id)
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .execute();
  const challenge = rows[Math.min(age, rows.length - 1)];
  if (challenge === undefined) return;
  if (challenge.interaction === interactionOf(visitor.page)) givenIn(world, visitor.page).factors.add(user);
  const reason = visitor.page?.page === 'reset' ? { reason: 'other', password: testPassword } : {};
  await send(world, visitor, { code: mailCodeOf(world.cluster.sealer, challenge.id), ...reason });
}

async function giveAppCode(world: World, visitor: Visitor, step: number): Promise<void> {
  const user = Math.max(0, shownPerson(world, visitor));
  const key = world.keys.get(user);
  const code = appCode(step, key);
  world.appCodesSent.add(`${key ?? ''} ${code}`);
  // Nobody else has the key that the second person's app begins with.
  if (user === 1 || key !== undefined) givenIn(world, visitor.page).factors.add(user);
  await send(world, visitor, { code });
}

/** The first code of the key that the page shows. */
async function giveFirstAppCode(world: World, visitor: Visitor): Promise<void> {
  const key = visitor.page?.html.querySelector('[data-copy]')?.getAttribute('data-copy') ?? '';
  const code = appCode(0, key);
  world.appCodesSent.add(`${key} ${code}`);
  const user = shownPerson(world, visitor);
  givenIn(world, visitor.page).factors.add(user);
  world.keys.set(user, key);
  await send(world, visitor, { code });
}

/** Whom the page takes its reader for. */
function shownPerson(world: World, visitor: Visitor): number {
  return world.people.findIndex(({ loginId }) => visitor.page?.body.includes(loginId) === true);
}

/** What a person who means well does on this page. */
async function goOn(world: World, visitor: Visitor, user: number): Promise<void> {
  switch (visitor.page?.page) {
    case 'sign-in':
      return givePassword(world, visitor, user);
    case 'mail-code':
    case 'set-up-mail-code':
    case 'reset':
      return giveMailCode(world, visitor, shownPerson(world, visitor));
    case 'help-support':
    case 'confirm-address':
    case 'codes-low':
      return send(world, visitor, {});
    case 'app-code':
      return giveAppCode(world, visitor, 0);
    case 'set-up-mail':
      return send(world, visitor, { email: world.people[user]?.address ?? '' });
    case 'set-up-app-only':
      return send(world, visitor, { acknowledge: 'yes' });
    case 'set-up-app':
    case 'reset-done':
      return giveFirstAppCode(world, visitor);
    default:
      return undefined;
  }
}

type Deed = (world: World, visitor: Visitor, user: number, number: number) => Promise<void>;

const deeds: Record<string, Deed> = {
  async open(world, visitor, _, number) {
    const client = number % 3 === 0 ? 'ordinary' : 'important';
    const parameters: Record<string, string> = number % 5 === 0 ? { prompt: 'login' } : {};
    const arrival = await visitor.agent.start(client, parameters);
    const given = arrival.callback === undefined ? givenIn(world, arrival) : nothingGiven();
    given.client = client;
    await arrive(world, visitor, given, arrival);
  },
  goOn,
  password: givePassword,
  async wrongPassword(world, visitor, user) {
    await send(world, visitor, { login_id: world.people[user]?.loginId ?? '', password: 'wrong' });
  },
  mailCode: (world, visitor, user) => giveMailCode(world, visitor, user),
  olderMailCode: (world, visitor, user, number) => giveMailCode(world, visitor, user, 1 + (number % 3)),
  appCode: (world, visitor, _, number) => giveAppCode(world, visitor, (number % 3) - 1),
  wrongCode: (world, visitor, _, number) =>
    send(world, visitor, { code: wrongCode(number % 2 === 0 ? appCode() : '12345678') }),
  resend: (world, visitor) => send(world, visitor, { action: 'resend' }),
  useMail: (world, visitor) => send(world, visitor, { action: 'use-mail' }),
  useApp: (world, visitor) => send(world, visitor, { action: 'use-app' }),
  lostApp: (world, visitor) => send(world, visitor, { action: 'lost-app' }),
  useRecoveryCode: (world, visitor) => send(world, visitor, { action: 'use-recovery-code' }),
  skipOffer: (world, visitor) => send(world, visitor, { action: 'skip' }),
  changeAddress: (world, visitor) => send(world, visitor, { action: 'change-address' }),
  noMail: (world, visitor) => send(world, visitor, { action: 'no-mail' }),
  cancel: (world, visitor) => send(world, visitor, { action: 'cancel' }),
  otherLanguage: (world, visitor, _, number) =>
    send(world, visitor, { lang: number % 2 === 0 ? 'ja' : 'en' }),
  async back(_world, visitor, _user, number) {
    visitor.page = visitor.seen.at(-1 - (number % visitor.seen.length)) ?? visitor.page;
  },
  async reload(world, visitor) {
    if (visitor.page === undefined) return;
    await arrive(
      world,
      visitor,
      givenIn(world, visitor.page),
      await visitor.agent.open(visitor.page.url.pathname),
    );
  },
  /** Straight to where the provider goes on once the login is done. */
  async skip(world, visitor) {
    if (visitor.page === undefined) return;
    const path = visitor.page.url.pathname.replace('/interaction/', '/authorize/');
    await arrive(world, visitor, givenIn(world, visitor.page), await visitor.agent.open(path));
  },
  /** A link into somebody else's login, and its form. */
  async elsewhere(world, visitor, _, number) {
    const page = world.visitors[number % world.visitors.length]?.page;
    if (page === undefined) return;
    if (number % 2 === 0) visitor.page = page;
    else await arrive(world, visitor, givenIn(world, page), await visitor.agent.open(page.url.pathname));
  },
  async otherNode(_, visitor) {
    visitor.agent.node = 1 - visitor.agent.node;
  },
  /** A minute, or more than a quarter of an hour. */
  async time(world, _, user, number) {
    const who = world.people[user];
    if (who !== undefined) await passTime(world.db, who.id, number % 2 === 0 ? 60 : 16 * 60);
  },
};

/** One deed of a walk: by which browser, about whom, and a number that settles the rest. */
export interface Move {
  deed: string;
  visitor: number;
  user: number;
  number: number;
}

/** Makes a move and checks what must hold after every one of them. */
export async function make(world: World, { deed, visitor: index, user, number }: Move): Promise<void> {
  const visitor = world.visitors[index];
  if (visitor === undefined) return;
  await deeds[deed]?.(world, visitor, user, number);
  await noCodeTwice(world);
}

/** Walks in which people mostly go on, and do everything else in between. */
export function walks(longest: number): fc.Arbitrary<Move[]> {
  const deed = fc.oneof(
    { weight: 14, arbitrary: fc.constant('goOn') },
    { weight: 4, arbitrary: fc.constant('open') },
    { weight: Object.keys(deeds).length, arbitrary: fc.constantFrom(...Object.keys(deeds)) },
  );
  const move = fc.record({ deed, visitor: fc.nat(2), user: fc.nat(2), number: fc.nat(29) });
  return fc.array(move, { minLength: 10, maxLength: longest, size: 'max' });
}
