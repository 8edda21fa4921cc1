import { sql } from 'kysely';
import { type HistoryEvent, historyEvents } from '../../audit/history-events.ts';
import type { Sealer } from '../../base/sealing.ts';
import type { Db } from '../../db/open.ts';
import type { Activity, GrantView, HistoryRow, Named } from '../../portal/ports.ts';
import type { BackChannel } from '../logout/back-channel.ts';
import type { ClientCache } from '../clients/cache.ts';
import { type HeldGrant, heldGrants, revokeGrantsOf } from './grants-of.ts';
import { isBuiltIn } from '../clients/first-party.ts';
import { createPayloadSeal } from '../storage/payload-seal.ts';
import { serviceNameOf } from '../clients/name.ts';
import { type ActingSession, type Ending, endSessions, liveSessions, type SessionRow } from './sessions.ts';
import type { OwnSession } from '../../web/own-session.ts';

/** What is needed of the provider's handle. */
export interface ActivityDeps {
  db: Db;
  sealer: Sealer;
  clients: ClientCache;
  backChannel: Pick<BackChannel, 'wake'>;
}

const pageLength = 50;

type Authorizations = Record<string, { grantId?: string } | undefined>;

/** The port of the user's own pages: shows an account's activity and ends it. */
export function createActivity(deps: ActivityDeps): Activity {
  const { db, clients } = deps;
  const seal = createPayloadSeal(deps.sealer);

  const nameOf = async (clientId: string): Promise<Named> =>
    serviceNameOf(clientId, await clients.settings(clientId));

  function authorizationsOf(row: SessionRow): Authorizations {
    const payload = JSON.parse(seal.open('Session', row.id, row.payload)) as {
      authorizations?: Authorizations;
    };
    return payload.authorizations ?? {};
  }

  async function end(
    ...args: [
      accountId: string,
      ending: Ending,
      origin: Parameters<Activity['endSession']>[2],
      by?: ActingSession,
    ]
  ) {
    const ended = await endSessions(db, ...args);
    if (ended > 0) deps.backChannel.wake();
    return ended;
  }

  return {
    async sessions(accountId, present) {
      const rows = await liveSessions(db, accountId);
      const views = await Promise.all(
        rows.map(async (row) => ({
          id: row.uid,
          present: present.uidDigests.includes(row.uid),
          userAgent: row.userAgent,
          address: row.address,
          since: row.since,
          lastSeen: row.lastSeen,
          services: await Promise.all(
            Object.keys(authorizationsOf(row))
              .filter((clientId) => !isBuiltIn(clientId))
              .map(nameOf),
          ),
        })),
      );
      return [...views.filter((view) => view.present), ...views.filter((view) => !view.present)];
    },
    endSession: (accountId, id, origin, by) => end(accountId, { only: id }, origin, actingSession(by)),
    endOthers: (accountId, present, origin) =>
      end(accountId, { butNot: present.uidDigests }, origin, actingSession(present)),

    async grants(accountId) {
      const [grants, sessions] = await Promise.all([
        heldGrants(db, seal, accountId),
        liveSessions(db, accountId),
      ]);
      // A grant is in use when it has a token, or when a session gives the service a token without asking.
      const inSessions = new Set(
        sessions
          .flatMap((row) => Object.values(authorizationsOf(row)))
          .flatMap((authorization) =>
            authorization?.grantId === undefined ? [] : seal.digests(authorization.grantId),
          ),
      );
      const useful = grants.filter((grant) => grant.hasTokens || inSessions.has(grant.id));
      const services = Map.groupBy(useful, ({ clientId }) => clientId);
      const views = await Promise.all(
        [...services].map(([clientId, held]) => viewOf(clientId, held, nameOf)),
      );
      return views.toSorted((left, right) => right.since.getTime() - left.since.getTime());
    },
    revokeGrant: (accountId, id, origin, by) =>
      revokeGrantsOf(db, seal, accountId, id, origin, actingSession(by)),

    async history(accountId, before) {
      const from = /^\d{1,18}$/.test(before ?? '') ? String(before) : undefined;
      const { rows } = await sql<{
        id: string;
        at: Date;
        event: HistoryEvent;
        result: 'success' | 'failure';
        clientId: string | null;
        address: string | null;
        details: Record<string, unknown>;
      }>`
        select id::text, at, event, result, client_id as "clientId", details,
          -- where the desk's own people sit is not the user's affair
          case when event like 'desk.%' and event <> 'desk.case-filed' then null else address end as address
        from audit_events e where account_id = ${accountId} and event in (${sql.join([...historyEvents])})
          and ${from === undefined ? sql`true` : sql`e.id < ${from}::bigint`}
        order by e.id desc limit ${pageLength + 1}`.execute(db);
      const page = rows.slice(0, pageLength);
      const views = await Promise.all(
        page.map(
          async ({ clientId, ...row }): Promise<HistoryRow> => ({
            ...row,
            ...(clientId === null ? {} : { service: await nameOf(clientId) }),
          }),
        ),
      );
      const last = page.at(-1);
      return { rows: views, ...(rows.length > pageLength && last !== undefined ? { next: last.id } : {}) };
    },
  };
}

function actingSession(
  by: Pick<OwnSession, 'uidDigests' | 'authTime'> | undefined,
): ActingSession | undefined {
  // Checked only where the page gives both.
  return by?.authTime === undefined ? undefined : { sessionUids: by.uidDigests, authTime: by.authTime };
}

/** One line per service, however many grants it has: a user authorizes and revokes services. */
async function viewOf(
  clientId: string,
  held: readonly HeldGrant[],
  nameOf: (clientId: string) => Promise<Named>,
): Promise<GrantView> {
  return {
    id: clientId,
    service: await nameOf(clientId),
    since: new Date(Math.min(...held.map(({ since }) => since.getTime()))),
    scopes: [...new Set(held.flatMap(({ scopes }) => scopes))]
      .filter((scope) => scope !== 'openid')
      .toSorted(),
  };
}
