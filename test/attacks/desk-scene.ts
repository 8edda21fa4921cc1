import { expect } from '@jest/globals';
import { sql } from 'kysely';
import type { Role } from '../../src/desk/actor.ts';
import type { Db } from '../../src/db/open.ts';
import { noticeToken } from '../../src/factors/notices/links.ts';
import type { Person } from '../login/visits.ts';
import { alwaysOpen } from '../factors/pass-stage.ts';
import { atDesk, type Staff, staffMember } from '../staff/support.ts';
import { burst, type BurstAnswer } from '../support/burst.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import type { OpenTestDatabase, TestDatabase } from '../support/databases.ts';
import { collectingLogger } from '../support/logger.ts';
import { type Answer, type Arrival, UserAgent } from '../support/user-agent.ts';
import { formRequests } from './support.ts';

export const seenCard = { action: 'check', check: 'in-person:university-card' };
export const approving = { action: 'approve' };
export const refusing = { action: 'refuse', reason: 'not-the-holder' };

/** A member of staff at their desk, signed in by password and app, in a browser of their own. */
export interface Member extends Staff {
  browser: UserAgent;
}

/** Two nodes with a support centre that is always open, and the people around it. */
export async function deskScene(open: OpenTestDatabase) {
  const database: TestDatabase = await open();
  const log = collectingLogger();
  const cluster: Cluster = await startCluster(database, {
    nodes: 2,
    logger: log.logger,
    config: { desk: alwaysOpen },
  });
  const { db } = database;
  const at = (caseId: string): string => `/desk/cases/${caseId}`;
  const scene = {
    database,
    db,
    cluster,
    log,
    async close(): Promise<void> {
      await cluster.close();
      await database.close();
    },
    /** Somebody with these roles, signed in. */
    async member(...roles: Role[]): Promise<Member> {
      const who = await staffMember(cluster, roles, { mail: true, app: true });
      const { browser, page } = await atDesk(cluster, who);
      expect(page.page).toBe('desk-queue');
      return { ...who, browser };
    },
    /** Somebody whom the desk may help, with mail and app. */
    person: (...roles: Role[]): Promise<Staff> => staffMember(cluster, roles, { mail: true, app: true }),
    /** The page of a new case of somebody, opened by staff. */
    async opened({ browser }: Member, who: Staff): Promise<Arrival> {
      const page = await browser.open(`/desk/accounts/${who.id}`);
      const opened = await browser.submit(page, { action: 'open', reason: 'lost-device' });
      expect([opened.page, opened.status]).toEqual(['desk-case', 200]);
      return opened;
    },
    /** The same with an identity check. */
    async checked(by: Member, who: Staff): Promise<Arrival> {
      const page = await by.browser.submit(await scene.opened(by, who), seenCard);
      expect([page.page, page.fault]).toEqual(['desk-case', undefined]);
      return page;
    },
    /** A pass as the desk gives it out. */
    async passFor(by: Member, who: Staff): Promise<string> {
      return passOn(await scene.act(by, caseIdOf(await scene.checked(by, who)), approving));
    },
    /** At the page where a pass is typed in, after the password. */
    async atPass({ loginId }: Person, node = 0): Promise<{ browser: UserAgent; page: Arrival }> {
      const browser = new UserAgent(cluster, { node });
      const help = await browser.submit(await browser.password(loginId), { action: 'help' });
      const page = await browser.submit(help, { action: 'use-set-up-pass' });
      expect(page.page).toBe('set-up-pass');
      return { browser, page };
    },
    look: ({ browser }: Member, caseId: string): Promise<Arrival> => browser.open(at(caseId)),
    /** An act on a case as its page is now: the page that answers. */
    async act({ browser }: Member, caseId: string, fields: Record<string, string>): Promise<Arrival> {
      return browser.submit(await browser.open(at(caseId)), fields);
    },
    /** A member of staff opens a day, or takes a closing back, through the page of the calendar. */
    async calendar({ browser }: Member, fields: Record<string, string>): Promise<Arrival> {
      const page = await browser.open('/operator/calendar');
      const csrf = page.html.querySelector('input[name=csrf]')?.getAttribute('value') ?? '';
      return browser.follow(await browser.request(page.url.pathname, { form: { csrf, ...fields } }));
    },
    /** Closed for today and the days around while `work` runs. */
    async whileClosed<Result>(work: () => Promise<Result>): Promise<Result> {
      await sql`insert into desk_days (day, source, kind, name_en, name_ja, changed_by)
        select to_char(now() + make_interval(days => n), 'YYYY-MM-DD'), 'operator', 'closed', 'x', 'x', 'test'
        from generate_series(-1, 2) n on conflict do nothing`.execute(db);
      try {
        return await work();
      } finally {
        await sql`delete from desk_days`.execute(db);
      }
    },
    /** Paths of the links "this was not me" that somebody has been mailed. */
    async notMeLinks({ id }: { id: string }): Promise<string[]> {
      const rows = await db
        .selectFrom('notice_links')
        .select('id')
        .where('account_id', '=', id)
        .orderBy('id')
        .execute();
      return rows.map((row) => `/not-me/${noticeToken(cluster.sealer, row.id)}`);
    },
    /** The requests that press a page's button so often, by turns on every node. */
    presses: (browser: UserAgent, page: Answer, fields: Record<string, string>, times: number) =>
      formRequests(
        browser,
        page,
        Array.from({ length: times }, () => fields),
      ),
  };
  return scene;
}
export type DeskScene = Awaited<ReturnType<typeof deskScene>>;

