import type { Account } from '../../accounts/directory.ts';
import { type AuditEvent, type RequestOrigin, recordAudit } from '../../audit/audit.ts';
import type { Db } from '../../db/open.ts';
import type { PayloadSeal } from './payload-seal.ts';
import {
  type Change,
  readPayload,
  readSessionByUid,
  type Revocation,
  type StoredPayload,
  writeChanges,
} from './payload-store.ts';
import { type LogoutNotification, type LoginInProgress, sessionTrail } from './session-trail.ts';
import type { BegunLogin, EndedLogin } from './unfinished-logins.ts';

/** A payload to be stored, already serialised: the provider's later changes are another write. */
export interface NewPayload {
  model: string;
  id: string;
  text: string;
  ttl: number;
  grantId: string | undefined;
  sessionUid: string | undefined;
  accountId: string | undefined;
}

/** A payload that was read and opened. */
export interface OpenedPayload {
  text: string;
  consumedAt: number | undefined;
  /** Its remaining seconds, by the database's clock. */
  remaining: number;
}

export interface Failure {
  cause: unknown;
  /** The database did not answer: the client may try again (503). Otherwise it is an internal error (500). */
  unavailable: boolean;
}

/**
 * What one request reads and writes. Writes are collected, and `flush` writes them in one statement; what was
 * read or written before is not read again. See docs/performance.md, "unit of work".
 */
export interface UnitOfWork {
  find(model: string, id: string): Promise<OpenedPayload | undefined>;
  findSession(uid: string): Promise<OpenedPayload | undefined>;
  store(payload: NewPayload): void;
  consume(model: string, id: string): void;
  remove(model: string, id: string): void;
  revoke(model: string, grantId: string): void;
  /** The account that was read with a row of this request, if any. */
  account(id: string): Account | undefined;
  /** Rows read in this request that had already been used. */
  reused(): readonly { model: string; accountId: string | null }[];
  /** A service to notify, once this is written, that its part of a session is over. */
  queueLogout(farewell: LogoutNotification): void;
  /** The write succeeds only while this login exists: ending everything of an account ends the login too. */
  requireLogin(login: LoginInProgress): void;
  /** A stored login begins in this browser; the oldest of its unfinished logins make room. */
  beginLogin(login: BegunLogin): void;
  /** Logins that made room in the last write, by their uid. */
  endedLogins(): readonly string[];
  /** An event that is recorded in the same write as this request's changes, or not at all. */
  record(event: AuditEvent): void;
  /** Reads from the database for this request: an error there makes the whole request unanswerable. */
  query<Result>(work: () => Promise<Result>): Promise<Result>;
  /** The request failed, and nothing of it may be written. */
  fail(cause: unknown, unavailable?: boolean): void;
  failure(): Failure | undefined;
  /** Writes everything, or nothing. @throws WriteConflict, or the database's own error. */
  flush(origin?: RequestOrigin): Promise<void>;
}

const keyOf = (model: string, id: string): string => `${model}:${id}`;
const present = <Value>(value: Value | undefined): value is Value => value !== undefined;

