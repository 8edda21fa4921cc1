import { sql } from 'kysely';
import { findAccountById } from '../accounts/directory.ts';
import { recordAudit } from '../audit/audit.ts';
import type { Sealer } from '../base/sealing.ts';
import { placeOf } from '../config/places.ts';
import type { Configuration } from '../config/schema.ts';
import type { Db } from '../db/open.ts';
import { keepHolidays } from '../desk/calendar/week.ts';
import { expireStaleCases } from '../desk/stale.ts';
import { createSupportDesk, type SupportDesk } from '../desk/support-desk.ts';
import type { SecondFactor } from '../factors/second-factor.ts';
import type { SupportPort } from '../login/ports.ts';
import type { Logger } from '../observe/logger.ts';
import type { CleaningKind } from './cleanup.ts';
import { accountApp, createOwnSessions, type OwnSessionDeps, staffApp } from '../oidc/ports/own-session.ts';
import { supportRequestRoutes } from '../help/support-request.ts';
import type { StaffDependencies, StaffDirectory } from '../staff/dependencies.ts';
import { rolesOf, staffHome } from '../staff/roles.ts';
import { staffRoutes } from '../staff/routes.ts';
import type { KnownBrowser } from '../web/known-browser.ts';
import type { CountVisit } from '../web/visits.ts';
import type { PublicSupport } from '../help/ports.ts';

export interface SupportCentreParts
  extends Pick<StaffDependencies, 'responder' | 'language' | 'browsers' | 'cookies' | 'describeDevice'> {
  db: Db;
  config: Configuration;
  sealer: Sealer;
  logger: Logger;
  secondFactor: SecondFactor;
  /** Limits requests from users who are not signed in. */
  countVisit: CountVisit;
  knownBrowser: Pick<KnownBrowser, 'read'>;
  /** The provider, for the sign-in of staff. */
  provider: Omit<OwnSessionDeps, 'config'>;
}

type Routes = ReturnType<typeof staffRoutes>;

/** The whole support centre of one node: the desk, its pages, its calendar and its trail. */
export interface SupportCentre {
  desk: SupportDesk;
  /** The desk as the users' pages know it (R36). */
  help: SupportPort;
  /** Routes of its pages, for staff and for users who need help. */
  routes: { staff: Routes; help: Routes };
  /** Where a user's roles lead, for the link on their own page; undefined without a role. */
  staffHomeOf(
    accountId: string,
  ): Promise<{ to: '/desk' | '/operator'; roles: readonly string[] } | undefined>;
  /** Its rows for the cleanup job. */
  cleaners: readonly CleaningKind[];
  start(): Promise<void>;
}

/** Assembles the support centre. */
export function createSupportCentre(parts: SupportCentreParts): SupportCentre {
  const { db, config, sealer, logger, secondFactor, provider } = parts;
  const desk = createSupportDesk({
    db,
    config,
    sealer,
    notices: secondFactor.notices,
    secondFactor,
    logger,
  });
  const directory = staffDirectory(db);
  const staff = staffRoutes({
    ...parts,
    sessions: createOwnSessions({ ...provider, config }, staffApp, {
      freshSeconds: config.desk.session_minutes * 60,
    }),
    ownPages: { account: accountApp, staff: staffApp },
    directory,
    desk,
    settings: config.desk,
    timeZone: config.locale.time_zone,
    placeOf: (address, locale) => placeOf(config.places, address)?.[locale],
  });
  const help: SupportPort & PublicSupport = {
    opening: () => desk.calendar.shownOpening(),
    checks: config.desk.identity_checks,
    file: (request) => desk.requests.file(request),
  };
  return {
    desk,
    help,
    routes: { staff, help: supportRequestRoutes({ ...parts, support: help }) },
    async staffHomeOf(accountId) {
      const roles = rolesOf((await directory.find(accountId))?.roles ?? []);
      const to = staffHome(roles);
      return to === undefined ? undefined : { to, roles };
    },
    cleaners: [
      { name: 'holidays', clean: keepHolidays },
      { name: 'desk_cases', clean: expireStaleCases },
    ],
    async start() {
      if (config.branding.support_centre.hours !== undefined) {
        logger.warn(
          { event: 'config.superseded', setting: 'branding.support_centre.hours', by: 'desk.hours' },
          'this setting has no effect any more: pages and mails tell the hours of desk.hours',
        );
      }
      await desk.calendar.sync();
    },
  };
}

function staffDirectory(db: Db): StaffDirectory {
  return {
    async find(accountId) {
      const account = await findAccountById(db, accountId);
      if (account === undefined) return undefined;
      const { id, loginId, locale, roles, status } = account;
      return { accountId: id, loginId, locale, roles, active: status === 'active' };
    },
    async noteRefusal({ accountId, origin, method, path }) {
      const route = `${method} ${path}`;
      // Once a minute: repeated requests do not fill the log.
      const { rows } = await sql`select from audit_events where account_id = ${accountId}
        and event = 'staff.refused' and details ->> 'route' = ${route} and at > now() - interval '1 minute'
        limit 1`.execute(db);
      if (rows.length > 0) return;
      await recordAudit(db, origin, {
        event: 'staff.refused',
        result: 'failure',
        actor: accountId,
        accountId,
        details: { route },
      });
    },
  };
}
