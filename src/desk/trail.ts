import { sql } from 'kysely';
import { shownUnknownId } from './typed-id.ts';
import type { AuditEventName } from '../audit/audit.ts';
import type { Db } from '../db/open.ts';

/** The audit events of the desk, its staff and its calendar, as the lead and the auditor read them. */
export const trailEvents = [
  'desk.case-filed',
  'desk.account-searched',
  'desk.account-viewed',
  'desk.case-opened',
  'desk.identity-checked',
  'desk.approved',
  'desk.pass-issued',
  'desk.pass-withdrawn',
  'desk.refused',
  'desk.case-expired',
  'desk.day-set',
  'desk.day-removed',
  'desk.hours-set',
  'desk.figures-read',
  'staff.refused',
  'setup-pass.verified',
  'setup-pass.refused',
  'factor.set-up-by-pass',
  'account.roles-set',
  'audit.exported',
] as const satisfies readonly AuditEventName[];
export type TrailEvent = (typeof trailEvents)[number];

/** One act. */
export interface TrailRow {
  /** Number of the event in the audit log. */
  id: string;
  at: Date;
  event: TrailEvent;
  result: 'success' | 'failure';
  /** Login ID of the actor where that is an account; else `cli:…`, `system`, `anonymous`. */
  by: string | undefined;
  /** Login ID of the account concerned; as it was given where no account has it. */
  about: string | undefined;
  case: { id: string; number: string } | undefined;
  /** Approved outside hours (R41). */
  breakGlass: boolean;
  /** Why, what or how, in the log's own stable words. */
  details: Readonly<Record<string, unknown>>;
}

export interface Trail {
  /** The newest acts, or those before a given one; 50 a page. `earlier`: where the next page begins. */
  read(before?: string): Promise<{ rows: readonly TrailRow[]; earlier?: string }>;
}

const pageLength = 50;

// Must match the condition of index `audit_events_desk` word for word: it finds these among millions of rows.
const ofTheDesk = sql.raw(`(e.event like 'desk.%' or e.event like 'staff.%' or e.event like 'setup-pass.%'
  or e.event in ('factor.set-up-by-pass', 'account.roles-set', 'audit.exported'))`);

export function createTrail(db: Db): Trail {
  return {
    async read(before) {
      const from = /^\d{1,18}$/.test(before ?? '') ? String(before) : undefined;
      const { rows } = await sql<TrailColumns>`
        select e.id::text as id, e.at, e.event, e.result, coalesce(b.login_id, e.actor) as by,
          w.login_id as about, c.login_id as typed, c.id as case_id, c.number, e.details
        from audit_events e
          left join accounts b on b.id = e.actor
          left join accounts w on w.id = e.account_id
          left join desk_cases c on c.id = e.details ->> 'case'
        where ${ofTheDesk} and ${from === undefined ? sql`true` : sql`e.id < ${from}::bigint`}
        order by e.id desc limit ${pageLength + 1}`.execute(db);
      const page = rows.slice(0, pageLength).map(rowOf);
      const last = page.at(-1);
      return { rows: page, ...(rows.length > pageLength && last !== undefined ? { earlier: last.id } : {}) };
    },
  };
}

interface TrailColumns {
  id: string;
  at: Date;
  event: TrailEvent;
  result: 'success' | 'failure';
  by: string | null;
  about: string | null;
  typed: string | null;
  case_id: string | null;
  number: string | null;
  details: Record<string, unknown>;
}

function rowOf({ by, about, typed, case_id: caseId, number, ...row }: TrailColumns): TrailRow {
  return {
    ...row,
    by: by ?? undefined,
    // An ID that nobody has, as the queue shows it.
    about: about ?? (typed === null ? undefined : shownUnknownId(typed)),
    case: caseId === null || number === null ? undefined : { id: caseId, number },
    breakGlass: row.details['breakGlass'] === true,
  };
}
