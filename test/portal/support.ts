import { sql } from 'kysely';
import type { Db } from '../../src/db/open.ts';
import { createPayloadSeal } from '../../src/oidc/storage/payload-seal.ts';
import type { Person } from '../login/visits.ts';
import { appCode, type Cluster, testPassword } from '../support/cluster.ts';
import { type Answer, type Arrival, UserAgent } from '../support/user-agent.ts';

/** Signs in to the own page with the app's code (the first of a new account) in a new browser. */
export async function atAccount(
  cluster: Cluster,
  who: Person,
  options: { way?: 'app' | 'mail'; node?: number; path?: string; steps?: number } = {},
): Promise<{ browser: UserAgent; page: Arrival }> {
  const browser = new UserAgent(cluster, { node: options.node ?? 0 });
  return { browser, page: await signIn(cluster, browser, who, options) };
}

/** The same in a browser that is there already, from wherever a page of the account sends it. */
export async function signIn(
  cluster: Cluster,
  browser: UserAgent,
  who: Person,
  options: { way?: 'app' | 'mail'; path?: string; steps?: number } = {},
): Promise<Arrival> {
  const { way = 'app', path = '/account', steps = 0 } = options;
  const before = cluster.smtp.mails.length;
  let page = await browser.open(path);
  if (page.page === 'sign-in')
    page = await browser.submit(page, { login_id: who.loginId, password: testPassword });
  if (page.page === 'app-code' && way === 'mail') page = await browser.submit(page, { action: 'use-mail' });
  if (page.page === 'app-code') return browser.submit(page, { code: appCode(steps) });
  if (page.page === 'mail-code')
    return browser.submit(page, { code: await cluster.mailedCode(who.address, before) });
  return page;
}

/** The page a form of which is on a page that may have several: the one with this button. */
export function formWith(page: Answer, action: string, nth = 0): Record<string, string> {
  const buttons = page.html.querySelectorAll(`button[name=action][value=${action}]`);
  const form = buttons[nth]?.closest('form');
  if (form === undefined || form === null) throw new Error(`${page.page} has no button ${action}`);
  const hidden = form
    .querySelectorAll('input[type=hidden]')
    .map((input) => [input.getAttribute('name') ?? '', input.getAttribute('value') ?? ''] as const);
  return { ...Object.fromEntries(hidden), action };
}

/** What a page says in words, without markup. */
export function words(page: Answer): string {
  return page.html.querySelector('main')?.textContent.replace(/\s+/g, ' ') ?? '';
}

/** The notice above the content. */
export function notice(page: Answer): string | undefined {
  return page.html.querySelector('.notice[role=status]')?.textContent;
}

/** What is set up and begun for an account: a change that is refused leaves all of it as it was. */
export async function stateOf(db: Db, accountId: string): Promise<Record<string, unknown>> {
  const of = async (table: string, columns: string): Promise<unknown> =>
    (
      await sql`select ${sql.raw(columns)} from ${sql.table(table)} where account_id = ${accountId}
        order by 1, 2`.execute(db)
    ).rows;
  return {
    mail: await of('mail_factors', 'id, state, address'),
    apps: await of('app_factors', 'id, state, name'),
    passkeys: await of('passkeys', 'id, state, name'),
    sheets: await of('recovery_sheets', 'id, ended_at'),
    changes: await of('factor_changes', 'id, finished_at'),
    trusted: await of('trusted_browsers', 'id, ended_at'),
    sessions: await of('browser_sessions', 'session_uid, account_id'),
    codes: await of('challenges', 'id, consumed_at'),
  };
}

/** Lets the sign-in of an account's sessions be this many seconds older, as if the user had stayed away. */
export async function ageSignIn(cluster: Cluster, id: string, seconds: number): Promise<void> {
  const { db } = cluster.nodes[0]!;
  const seal = createPayloadSeal(cluster.sealer);
  const rows = await db
    .selectFrom('oidc_payloads')
    .select(['id', 'payload'])
    .where('model', '=', 'Session')
    .where('account_id', '=', id)
    .execute();
  if (rows.length === 0) throw new Error('the account has no session');
  for (const row of rows) {
    const session = JSON.parse(seal.open('Session', row.id, row.payload)) as { loginTs: number };
    session.loginTs -= seconds;
    await db
      .updateTable('oidc_payloads')
      .set({ payload: seal.seal('Session', row.id, JSON.stringify(session)) })
      .where('model', '=', 'Session')
      .where('id', '=', row.id)
      .execute();
  }
}

/** The key that a page gives to an app. */
export function keyOf(page: Answer): string {
  return page.html.querySelector('[data-copy]')?.getAttribute('data-copy') ?? '';
}

/** What stands on the front page until something is done about it. */
export function standing(page: Answer): string[] {
  return page.html
    .querySelectorAll('[data-standing]')
    .map((each) => each.getAttribute('data-standing') ?? '');
}
