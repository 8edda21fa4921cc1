import { type Adapter, type AdapterPayload, errors } from 'oidc-provider';
import { WriteConflict } from './payload-store.ts';
import type { UnitOfWork } from './unit-of-work.ts';
import type { UnitsOfWork } from './units.ts';

/** Where the provider finds its clients: the client store, not the table of payloads. */
export interface ClientSource {
  /** The client's metadata as the provider expects it; undefined when unknown or disabled. */
  find(clientId: string): Promise<AdapterPayload | undefined>;
}

// The node's clock and the database's may differ; within this tolerance the payload's own times stay (F10).
const toleratedSkewSeconds = 5;

function revive(text: string, consumedAt: number | undefined, remaining: number): AdapterPayload {
  const payload = JSON.parse(text) as AdapterPayload;
  if (consumedAt !== undefined) payload.consumed = Math.floor(consumedAt);
  // The database decides how long an item lives, but the provider compares `exp` with this node's clock.
  const expiry = Math.round(Date.now() / 1000 + remaining);
  if (payload.exp !== undefined && Math.abs(payload.exp - expiry) > toleratedSkewSeconds)
    payload.exp = expiry;
  return payload;
}

function accountOf(payload: AdapterPayload): string | undefined {
  return payload.accountId ?? payload.result?.login?.accountId ?? payload.session?.accountId;
}

function sessionOf(model: string, payload: AdapterPayload): string | undefined {
  if (model === 'Session') return payload.uid;
  if (model === 'Interaction') return payload.session?.uid;
  return payload.expiresWithSession === true ? payload.sessionUid : undefined;
}

/**
 * The provider's storage on the table `oidc_payloads`. Inside a unit of work all writes are collected for one
 * statement; outside (our own pages, events after the answer) each is written at once.
 */
export function createAdapter(model: string, units: UnitsOfWork, clients: ClientSource): Adapter {
  if (model === 'Client') return clientAdapter(clients);

  const work = async <Result>(
    act: (unit: UnitOfWork) => Promise<Result> | Result,
    lost: () => Error,
  ): Promise<Result> => {
    const current = units.current();
    if (current !== undefined) return act(current);
    return atOnce(act, lost);
  };
  const atOnce = async <Result>(
    act: (unit: UnitOfWork) => Promise<Result> | Result,
    lost: () => Error,
  ): Promise<Result> => {
    const unit = units.create();
    const result = await act(unit);
    try {
      await unit.flush();
    } catch (error) {
      if (error instanceof WriteConflict) throw lost();
      units.current()?.fail(error, true);
      throw error;
    }
    return result;
  };
  const gone = (): Error => new errors.InvalidRequest('the request was ended meanwhile');

  return {
    async upsert(id, payload, expiresIn) {
      const store = (unit: UnitOfWork): void =>
        unit.store({
          model,
          id,
          text: JSON.stringify(payload),
          ttl: expiresIn ?? 0,
          grantId: payload.grantId,
          sessionUid: sessionOf(model, payload),
          accountId: accountOf(payload),
        });
      // Two parallel uses of one assertion both find nothing: only the insert can tell them apart.
      if (model === 'ReplayDetection') {
        await atOnce(
          store,
          () => new errors.InvalidClientAuth('client assertion tokens must only be used once'),
        );
      } else {
        await work(store, gone);
      }
    },
    async find(id) {
      const row = await work((unit) => unit.find(model, id), gone);
      return row === undefined ? undefined : revive(row.text, row.consumedAt, row.remaining);
    },
    async findByUid(uid) {
      const row = await work((unit) => unit.findSession(uid), gone);
      return row === undefined ? undefined : revive(row.text, row.consumedAt, row.remaining);
    },
    // The device flow is off: nothing has a user code.
    async findByUserCode() {
      return undefined;
    },
    async consume(id) {
      await work(
        (unit) => unit.consume(model, id),
        () => new errors.InvalidGrant('already used'),
      );
    },
    async destroy(id) {
      await work((unit) => unit.remove(model, id), gone);
    },
    async revokeByGrantId(grantId) {
      await work((unit) => unit.revoke(model, grantId), gone);
    },
  };
}

function clientAdapter(clients: ClientSource): Adapter {
  const readOnly = async (): Promise<undefined> => {
    throw new Error('clients are changed through the clients store');
  };
  return {
    find: (id) => clients.find(id),
    findByUid: readOnly,
    findByUserCode: readOnly,
    upsert: readOnly,
    consume: readOnly,
    destroy: readOnly,
    revokeByGrantId: readOnly,
  };
}