export const caseIdOf = (page: Answer): string => page.url.pathname.split('/').at(-1) ?? '';

/** The digits that a page shows, or none. */
export function passOn(page: Pick<Answer, 'html'>): string {
  return (page.html.querySelector('[data-setup-pass]')?.textContent ?? '').replace(/\D/g, '');
}

/** How often an answer of `burst` is the page with a pass. */
export const passPages = (answers: readonly BurstAnswer[]): number =>
  answers.filter(({ body }) => body.includes('data-setup-pass')).length;

export { burst };

/** What the desk has written about somebody. */
export async function recordsAbout(db: Db, { id }: { id: string }) {
  const { rows } = await sql<{ cases: number; checks: number; approvals: number; passes: number }>`select
    (select count(*)::int from desk_cases where account_id = ${id}) as cases,
    (select count(*)::int from identity_checks i join desk_cases c on c.id = i.case_id
      where c.account_id = ${id}) as checks,
    (select count(*)::int from desk_approvals p join desk_cases c on c.id = p.case_id
      where c.account_id = ${id}) as approvals,
    (select count(*)::int from setup_passes where account_id = ${id}) as passes`.execute(db);
  return rows[0]!;
}

/** Passes of an account that would still open something. */
export async function livePasses(db: Db, { id }: { id: string }): Promise<number> {
  const { rows } = await sql<{ live: number }>`select count(*)::int as live from setup_passes
    where account_id = ${id} and voided_at is null and finished_at is null and expires_at > now()`.execute(
    db,
  );
  return rows[0]?.live ?? 0;
}

/** Every table of the database, as text: what is nowhere in here is stored nowhere. */
export async function everyTable(db: Db): Promise<string> {
  const { rows } = await sql<{ name: string }>`select table_name as name from information_schema.tables
    where table_schema = 'public' and table_type = 'BASE TABLE'`.execute(db);
  const texts: string[] = [];
  for (const { name } of rows) {
    const dump = await sql<{ text: string | null }>`select json_agg(t)::text as text
      from ${sql.table(name)} t`.execute(db);
    texts.push(`${name}: ${dump.rows[0]?.text ?? ''}`);
  }
  return texts.join('\n');
}
