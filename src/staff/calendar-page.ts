import { type ErrorCode, NijoError } from '../base/errors.ts';
import type { CalendarDay } from '../desk/calendar/calendar.ts';
import type { Locale } from '../i18n/locale.ts';
import { dateInWords, hoursInWords, openingInWords } from '../i18n/opening.ts';
import type { OperatorCalendarPage, ShownDay } from '../pages/calendar.ts';
import type { Form } from '../web/forms.ts';
import type { Fault } from '../pages/pages.ts';
import { takeFlash } from './done.ts';
import { chromeOf, type Decision, go, type StaffPage, type StaffSubmission, redisplay } from './visit.ts';
import type { StaffDependencies } from './dependencies.ts';

const path = '/operator/calendar';
const fields = ['day', 'until', 'opens', 'closes', 'name_en', 'name_ja'] as const;

/** Closing days and special openings of the next twelve months, which staff sets here (R41, R51). */
export const calendarPage: StaffPage = {
  path,
  label: 'staff.nav.calendar',
  async show(dependencies, visit, shown) {
    const { ctx, locale } = visit;
    const { calendar } = dependencies.desk;
    const opening = await calendar.opening();
    const today = await calendar.today();
    const days = await calendar.days(today);
    const done = takeFlash(dependencies.cookies, ctx);
    dependencies.responder.page(
      ctx,
      'operator-calendar',
      {
        open: opening.open,
        opening: openingInWords(opening, locale),
        months: monthsOf(days, today, locale),
        timeZone: opening.timeZone,
        typed: typedOf(shown.typed),
      },
      {
        ...chromeOf(dependencies, visit, shown),
        ...(done === undefined || shown.fault !== undefined ? {} : { notice: done }),
      },
    );
  },
  submit(dependencies, visit) {
    if (visit.action === 'continue') return add(dependencies, visit);
    if (visit.action === 'remove') return remove(dependencies, visit);
    return Promise.resolve(redisplay('action_unknown'));
  },
};

async function add({ desk }: StaffDependencies, { form, actor }: StaffSubmission): Promise<Decision> {
  const typed = typedOf(form);
  const name = { en: typed.name_en, ja: typed.name_ja };
  try {
    await desk.calendar.setDay(actor, { ...typed, name }, actor.origin);
  } catch (error) {
    if (!(error instanceof NijoError)) throw error;
    return redisplay(error.code, fieldOf(error.code, typed), error.details);
  }
  return go(path, 'day-set');
}

async function remove({ desk }: StaffDependencies, { form, actor }: StaffSubmission): Promise<Decision> {
  try {
    await desk.calendar.removeDay(actor, form.get('day') ?? '', actor.origin);
  } catch (error) {
    // Removed a moment ago, by a double click or a colleague: the result is what was wanted.
    if (!(error instanceof NijoError) || error.code !== 'day_unknown') throw error;
  }
  return go(path, 'day-removed');
}

type Typed = OperatorCalendarPage['typed'];

/** What was typed into the form that adds a day; a button that removes one sends only the day. */
function typedOf(form: Form | undefined): Typed {
  const given = form?.get('action') === 'remove' ? undefined : form;
  return Object.fromEntries(fields.map((field) => [field, given?.get(field) ?? ''])) as Typed;
}

function fieldOf(code: ErrorCode, typed: Typed): Fault['field'] {
  if (code === 'hours_malformed') return 'opens';
  if (code === 'day_name_missing') return typed.name_en.trim() === '' ? 'name_en' : 'name_ja';
  if (code === 'day_name_too_long')
    return typed.name_en.length > typed.name_ja.length ? 'name_en' : 'name_ja';
  return 'day';
}

/** The last day of the twelve months that begin today. */
function yearLater(today: string): string {
  const [year = 0, month = 1, day = 1] = today.split('-').map(Number);
  return new Date(Date.UTC(year + 1, month - 1, day - 1)).toISOString().slice(0, 10);
}

/** Holidays of twelve months; the operator's days are shown however far ahead they are. */
function monthsOf(
  days: readonly CalendarDay[],
  today: string,
  locale: Locale,
): OperatorCalendarPage['months'] {
  const until = yearLater(today);
  const said = new Set(days.filter(({ source }) => source === 'operator').map(({ day }) => day));
  const months = new Map<string, ShownDay[]>();
  for (const { day, source, hours, name } of days) {
    if (source === 'holiday' && day > until) continue;
    const month = day.slice(0, 7);
    const shown: ShownDay = {
      day,
      date: dateInWords(day, locale),
      source,
      ...(hours === undefined ? {} : { hours: hoursInWords(`${hours.opens}-${hours.closes}`) }),
      name,
      overruled: source === 'holiday' && said.has(day),
      ...(source === 'operator' && day <= today ? { settled: true as const } : {}),
    };
    months.set(month, [...(months.get(month) ?? []), shown]);
  }
  return [...months].map(([month, list]) => ({
    month: new Intl.DateTimeFormat(locale === 'en' ? 'en-GB' : 'ja-JP', {
      year: 'numeric',
      month: 'long',
      timeZone: 'UTC',
    }).format(Date.parse(month)),
    days: list,
  }));
}
