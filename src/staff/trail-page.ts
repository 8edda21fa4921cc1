import type { DeskSettings } from '../config/sections/desk.ts';
import type { TrailRow } from '../desk/trail.ts';
import { createTimes } from '../i18n/times.ts';
import { type Translate, translator } from '../i18n/translate.ts';
import type { DeskTrailPage } from '../web/trail-page.ts';
import { chromeOf, type StaffPage } from './visit.ts';
import { checkNames } from './words.ts';

const path = '/desk/trail';

/** What the desk did, and who: for the lead and the auditor (R44). */
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
  const { by, about } = row;
  const someone = `trail.by.${by ?? ''}`;
  return {
    id: row.id,
    at,
    text: trailText(t, row, settings),
    ...(by === undefined ? {} : { by: t.has(someone) ? t(someone) : by }),
    // Whoever did something to themselves is named once.
    ...(about === undefined || about === by ? {} : { about }),
    ...(row.case === undefined ? {} : { case: row.case }),
    breakGlass: row.breakGlass,
    bad: row.result === 'failure',
  };
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
  const params = {
    reason: named('desk.reason', 'reason'),
    refusal: named('desk.refusal', 'reason'),
    ...checkNames(settings, check, t.locale),
    day: said('day'),
    from: said('from'),
    to: said('to'),
    what: said('route') === '' ? said('act') : said('route'),
    roles: roles.map(roleName).join(t('staff.roles.and')),
  };
  if (event === 'account.roles-set' && roles.length === 0) return t('trail.account.roles-set.none');
  return t(`trail.${event}`, params);
}
