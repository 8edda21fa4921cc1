import { NijoError } from '../base/errors.ts';
import { createTimes } from '../i18n/times.ts';
import { chromeOf, type StaffRequest } from './visit.ts';
import type { StaffDependencies } from './dependencies.ts';

/**
 * The setup pass, in the answer to the approval itself: no URL shows it, and a reload sends an approval
 * that has already taken effect (R40). The page contains both languages: the toggle leads to the words
 * in the other one, and nothing has to be sent again.
 */
export async function showPass(
  dependencies: StaffDependencies,
  visit: StaffRequest,
  issued: { pass: string; expiresAt: Date },
): Promise<void> {
  const { params, actor, ctx } = visit;
  const caseId = params.id ?? '';
  const sheet = await dependencies.desk.cases.find(actor, caseId);
  if (sheet === undefined) throw new NijoError('case_unknown');
  const times = createTimes(dependencies.timeZone);
  dependencies.responder.page(
    ctx,
    'desk-pass',
    {
      groups: issued.pass.match(/\d{4}/g) ?? [],
      number: sheet.summary.number,
      caseId,
      until: { en: times.moment(issued.expiresAt, 'en'), ja: times.moment(issued.expiresAt, 'ja') },
      timeZone: dependencies.timeZone,
    },
    chromeOf(dependencies, visit, {}, 'link'),
  );
}
