import { expect } from '@jest/globals';
import { sql } from 'kysely';
import type { Arrival } from '../support/user-agent.ts';
import type { Given, Visitor, World } from './walk.ts';

/** What must hold after every move of a walk, besides what the service was given. */

/** Whom the page says it has before it; an address on it may be somebody else's. -1 before the password. */
export function shownPerson(world: World, page: Arrival | undefined): number {
  const signedInAs = page?.html.querySelectorAll('.context dd').at(-1)?.textContent;
  return world.people.findIndex(({ loginId }) => loginId === signedInAs);
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
export async function arrive(world: World, visitor: Visitor, given: Given, answer: Arrival): Promise<void> {
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
    await noSetUpWithoutPass(world, given, arrival);
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

/** R40: whoever has been set up once is let into Initial setup by their own pass alone, typed in here. */
async function noSetUpWithoutPass(world: World, given: Given, arrival: Arrival): Promise<void> {
  const { page, html } = arrival;
  const initial = page.startsWith('set-up-') && page !== 'set-up-pass';
  if (!initial || html.querySelector('button[value=skip]') !== null) return;
  const user = shownPerson(world, arrival);
  const { enrolled } = await world.db
    .selectFrom('accounts')
    .select(sql<boolean>`first_enrolled_at is not null`.as('enrolled'))
    .where('id', '=', world.people[user]?.id ?? '')
    .executeTakeFirstOrThrow();
  if (enrolled) expect({ user, pass: given.passes.has(user) }).toEqual({ user, pass: true });
}

/** Never two successes of one code: each proof has its own consumed challenge or its own time step. */
export async function noCodeTwice(world: World): Promise<void> {
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

/** How often somebody of this world was set up anew with a setup pass. */
export async function setUpsByPass(world: World): Promise<number> {
  const rows = await world.db
    .selectFrom('audit_events')
    .select('id')
    .where('event', '=', 'factor.set-up-by-pass')
    .where(
      'account_id',
      'in',
      world.people.map(({ id }) => id),
    )
    .execute();
  return rows.length;
}
