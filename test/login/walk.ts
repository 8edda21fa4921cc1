import fc from 'fast-check';
import type { Db } from '../../src/db/open.ts';
import { mailCodeOf } from '../../src/factors/mail/code-value.ts';
import { appCode, type Cluster, testPassword } from '../support/cluster.ts';
import { type Arrival, UserAgent } from '../support/user-agent.ts';
import { issuePass, otherDigits, passesOf } from '../factors/pass-stage.ts';
import { arrive, noCodeTwice, shownPerson } from './walk-judge.ts';
import { accountId, passTime, type Person, person, wrongCode } from './visits.ts';

/** What was really given inside one interaction: the judge's own book, kept from what was sent. */
export interface Given {
  passwords: Set<number>;
  factors: Set<number>;
  /** Whose setup pass was typed in. */
  passes: Set<number>;
  client: string;
}

export interface Visitor {
  /** Who mostly sits here. */
  owner: number;
  agent: UserAgent;
  page: Arrival | undefined;
  /** Every page seen, for the back button and forgotten tabs. */
  seen: Arrival[];
  /** Whose session the browser has, and whether a factor belongs to it. */
  session: { user: number; strong: boolean } | undefined;
}

/** Two people with factors, a newcomer, and one who has lost everything; three browsers, two nodes. */
export interface World {
  cluster: Cluster;
  db: Db;
  people: (Person & { id: string })[];
  visitors: Visitor[];
  given: Map<string, Given>;
  appCodesSent: Set<string>;
  /** Keys of apps that were set up on the way, by whose they are. */
  keys: Map<number, string>;
  /** The setup passes that the support centre has given out, by whose they are. */
  passes: Map<number, string>;
  /** How often the service got a code. */
  arrivals: number;
}

export async function newWorld(cluster: Cluster, db: Db): Promise<World> {
  const people = await Promise.all(
    [{ mail: true }, { mail: true, app: true }, {}, {}].map(async (ways) => {
      const who = await person(cluster, ways);
      return { ...who, id: await accountId(db, who) };
    }),
  );
  const { id: loser } = people[3] ?? { id: '' };
  await db.updateTable('accounts').set({ first_enrolled_at: new Date() }).where('id', '=', loser).execute();
  const { digits } = await issuePass(db, passesOf(cluster, db), loser);
  const visitors = [1, 3, 2].map((owner, index) => ({
    owner,
    agent: new UserAgent(cluster, { node: index % 2 }),
    page: undefined,
    seen: [],
    session: undefined,
  }));
  const books = { given: new Map(), appCodesSent: new Set<string>(), keys: new Map() };
  const passes = new Map([[3, digits]]);
  return { cluster, db, people, visitors, ...books, passes, arrivals: 0 };
}

const nothingGiven = (): Given => ({
  passwords: new Set(),
  factors: new Set(),
  passes: new Set(),
  client: 'important',
});
const interactionOf = (page: Arrival | undefined): string => page?.url.pathname.split('/').at(-1) ?? '';

function givenIn(world: World, page: Arrival | undefined): Given {
  const uid = interactionOf(page);
  const known = world.given.get(uid) ?? nothingGiven();
  world.given.set(uid, known);
  return known;
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
  const user = Math.max(0, shownPerson(world, visitor.page));
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
  const user = shownPerson(world, visitor.page);
  givenIn(world, visitor.page).factors.add(user);
  world.keys.set(user, key);
  await send(world, visitor, { code });
}

async function givePass(world: World, visitor: Visitor, user: number): Promise<void> {
  const digits = world.passes.get(user);
  if (digits === undefined) return;
  givenIn(world, visitor.page).passes.add(user);
  await send(world, visitor, { setup_pass: digits, password: testPassword });
}

async function openLogin(world: World, visitor: Visitor, _: number, number: number): Promise<void> {
  const client = number % 3 === 0 ? 'ordinary' : 'important';
  const parameters: Record<string, string> = number % 5 === 0 ? { prompt: 'login' } : {};
  const arrival = await visitor.agent.start(client, parameters);
  const given = arrival.callback === undefined ? givenIn(world, arrival) : nothingGiven();
  given.client = client;
  await arrive(world, visitor, given, arrival);
}

/** What a person who means well does on this page. */
async function goOn(world: World, visitor: Visitor, user: number, number: number): Promise<void> {
  switch (visitor.page?.page) {
    case undefined:
      return openLogin(world, visitor, user, number);
    case 'sign-in':
      return givePassword(world, visitor, number % 3 === 0 ? user : visitor.owner);
    case 'mail-code':
    case 'set-up-mail-code':
    case 'reset':
      return giveMailCode(world, visitor, shownPerson(world, visitor.page));
    case 'set-up-pass': {
      const shown = shownPerson(world, visitor.page);
      return world.passes.has(shown) && visitor.page.fault === undefined
        ? givePass(world, visitor, shown)
        : send(world, visitor, { action: 'help' });
    }
    case 'help-support':
    case 'help-case':
    case 'confirm-address':
    case 'codes-low':
      return send(world, visitor, {});
    case 'app-code':
      return giveAppCode(world, visitor, 0);
    case 'set-up-mail':
      return send(world, visitor, {
        email: world.people[shownPerson(world, visitor.page)]?.address ?? '',
      });
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
  open: openLogin,
  async goOn(world, visitor, user, number) {
    for (let steps = 0; steps <= number % 3; steps += 1) await goOn(world, visitor, user, number);
  },
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
  help: (world, visitor) => send(world, visitor, { action: 'help' }),
  fileCase: (world, visitor) => send(world, visitor, { action: 'file', reason: 'other' }),
  useRecoveryCode: (world, visitor) => send(world, visitor, { action: 'use-recovery-code' }),
  /** The support centre has made sure of somebody. */
  async desk(world, _, user) {
    const who = world.people[user];
    if (who === undefined) return;
    const { digits } = await issuePass(world.db, passesOf(world.cluster, world.db), who.id);
    world.passes.set(user, digits);
  },
  usePass: (world, visitor) => send(world, visitor, { action: 'use-set-up-pass' }),
  pass: givePass,
  wrongPass: (world, visitor, user) =>
    send(world, visitor, { setup_pass: otherDigits(world.passes.get(user) ?? '0'), password: testPassword }),
  leave: (world, visitor) => send(world, visitor, { action: 'back' }),
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
    { weight: 20, arbitrary: fc.constant('goOn') },
    { weight: 4, arbitrary: fc.constant('open') },
    { weight: 2, arbitrary: fc.constantFrom('desk', 'usePass', 'pass') },
    { weight: Object.keys(deeds).length, arbitrary: fc.constantFrom(...Object.keys(deeds)) },
  );
  const move = fc.record({ deed, visitor: fc.nat(2), user: fc.nat(3), number: fc.nat(29) });
  return fc.array(move, { minLength: 10, maxLength: longest, size: 'max' });
}