/** @param onLogoutsQueued called after a commit that queued logout notifications. */
export function createUnitOfWork(
  db: Db,
  seal: PayloadSeal,
  onLogoutsQueued: () => void = () => undefined,
): UnitOfWork {
  // Look-ups of this request; undefined where nothing was found.
  const found = new Map<string, StoredPayload | undefined>();
  const opened = new Map<string, string>();
  const written = new Map<string, { change: Change; payload: NewPayload | undefined }>();
  const revocations = new Map<string, Revocation>();
  const events: AuditEvent[] = [];
  const farewells: LogoutNotification[] = [];
  let standsOn: LoginInProgress | undefined;
  let begun: BegunLogin | undefined;
  let ended: readonly string[] = [];
  let failed: Failure | undefined;

  const query = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    try {
      return await work();
    } catch (cause) {
      failed ??= { cause, unavailable: true };
      throw cause;
    }
  };
  const wasFound = (model: string, id: string): boolean => found.get(keyOf(model, id)) !== undefined;
  /** The digest under which this unit found an item, or stores it. */
  const idOf = (model: string, plainId: string): string =>
    seal.digests(plainId).find((id) => wasFound(model, id)) ?? seal.digest(plainId);

  async function read(model: string, id: string): Promise<StoredPayload | undefined> {
    const at = keyOf(model, id);
    if (!found.has(at)) {
      const [own, ...related] = await query(() => readPayload(db, model, id));
      found.set(at, undefined);
      if (own?.model === model && own.id === id) {
        for (const row of [own, ...related]) found.set(keyOf(row.model, row.id), row);
        // Its grant was looked up too, so it is known to be missing.
        if (own.grantId !== null && !found.has(keyOf('Grant', own.grantId)))
          found.set(keyOf('Grant', own.grantId), undefined);
      }
    }
    return found.get(at);
  }
  function open(row: StoredPayload): OpenedPayload {
    const at = keyOf(row.model, row.id);
    const text = opened.get(at) ?? seal.open(row.model, row.id, row.payload);
    opened.set(at, text);
    return { text, consumedAt: row.consumedAt, remaining: row.remaining };
  }
  /** What this unit wrote under a key: the payload, `removed`, or `unknown` when it wrote nothing. */
  function pending(at: string): OpenedPayload | 'removed' | 'unknown' {
    const entry = written.get(at);
    if (entry === undefined || entry.change.kind === 'consume') return 'unknown';
    if (entry.payload === undefined || entry.change.kind !== 'store') return 'removed';
    const consumedAt = entry.change.consume ? Math.floor(Date.now() / 1000) : undefined;
    return { text: entry.payload.text, consumedAt, remaining: entry.payload.ttl };
  }
  function changesToWrite(): Change[] {
    const changes = [...written.values()].map(({ change }) => change);
    // A session continues under a new id: its old row must still exist, or the session was ended meanwhile.
    const goesOn = changes.some((change) => change.kind === 'store' && change.row.model === 'Session');
    return changes.map((change) =>
      change.kind === 'remove' && change.model === 'Session' && goesOn
        ? { ...change, required: wasFound(change.model, change.id) }
        : change,
    );
  }
  /** After a flush the written values are the stored values. */
  function settle(): void {
    for (const [at, { change, payload }] of written) {
      opened.delete(at);
      found.delete(at);
      if (change.kind === 'store' && payload !== undefined) {
        found.set(at, { ...change.row, consumedAt: undefined, remaining: payload.ttl, account: undefined });
      }
    }
    written.clear();
    revocations.clear();
    events.length = 0;
    farewells.length = 0;
    standsOn = undefined;
    begun = undefined;
  }
  const uidOf = ({ id, payload }: EndedLogin): string =>
    (JSON.parse(seal.open('Interaction', id, payload)) as { jti: string }).jti;

  return {
    async find(model, plainId) {
      for (const id of seal.digests(plainId)) {
        const own = pending(keyOf(model, id));
        if (own === 'removed') return undefined;
        if (own !== 'unknown') return own;
        const row = await read(model, id);
        if (row === undefined) continue;
        return row.grantId !== null && revocations.has(keyOf(model, row.grantId)) ? undefined : open(row);
      }
      return undefined;
    },
    async findSession(uid) {
      const own = [...written.values()].find(
        ({ payload }) => payload?.model === 'Session' && payload.sessionUid === uid,
      );
      if (own?.payload !== undefined)
        return { text: own.payload.text, consumedAt: undefined, remaining: own.payload.ttl };
      const uids = seal.digests(uid);
      let row = [...found.values()]
        .filter(present)
        .find(({ model, sessionUid }) => model === 'Session' && uids.includes(sessionUid ?? ''));
      if (row === undefined) {
        row = await query(() => readSessionByUid(db, uids));
        if (row !== undefined) found.set(keyOf('Session', row.id), row);
      }
      return row === undefined || pending(keyOf('Session', row.id)) === 'removed' ? undefined : open(row);
    },
    store(payload) {
      const { model, text, ttl } = payload;
      const id = idOf(model, payload.id);
      const before = written.get(keyOf(model, id))?.change;
      const row = {
        model,
        id,
        payload: seal.seal(model, id, text),
        grantId: payload.grantId === undefined ? null : idOf('Grant', payload.grantId),
        sessionUid: payload.sessionUid === undefined ? null : seal.digest(payload.sessionUid),
        accountId: payload.accountId ?? null,
        browser: null,
      };
      const consume = before?.kind === 'consume' || (before?.kind === 'store' && before.consume);
      // An item that was read and is written back must still exist: ending it wins over changing it.
      const mustExist = wasFound(model, id);
      written.set(keyOf(model, id), { change: { kind: 'store', row, ttl, mustExist, consume }, payload });
    },
    consume(model, plainId) {
      const id = idOf(model, plainId);
      const at = keyOf(model, id);
      const before = written.get(at);
      if (before?.change.kind === 'store')
        written.set(at, { ...before, change: { ...before.change, consume: true } });
      else written.set(at, { change: { kind: 'consume', model, id }, payload: undefined });
    },
    remove(model, plainId) {
      const id = idOf(model, plainId);
      // Of two requests that end the same login, only one continues.
      const required = model === 'Interaction' && wasFound(model, id);
      written.set(keyOf(model, id), { change: { kind: 'remove', model, id, required }, payload: undefined });
    },
    revoke(model, plainGrantId) {
      const grantIds = seal.digests(plainGrantId);
      for (const grantId of grantIds) revocations.set(keyOf(model, grantId), { model, grantId });
      for (const [at, { change }] of written) {
        if (change.kind !== 'store' || change.row.model !== model) continue;
        if (grantIds.includes(change.row.grantId ?? '')) written.delete(at);
      }
    },
    account: (id) => [...found.values()].find((row) => row?.account?.id === id)?.account,
    reused: () =>
      [...found.values()]
        .filter(present)
        .filter(({ consumedAt }) => consumedAt !== undefined)
        .map(({ model, accountId }) => ({ model, accountId })),
    queueLogout: (farewell) => void farewells.push(farewell),
    requireLogin: (login) => {
      standsOn = login;
    },
    beginLogin(login) {
      const entry = written.get(keyOf('Interaction', idOf('Interaction', login.uid)));
      if (entry?.change.kind !== 'store') return;
      entry.change.row.browser = login.browser;
      begun = login;
    },
    endedLogins: () => ended,
    record: (event) => void events.push(event),
    query,
    fail: (cause, unavailable = false) => {
      failed ??= { cause, unavailable };
    },
    failure: () => failed,
    async flush(origin) {
      const changes = changesToWrite();
      const revoked = [...revocations.values()];
      const trail = sessionTrail(seal, changes, { farewells, standsOn, begun }, origin);
      if (events.length === 0) {
        ended = (await writeChanges(db, changes, revoked, trail)).map(uidOf);
      } else {
        ended = await db.transaction().execute(async (trx) => {
          const gone = await writeChanges(trx, changes, revoked, trail);
          await recordAudit(trx, origin, ...events);
          return gone.map(uidOf);
        });
      }
      const leftToTell = farewells.length > 0;
      settle();
      if (leftToTell) onLogoutsQueued();
    },
  };
}
