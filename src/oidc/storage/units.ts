import { AsyncLocalStorage } from 'node:async_hooks';
import type { Sealer } from '../../base/sealing.ts';
import type { Db } from '../../db/open.ts';
import { createPayloadSeal } from './payload-seal.ts';
import { createUnitOfWork, type UnitOfWork } from './unit-of-work.ts';

/** The units of work of this node; each request has its own. */
export interface UnitsOfWork {
  /** The unit of the present request; undefined outside a request, or after the unit is closed. */
  current(): UnitOfWork | undefined;
  /** Runs `work` inside this unit; the caller writes it with `flush`. */
  inside<Result>(unit: UnitOfWork, work: () => Promise<Result>): Promise<Result>;
  /** Runs `work` in no unit: what it starts outlives the request. */
  outside<Result>(work: () => Result): Result;
  /** Closes the unit: later changes of the same request are written at once. */
  close(unit: UnitOfWork): void;
  create(): UnitOfWork;
}

/** @param toldOf called after a commit that queued logout notifications. */
export function createUnitsOfWork(db: Db, sealer: Sealer, toldOf?: () => void): UnitsOfWork {
  const storage = new AsyncLocalStorage<UnitOfWork | undefined>();
  const closed = new WeakSet<UnitOfWork>();
  const seal = createPayloadSeal(sealer);
  return {
    current() {
      const unit = storage.getStore();
      return unit === undefined || closed.has(unit) ? undefined : unit;
    },
    inside: (unit, work) => storage.run(unit, work),
    outside: (work) => storage.run(undefined, work),
    close: (unit) => void closed.add(unit),
    create: () => createUnitOfWork(db, seal, toldOf),
  };
}
