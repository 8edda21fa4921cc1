import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import type { ParsedMail } from 'mailparser';
import type { Db } from '../../src/db/open.ts';
import { accountLine, appCode, type Cluster } from '../support/cluster.ts';
import { type Arrival, UserAgent } from '../support/user-agent.ts';

/** A person with an account of their own, so that the limits of one test touch no other. */
export interface Person {
  loginId: string;
  /** The registered address, or the one that a set-up will use. */
  address: string;
}

/** Adds an account with these ways set up. */
export async function person(
  cluster: Cluster,
  ways: { mail?: boolean; app?: boolean; kind?: string; locale?: string } = {},
): Promise<Person> {
  const loginId = `p${randomBytes(5).toString('hex')}`;
  const address = `${loginId}@mail.example`;
  const { mail = false, ...rest } = ways;
  await cluster.addAccounts([accountLine({ loginId, ...rest, ...(mail ? { mail: address } : {}) })]);
  return { loginId, address };
}

export async function accountId(db: Db, who: Person): Promise<string> {
  const row = await db
    .selectFrom('accounts')
    .select('id')
    .where('login_id', '=', who.loginId)
    .executeTakeFirstOrThrow();
  return row.id;
}

/** The service's address with a code, and the claims of the ID token it is redeemed for. */
export async function claimsAt(
  browser: UserAgent,
  arrival: Arrival,
  client = 'important',
): Promise<Record<string, unknown>> {
  if (arrival.callback === undefined) throw new Error(`no callback but the page ${arrival.page}`);
  const { status, claims } = await browser.redeem(arrival.callback, client);
  if (status !== 200) throw new Error(`the token endpoint answered ${status}`);
  return claims;
}

/** A whole login with an app in a new browser. */
export async function signInWithApp(
  cluster: Cluster,
  who: Person,
  client = 'important',
  parameters: Record<string, string> = {},
): Promise<{ browser: UserAgent; arrival: Arrival }> {
  const browser = new UserAgent(cluster);
  const page = await browser.password(who.loginId, client, parameters);
  return { browser, arrival: await browser.submit(page, { code: appCode() }) };
}

/** The mails that were written to an address, codes and notices, oldest first. */
export async function mailsTo(
  db: Db,
  address: string,
): Promise<{ kind: string; challenge_id: string | null; locale: string }[]> {
  return db
    .selectFrom('mails')
    .select(['kind', 'challenge_id', 'locale'])
    .where('to_address', '=', address)
    .orderBy('created_at')
    .execute();
}

/** The mail to an address with this index, oldest first, once it has arrived. */
export async function arrivedMail(cluster: Cluster, address: string, index: number): Promise<ParsedMail> {
  for (let wait = 0; wait < 100; wait += 1) {
    const mail = cluster.smtp.mails.filter(({ to }) => to.includes(address))[index];
    if (mail !== undefined) return mail.parsed;
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
  throw new Error(`mail ${index} to ${address} did not arrive`);
}

/** The code with this index of those mailed to an address, once it has arrived; notices carry none. */
export async function codeOfMail(cluster: Cluster, address: string, index: number): Promise<string> {
  for (let wait = 0; wait < 100; wait += 1) {
    const mails = await Promise.all(
      cluster.smtp.mails.filter(({ to }) => to.includes(address)).map(({ parsed }) => parsed),
    );
    const code = mails.flatMap(({ text }) => /\b\d{8}\b/.exec(text ?? '')?.[0] ?? [])[index];
    if (code !== undefined) return code;
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
  throw new Error(`code ${index} to ${address} did not arrive`);
}

/** Lets time pass for everything that belongs to an account: rows of the database become older. */
export async function passTime(db: Db, id: string, seconds: number): Promise<void> {
  const ago = sql`make_interval(secs => ${seconds})`;
  await sql`update mails set created_at = created_at - ${ago}, expires_at = expires_at - ${ago}
    where account_id = ${id}`.execute(db);
  await sql`update challenges set created_at = created_at - ${ago}, expires_at = expires_at - ${ago}
    where account_id = ${id}`.execute(db);
  await sql`update limits set hits = array(select h - ${ago} from unnest(hits) h order by h),
    expires_at = expires_at - ${ago} where key like ${`%${id}%`}`.execute(db);
}

/** Eight digits that are not this code. */
export function wrongCode(code: string): string {
  return String((Number(code) + 1) % 10 ** code.length).padStart(code.length, '0');
}

/** The events of an account, oldest first. */
export async function eventsOf(db: Db, id: string): Promise<string[]> {
  const rows = await db
    .selectFrom('audit_events')
    .select('event')
    .where('account_id', '=', id)
    .orderBy('id')
    .execute();
  return rows.map(({ event }) => event);
}
