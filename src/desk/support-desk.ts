import type { Sealer } from '../base/sealing.ts';
import type { Configuration } from '../config/schema.ts';
import type { Db } from '../db/open.ts';
import type { Notices } from '../factors/notices/notices.ts';
import type { Overview } from '../factors/enrolled/overview.ts';
import type { SetUpPasses } from '../factors/setup-pass/passes.ts';
import type { Logger } from '../observe/logger.ts';
import { type Calendar, createCalendar } from './calendar/calendar.ts';
import type { Cases } from './cases/cases.ts';
import { createCases } from './cases/create-cases.ts';
import { createFigures, type Figures } from './figures.ts';
import { createSupportRequests, type SupportRequests } from './requests.ts';
import { createTrail, type Trail } from './trail.ts';

/** The support desk. */
export interface SupportDesk {
  calendar: Calendar;
  requests: SupportRequests;
  cases: Cases;
  figures: Figures;
  trail: Trail;
}

export interface SupportDeskDependencies {
  db: Db;
  config: Pick<Configuration, 'desk' | 'locale' | 'places'>;
  sealer: Sealer;
  notices: Notices;
  secondFactor: {
    passes: Pick<SetUpPasses, 'issue' | 'withdraw'>;
    overview(accountId: string): Promise<Overview | undefined>;
  };
  logger: Pick<Logger, 'info' | 'warn' | 'error'>;
}

/** Creates the desk: its calendar, the users' side, the staff's side, and its figures. */
export function createSupportDesk(deps: SupportDeskDependencies): SupportDesk {
  const { db, config, notices, sealer, secondFactor } = deps;
  const { desk: settings, locale } = config;
  const calendar = createCalendar({ db, settings, timeZone: locale.time_zone });
  return {
    calendar,
    requests: createSupportRequests({ db, settings, notices, sealer, places: config.places }),
    cases: createCases({
      db,
      settings,
      notices,
      passes: secondFactor.passes,
      overview: (accountId) => secondFactor.overview(accountId),
      calendar,
    }),
    figures: createFigures({ db }),
    trail: createTrail(db),
  };
}
