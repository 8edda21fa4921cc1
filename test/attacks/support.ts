import { expect, test } from '@jest/globals';
import { type BurstAnswer, type BurstRequest, burst } from '../support/burst.ts';
import { accountLine, type Cluster, testAppSecret, testPassword } from '../support/cluster.ts';
import type { collectingLogger } from '../support/logger.ts';
import { type Answer, UserAgent } from '../support/user-agent.ts';

/** An account of one test's own, so that its limits disturb no other. */
export interface Subject {
  loginId: string;
  address: string;
  accountId: string;
}

/** What an account has in the database: what an attack may have left behind. */
export interface Records {
  /** Sessions that are signed in as the account. */
  sessions: number;
  codes: number;
  /** Factors that are active now. */
  factors: number;
  events: { event: string; result: string; method: string | null; reason: unknown; node: string | null }[];
}

let made = 0;

/** Adds an account with these factors. */
export async function addSubject(
  cluster: Cluster,
  factors: { mail?: boolean; app?: boolean } = {},
): Promise<Subject> {
  made += 1;
  const loginId = `subject${made}`;
  const address = `${loginId}@mail.example`;
  await cluster.addAccounts([
    accountLine({ loginId, app: factors.app === true, ...(factors.mail === true ? { mail: address } : {}) }),
  ]);
  const { id } = await cluster.nodes[0]!.db.selectFrom('accounts')
    .select('id')
    .where('login_id', '=', loginId)
    .executeTakeFirstOrThrow();
  return { loginId, address, accountId: id };
}

export async function recordsOf(cluster: Cluster, { accountId }: Subject): Promise<Records> {
  const { db } = cluster.nodes[0]!;
  const payloads = await db
    .selectFrom('oidc_payloads')
    .select('model')
    .where('account_id', '=', accountId)
    .execute();
  const active = (table: 'mail_factors' | 'app_factors') =>
    db
      .selectFrom(table)
      .select('id')
      .where('account_id', '=', accountId)
      .where('state', '=', 'active')
      .execute();
  const events = await db
    .selectFrom('audit_events')
    .selectAll()
    .where('account_id', '=', accountId)
    .orderBy('id')
    .execute();
  return {
    sessions: payloads.filter(({ model }) => model === 'Session').length,
    codes: payloads.filter(({ model }) => model === 'AuthorizationCode').length,
    factors: (await active('mail_factors')).length + (await active('app_factors')).length,
    events: events.map(({ event, result, method, details, node }) => ({
      event,
      result,
      method,
      node,
      reason: details.reason,
    })),
  };
}

/** How often an event (with this reason) stands in the audit trail of these records. */
export function countOf({ events }: Records, event: string, reason?: string): number {
  return events.filter((entry) => entry.event === event && (reason === undefined || entry.reason === reason))
    .length;
}

/** I1: neither session nor code for the account. I3: its factors are those it had before. */
export function gained(before: Records, after: Records) {
  return {
    sessions: after.sessions - before.sessions,
    codes: after.codes - before.codes,
    factors: after.factors - before.factors,
    enrolments:
      countOf(after, 'factor.mail-enrolled') +
      countOf(after, 'factor.app-enrolled') -
      countOf(before, 'factor.mail-enrolled') -
      countOf(before, 'factor.app-enrolled'),
    finished: countOf(after, 'sign-in.finished') - countOf(before, 'sign-in.finished'),
  };
}

/** What `gained` says when an attack has brought nothing. */
export const nothing = { sessions: 0, codes: 0, factors: 0, enrolments: 0, finished: 0 };

/** The address at which the provider goes on with the login of this page. */
export function resumePath(page: Answer): string {
  return `/authorize/${page.url.pathname.split('/').at(-1) ?? ''}`;
}

/** The authorization code that an answer hands to the service, if any. */
export function codeIn(answer: Answer & { callback?: URL | undefined }): string | undefined {
  const { location } = answer.headers;
  const callback =
    answer.callback ?? (typeof location === 'string' ? new URL(location, answer.url) : undefined);
  return callback?.searchParams.get('code') ?? undefined;
}

/** The same form of a page many times, ready for `burst`, by turns to every node. */
export async function formRequests(
  browser: UserAgent,
  page: Answer,
  forms: readonly Record<string, string>[],
): Promise<BurstRequest[]> {
  const { issuer, nodes } = browser.cluster;
  const { host, origin } = new URL(issuer);
  const cookie = await browser.jar.getCookieString(page.url.href);
  return forms.map((form, index) => ({
    url: `${nodes[index % nodes.length]?.url ?? ''}${page.url.pathname}`,
    headers: { host, cookie, origin, 'sec-fetch-site': 'same-origin' },
    body: new URLSearchParams(browser.fields(page, form)).toString(),
  }));
}

/** Sends forms of one page in parallel, by turns to every node. */
export async function burstForms(
  browser: UserAgent,
  page: Answer,
  forms: readonly Record<string, string>[],
): Promise<BurstAnswer[]> {
  return burst(await formRequests(browser, page, forms));
}

/** What a page that came by `burst` shows as its fault. */
export function faultIn(answer: BurstAnswer): string | undefined {
  return /data-(?:fault|error)="([a-z_]+)"/.exec(answer.body)?.[1];
}

/** A code of the same length that is not this one. */
export function wrongCode(right: string, offset = 1): string {
  return String((Number(right) + offset) % 10 ** right.length).padStart(right.length, '0');
}

/** Waits, if need be, until this many seconds of the present step of RFC 6238 are left. */
export async function withinOneStep(seconds: number): Promise<void> {
  const left = 30_000 - (Date.now() % 30_000);
  if (left >= seconds * 1000) return;
  await new Promise((resolve) => {
    setTimeout(resolve, left + 50);
  });
}

/** Makes the newest mails of an account older, so that the cooldown of a resend is over. */
export async function ageMails(cluster: Cluster, { accountId }: Subject, seconds: number): Promise<void> {
  const { db } = cluster.nodes[0]!;
  const mails = await db
    .selectFrom('mails')
    .select(['id', 'created_at'])
    .where('account_id', '=', accountId)
    .execute();
  for (const mail of mails) {
    const created = new Date(mail.created_at.getTime() - seconds * 1000);
    await db.updateTable('mails').set({ created_at: created }).where('id', '=', mail.id).execute();
  }
}

/** A fresh browser at the factor page of an account. */
export async function atFactor(
  cluster: Cluster,
  subject: Subject,
  options: { node?: number; client?: string; parameters?: Record<string, string> } = {},
): Promise<{ browser: UserAgent; page: Answer }> {
  const browser = new UserAgent(cluster, { node: options.node ?? 0 });
  const page = await browser.password(subject.loginId, options.client, options.parameters);
  return { browser, page };
}

/**
 * After the attacks of a file: what the nodes have written about them.
 * @param provoked events at level `error` that a case of the file itself brings about
 */
export function testLog(
  log: () => ReturnType<typeof collectingLogger>,
  provoked: readonly string[] = [],
): void {
  test('I5, I6: none of this was a fault of the server, and no secret is in its log', () => {
    const faults = log()
      .lines()
      .filter(({ level }) => level === 'error' || level === 'fatal')
      .filter(({ event }) => !provoked.includes(String(event)));
    expect(faults).toEqual([]);
    const text = log().text();
    expect(text).not.toBe('');
    for (const secret of [testPassword, testAppSecret]) expect(text).not.toContain(secret);
  });
}
