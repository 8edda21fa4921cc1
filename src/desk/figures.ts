import { type AuditEvent, recordAudit } from '../audit/audit.ts';
import type { Db } from '../db/open.ts';
import type { StaffActor } from './actor.ts';
import type { PeriodFigures, Standing } from './figure-shapes.ts';
import { readFigures, readStanding } from './figures-queries.ts';
import { type Period, readPeriod } from './months.ts';

/** The centre's figures: counts of cases, with no personal data. */
export interface Figures {
  standing(): Promise<Standing>;
  /** @throws NijoError `bad_request`: see `readPeriod`. */
  period(asked: { from?: unknown; to?: unknown }, standing: Standing): Period;
  read(period: Period): Promise<PeriodFigures>;
  /** The same for a file; who took it is audited. */
  take(reader: Pick<StaffActor, 'accountId' | 'origin'>, period: Period): Promise<PeriodFigures>;
}

export function createFigures({ db }: { db: Db }): Figures {
  const read = (period: Period): Promise<PeriodFigures> => readFigures(db, period);
  return {
    standing: () => readStanding(db),
    period: (asked, standing) => readPeriod(asked, standing),
    read,
    async take({ accountId, origin }, period) {
      const event: AuditEvent = {
        event: 'desk.figures-read',
        result: 'success',
        actor: accountId,
        details: { ...period },
      };
      await recordAudit(db, origin, event);
      return read(period);
    },
  };
}
