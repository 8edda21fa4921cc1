import { sql } from 'kysely';
import { NijoError } from '../../base/errors.ts';
import type { DeskSettings } from '../../config/sections/desk.ts';
import type { Db } from '../../db/open.ts';
import type { Notices } from '../../factors/notices/notices.ts';
import type { SetUpPasses } from '../../factors/setup-pass/passes.ts';
import type { StaffActor } from '../actor.ts';
import type { Calendar } from '../calendar/calendar.ts';
import { findAccountSheet, type SheetDependencies } from './account-sheet.ts';
import { createActs } from './act.ts';
import { createApproving } from './approving.ts';
import { findCaseSheet } from './case-sheet.ts';
import type { Cases } from './cases.ts';
import { createChecking } from './checking.ts';
import { createClosing } from './closing.ts';
import { createOpening } from './opening.ts';
import { findSummaries, isRowId } from './rows.ts';
import { queueLength } from './shapes.ts';
import { createSearching, recordView } from './searching.ts';
import { mayAct, mayRead } from './staff.ts';

/** The authorization check reads the roles from the database first; this covers every other caller. */
function requireReader(actor: StaffActor, may: (actor: StaffActor) => boolean): void {
  if (!may(actor)) throw new NijoError('staff_role_missing');
}

const pageLength = 50;

/** Puts the staff's side of cases together. */
export function createCases(deps: {
  db: Db;
  settings: DeskSettings;
  notices: Notices;
  passes: Pick<SetUpPasses, 'issue' | 'withdraw'>;
  overview: SheetDependencies['overview'];
  calendar: Pick<Calendar, 'opening'>;
}): Cases {
  const { db, settings, passes } = deps;
  const acts = createActs(deps);
  return {
    search: createSearching(db),
    open: createOpening({ acts, settings }),
    check: createChecking({ acts, settings }),
    approve: createApproving({ acts, settings, passes }),
    ...createClosing({ acts, passes }),

    async queue() {
      const waiting = await findSummaries(db, settings.two_approvers, sql`c.state in ('open', 'approved')`, {
        // Requests without a password may come from anybody: a flood of them must not displace other cases.
        order: sql`(c.source = 'user' and not c.with_password and c.state = 'open'), c.created_at, c.id`,
        limit: queueLength,
      });
      return waiting.toSorted((a, b) => a.createdAt.getTime() - b.createdAt.getTime());
    },

    async closed(asked = 1) {
      const page = Number.isInteger(asked) && asked >= 1 && asked <= 10_000 ? asked : 1;
      const cases = await findSummaries(
        db,
        settings.two_approvers,
        sql`c.state not in ('open', 'approved')`,
        {
          order: sql`c.closed_at desc, c.id`,
          limit: pageLength + 1,
          offset: (page - 1) * pageLength,
        },
      );
      return { cases: cases.slice(0, pageLength), page, more: cases.length > pageLength };
    },

    async account(actor, accountId) {
      requireReader(actor, mayAct);
      if (!isRowId(accountId)) return undefined;
      const sheet = await findAccountSheet(deps, actor.accountId, accountId);
      if (sheet !== undefined) await recordView(db, actor, accountId);
      return sheet;
    },

    async find(actor, caseId) {
      requireReader(actor, mayRead);
      if (!isRowId(caseId)) return undefined;
      const sheet = await findCaseSheet(deps, actor, caseId);
      if (sheet?.account !== undefined) await recordView(db, actor, sheet.account.accountId);
      return sheet;
    },
  };
}
