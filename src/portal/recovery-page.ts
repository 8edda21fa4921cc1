import { NijoError } from '../base/errors.ts';
import { createTimes } from '../i18n/times.ts';
import type { PortalDependencies } from './dependencies.ts';
import { chromeOf, type PortalPage, type Shown, redisplay, type PageRequest } from './visit.ts';

/**
 * Ten codes on a sheet to be printed (D8). They are shown once, in the answer to the form itself, which no
 * reload and no URL shows again. The language toggle of that answer sends them back with its form, so that
 * a change of language does not lose them.
 */
export const recoveryCodesPage: PortalPage = {
  path: '/account/recovery-codes',
  fresh: true,
  async show(dependencies, visit, shown) {
    if (!dependencies.secondFactor.recoveryCodes.available) throw new NijoError('not_found');
    const again = shown.fault === undefined ? shownBefore(visit, shown) : undefined;
    if (again !== undefined) return showSheet(dependencies, visit, again.number, again.codes);
    const { recoveryCodes: sheet } = visit.overview;
    const since = sheet && createTimes(dependencies.timeZone).day(sheet.createdAt, visit.locale);
    dependencies.responder.page(
      visit.ctx,
      'account-recovery-codes',
      sheet === undefined || since === undefined
        ? {}
        : { sheet: { number: sheet.number, since, left: sheet.left } },
      chromeOf(dependencies, visit, shown),
    );
  },
  async submit(dependencies, visit) {
    if (visit.action !== 'continue') return redisplay('action_unknown');
    const { number, codes } = await dependencies.secondFactor.recoveryCodes.make(
      visit.changer,
      visit.form.get('present'),
    );
    showSheet(dependencies, visit, number, codes);
    return { kind: 'answered' };
  },
};

function showSheet(
  dependencies: PortalDependencies,
  visit: PageRequest,
  number: string,
  codes: readonly string[],
): void {
  const times = createTimes(dependencies.timeZone);
  const made = new Date();
  dependencies.responder.page(
    visit.ctx,
    'account-recovery-codes',
    { made: { number, codes, at: { en: times.day(made, 'en'), ja: times.day(made, 'ja') } } },
    chromeOf(dependencies, visit, {}),
  );
}

/** The ten codes that this page has just shown, of the sheet that is valid now. */
function shownBefore(
  { overview }: PageRequest,
  { typed }: Shown,
): { number: string; codes: string[] } | undefined {
  const number = typed?.get('sheet');
  const codes = typed?.get('codes')?.split(' ') ?? [];
  if (number === undefined || number !== overview.recoveryCodes?.number) return undefined;
  return codes.length === 10 && codes.every((code) => /^[0-9A-Z-]{13,20}$/.test(code))
    ? { number, codes }
    : undefined;
}
