import { NijoError } from '../../base/errors.ts';
import { newId } from '../../base/ids.ts';
import type { DeskSettings } from '../../config/sections/desk.ts';
import { readNote } from '../notes.ts';
import type { Acts } from './act.ts';
import type { Cases } from './cases.ts';

/** A configured check method and its evidence, from `method:evidence`. @throws NijoError `check_missing`. */
export function readCheck(
  ways: DeskSettings['identity_checks'],
  input: unknown,
): { method: string; evidence: string } {
  const found = ways
    .flatMap((way) => way.evidence.map((evidence) => ({ method: way.id, evidence: evidence.id })))
    .find(({ method, evidence }) => `${method}:${evidence}` === input);
  if (found === undefined) throw new NijoError('check_missing');
  return found;
}

/** Records who checked whose identity and how: the kind of evidence, never the evidence (R39). */
export function createChecking(deps: { acts: Acts; settings: DeskSettings }): Cases['check'] {
  const { acts, settings } = deps;
  return async (actor, caseId, seen, input) => {
    const note = readNote(input.note);
    const check = readCheck(settings.identity_checks, input.check);
    await acts.onCase(actor, 'check', { caseId, seen, state: 'open' }, async (trx, held) => {
      if (held.accountId === undefined) throw new NijoError('case_without_account');
      await trx
        .insertInto('identity_checks')
        .values({
          id: newId(),
          case_id: caseId,
          ...check,
          note,
          checked_by: actor.accountId,
          session_uid: actor.session?.uids[0] ?? null,
        })
        .execute();
      await acts.recordAndNotify(
        trx,
        actor,
        held,
        { event: 'desk.identity-checked', details: { check: check.method, evidence: check.evidence } },
        'identity-checked',
      );
    });
  };
}
