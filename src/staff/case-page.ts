import { NijoError } from '../base/errors.ts';
import { isRefusalReason } from '../desk/cases/shapes.ts';
import type { Fault } from '../pages/pages.ts';
import { caseModel } from './case-model.ts';
import { showPass } from './pass-page.ts';
import { takeFlash } from './done.ts';
import { chromeOf, type Decision, go, type StaffPage, type StaffSubmission, redisplay } from './visit.ts';
import type { StaffDependencies } from './dependencies.ts';

const path = '/desk/cases/:id';

/**
 * One case: what is known, what happened, and the acts that the viewer may do on it now (R39, R43).
 * An act applies to exactly what the page showed (`seen`): if that has changed, nothing is done, and the page
 * says what changed (A41).
 */
export const casePage: StaffPage = {
  path,
  async show(dependencies, visit, shown) {
    const { ctx, actor, params } = visit;
    const sheet = await dependencies.desk.cases.find(actor, params.id ?? '');
    if (sheet === undefined) throw new NijoError('case_unknown');
    const done = takeFlash(dependencies.cookies, ctx);
    const model = caseModel(dependencies, visit, sheet, shown);
    dependencies.responder.page(ctx, 'desk-case', model, {
      ...chromeOf(dependencies, visit, shown, model.acts === undefined ? 'link' : 'form'),
      ...(done === undefined || shown.fault !== undefined ? {} : { notice: done }),
    });
  },
  async submit(dependencies, submission) {
    const act = Object.hasOwn(acts, submission.action) ? acts[submission.action] : undefined;
    if (act === undefined) throw new NijoError('action_unknown');
    try {
      return await act(dependencies, submission);
    } catch (error) {
      const field = error instanceof NijoError ? fieldOf(submission.action, error.code) : undefined;
      if (!(error instanceof NijoError) || field === undefined) throw error;
      return redisplay(error.code, field, error.details);
    }
  },
};

type Act = (dependencies: StaffDependencies, submission: StaffSubmission) => Promise<Decision>;

const acts: Readonly<Record<string, Act>> = {
  async check({ desk }, { actor, form, params }) {
    const id = params.id ?? '';
    await desk.cases.check(actor, id, form.get('seen') ?? '', {
      check: form.get('check') ?? '',
      note: form.get('note') ?? '',
    });
    return go(`/desk/cases/${id}`, 'identity-checked');
  },

  async approve(dependencies, submission) {
    const { actor, form, params } = submission;
    const id = params.id ?? '';
    const result = await dependencies.desk.cases.approve(actor, id, form.get('seen') ?? '', {
      breakGlass: form.get('break_glass') === 'yes',
    });
    if (result.outcome === 'second-needed') return go(`/desk/cases/${id}`, 'case-approved');
    await showPass(dependencies, submission, result);
    return { kind: 'answered' };
  },

  async refuse({ desk }, { actor, form, params }) {
    const id = params.id ?? '';
    const reason = form.get('reason');
    if (!isRefusalReason(reason)) return redisplay('reason_missing', 'reason');
    await desk.cases.refuse(actor, id, form.get('seen') ?? '', {
      reason,
      note: form.get('refusal_note') ?? form.get('note') ?? '',
    });
    return go(`/desk/cases/${id}`, 'case-refused');
  },

  async withdraw({ desk }, { actor, form, params }) {
    const id = params.id ?? '';
    await desk.cases.withdraw(actor, id, form.get('seen') ?? '');
    return go(`/desk/cases/${id}`, 'pass-withdrawn');
  },
};

/** The field that a fault belongs to, by the act that raised it. */
function fieldOf(action: string, code: string): Fault['field'] {
  if (code.startsWith('note_')) return action === 'refuse' ? 'refusal_note' : 'note';
  if (code === 'check_missing' && action === 'check') return 'check';
  return code === 'desk_closed' ? 'break_glass' : undefined;
}
