import type { DeskSettings } from '../config/sections/desk.ts';
import type { TrailRow } from '../desk/trail.ts';
import { hoursInWords } from '../i18n/opening.ts';
import { createTimes } from '../i18n/times.ts';
import { type Translate, translator } from '../i18n/translate.ts';
import type { DeskTrailPage } from '../pages/trail.ts';
import { chromeOf, type StaffPage } from './visit.ts';
import { checkNames } from './words.ts';

const path = '/desk/trail';

/** The acts of the desk and who did them, for the lead and the auditor (R44). */
export const trailPage: StaffPage = {
  path,
  label: 'staff.nav.trail',
  async show(dependencies, visit, shown) {
    const { ctx, locale } = visit;
    const t = translator(locale);
    const times = createTimes(dependencies.timeZone);
    const { before } = ctx.query;
    const from = typeof before === 'string' && /^\d{1,18}$/.test(before) ? before : undefined;
    const { rows, earlier } = await dependencies.desk.trail.read(from);
    dependencies.responder.page(
      ctx,
      'desk-trail',
      {
        rows: rows.map((row) => lineOf(row, times.moment(row.at, locale), t, dependencies.settings)),
        ...(earlier === undefined ? {} : { earlier: `${path}?before=${earlier}` }),
        newest: from === undefined,
        timeZone: dependencies.timeZone,
      },
      {
        ...chromeOf(dependencies, visit, shown, 'link'),
        ...(from === undefined ? {} : { url: `${path}?before=${from}` }),
      },
    );
  },
};

function lineOf(
  row: TrailRow,
  at: string,
  t: Translate,
  settings: Pick<DeskSettings, 'identity_checks'>,
): DeskTrailPage['rows'][number] {
  const pressed = isNotMe(row);
  const { about } = row;
  // Anyone who reads the mail can press its link: it is not known to be the owner of the ID.
  const by = pressed ? undefined : row.by;
  const someone = `trail.by.${by ?? ''}`;
  return {
    id: row.id,
    at,
    text: trailText(t, row, settings),
    ...(by === undefined ? {} : { by: t.has(someone) ? t(someone) : by }),
    // A person who acted on their own account is named once.
    ...(about === undefined || about === by ? {} : { about }),
    ...(row.case === undefined ? {} : { case: row.case }),
    breakGlass: row.breakGlass,
    bad: row.result === 'failure',
  };
}

/** Filed by the link of a notice. */
function isNotMe({ event, details }: Pick<TrailRow, 'event' | 'details'>): boolean {
  return event === 'desk.case-filed' && details['reason'] === 'not-me';
}

/** An act in plain words. */
export function trailText(
  t: Translate,
  { event, details }: Pick<TrailRow, 'event' | 'details'>,
  settings: Pick<DeskSettings, 'identity_checks'>,
): string {
  const said = (name: string): string => {
    const value = details[name];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  };
  const named = (prefix: string, name: string): string => {
    const key = `${prefix}.${said(name)}`;
    return t.has(key) ? t(key) : said(name);
  };
  const roleName = (role: string): string => {
    const key = `staff.role.${role}`;
    return t.has(key) ? t(key) : role;
  };
  const check = { method: said('check'), evidence: said('evidence') };
  const roles = said('roles').split(' ').filter(Boolean);
  const hours = hoursInWords(`${said('opens')}-${said('closes')}`);
  const why = `errors.${said('reason')}.title`;
  const params = {
    reason: named('desk.reason', 'reason'),
    refusal: named('desk.refusal', 'reason'),
    ...checkNames(settings, check, t.locale),
    day: said('day'),
    kind: said('opens') === '' ? named('trail.day', 'kind') : t('trail.day.hours', { hours }),
    from: said('from'),
    to: said('to'),
    what: said('route') === '' ? named('trail.act', 'act') : said('route'),
    why: t.has(why) ? t(why) : said('reason'),
    roles: roles.map(roleName).join(t('staff.roles.and')),
  };
  if (event === 'account.roles-set' && roles.length === 0) return t('trail.account.roles-set.none');
  if (isNotMe({ event, details })) return t('trail.desk.case-filed.not-me');
  if (event === 'staff.refused' && said('reason') !== '') return t('trail.staff.refused.why', params);
  return t(`trail.${event}`, params);
}
