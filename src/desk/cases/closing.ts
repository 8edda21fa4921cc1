import { sql } from 'kysely';
import { NijoError } from '../../base/errors.ts';
import type { Db } from '../../db/open.ts';
import type { SetUpPasses } from '../../factors/setup-pass/passes.ts';
import type { StaffActor } from '../actor.ts';
import { readNote } from '../notes.ts';
import type { Acts } from './act.ts';
import type { Cases } from './cases.ts';
import { isRefusalReason } from './shapes.ts';

/** How staff ends a case. */
export function createClosing(deps: {
  acts: Acts;
  passes: Pick<SetUpPasses, 'withdraw'>;
}): Pick<Cases, 'refuse' | 'withdraw'> {
  const { acts, passes } = deps;
  return {
    async refuse(actor, caseId, seen, input) {
      const { reason } = input;
      if (!isRefusalReason(reason)) throw new NijoError('reason_missing');
      const note = readNote(input.note);
      // One character says nothing (A41).
      if (reason === 'other' && note.length < 2) throw new NijoError('note_missing');
      await acts.onCase(actor, 'refuse', { caseId, seen, state: 'open' }, async (trx, held) => {
        await close(trx, caseId, actor, {
          state: 'refused',
          refused_reason: reason,
          closing_note: note === '' ? null : note,
        });
        await acts.recordAndNotify(
          trx,
          actor,
          held,
          { event: 'desk.refused', details: { reason } },
          'case-refused',
        );
      });
    },

    withdraw: (actor, caseId, seen) =>
      acts.onCase(actor, 'withdraw', { caseId, seen, state: 'approved' }, async (trx, held) => {
        // A pass that the user has typed in meanwhile ends with their set-up, or expires.
        if (!(await passes.withdraw(trx, caseId))) throw new NijoError('setup_pass_used');
        await close(trx, caseId, actor, { state: 'withdrawn' });
        await acts.recordAndNotify(
          trx,
          actor,
          held,
          { event: 'desk.pass-withdrawn', details: { reason: 'desk' } },
          'pass-withdrawn',
        );
      }),
  };
}

async function close(
  trx: Db,
  caseId: string,
  actor: StaffActor,
  how: {
    state: 'refused' | 'withdrawn';
    refused_reason?: 'identity-not-shown' | 'not-the-holder' | 'no-longer-needed' | 'duplicate' | 'other';
    closing_note?: string | null;
  },
): Promise<void> {
  await trx
    .updateTable('desk_cases')
    .set({ ...how, closed_by: actor.accountId, closed_at: sql<Date>`now()` })
    .where('id', '=', caseId)
    .execute();
}
