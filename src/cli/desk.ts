import type { Command } from 'commander';
import { NijoError } from '../base/errors.ts';
import { type Calendar, type CalendarDay, createCalendar } from '../desk/calendar/calendar.ts';
import { hoursInWords, openingInWords } from '../i18n/opening.ts';
import { translator } from '../i18n/translate.ts';
import type { CliContext } from './context.ts';

interface Output {
  json?: boolean;
}

interface Names {
  en: string;
  ja: string;
}

/** `nijo desk …`: when the support centre is open, its closing days and special openings (R41, R51). */
export function deskCommands(program: Command, context: CliContext): void {
  const desk = program.command('desk').description('the support centre’s calendar');
  const json = ['--json', 'print JSON'] as const;
  const actor = { cli: context.actor };
  const report = (output: Output, data: unknown, text: string): void => {
    context.out(output.json === true ? JSON.stringify(data) : text);
  };
  const withCalendar = <Result>(work: (calendar: Calendar) => Promise<Result>): Promise<Result> =>
    context.withDatabase(async ({ db, config }) => {
      const calendar = createCalendar({ db, settings: config.desk, timeZone: config.locale.time_zone });
      try {
        return await work(calendar);
      } catch (error) {
        if (error instanceof NijoError) return context.fail(inWords(error));
        throw error;
      }
    });

  desk
    .command('status')
    .description('whether it is open now, by the database’s clock, and the hours of the week')
    .option(...json)
    .action(async (output: Output) => {
      const { opening, week } = await withCalendar(async (calendar) => ({
        opening: await calendar.opening(),
        week: await calendar.week(),
      }));
      const data = {
        open: opening.open,
        at: opening.at.toISOString(),
        closes: opening.closes?.toISOString() ?? null,
        next_opens: opening.nextOpens?.toISOString() ?? null,
        time_zone: opening.timeZone,
        week: week.words,
        as_configured: week.asConfigured,
      };
      report(
        output,
        data,
        [
          openingInWords(opening, 'en'),
          `The week: ${week.words}, in ${opening.timeZone}.`,
          ...(week.asConfigured
            ? []
            : ['This configuration says otherwise: it counts when a node is started with it.']),
        ].join('\n'),
      );
    });

  desk
    .command('days')
    .description('holidays, closing days and special openings')
    .option('--from <day>', 'from this day on (year-month-day); otherwise from today')
    .option(...json)
    .action(async (output: Output & { from?: string }) => {
      const days = await withCalendar(async (calendar) =>
        calendar.days(output.from ?? (await calendar.today())),
      );
      const text = days.length === 0 ? 'Every day is as the week says.' : days.map(lineOf).join('\n');
      report(output, days.map(rowOf), text);
    });

  const names = (command: Command): Command =>
    command
      .option('--until <day>', 'the last one of several days in a row, at most 31')
      .requiredOption('--en <name>', 'what it is called in English')
      .requiredOption('--ja <name>', 'what it is called in Japanese')
      .option(...json);
  const set = async (
    day: string,
    hours: { opens?: string; closes?: string },
    options: Output & Names & { until?: string },
  ): Promise<void> => {
    const { until, en, ja } = options;
    const days = await withCalendar((calendar) =>
      calendar.setDay(
        actor,
        { day, ...hours, ...(until === undefined ? {} : { until }), name: { en, ja } },
        undefined,
      ),
    );
    report(options, days.map(rowOf), days.map(lineOf).join('\n'));
  };

  names(desk.command('close').description('set a closing day').argument('<day>', 'year-month-day')).action(
    (day: string, options: Output & Names & { until?: string }) => set(day, {}, options),
  );
  names(
    desk
      .command('open')
      .description('set a special opening: these hours instead of those of the week')
      .argument('<day>', 'year-month-day')
      .argument('<hours>', 'such as 10:00-12:00'),
  ).action((day: string, hours: string, options: Output & Names & { until?: string }) => {
    const [opens = '', closes = '', ...more] = hours.split('-');
    // Malformed hours must not become a closing day.
    return set(day, { opens: opens === '' ? '?' : opens, closes: more.length > 0 ? '?' : closes }, options);
  });

  desk
    .command('remove')
    .description('take a closing day or special opening back: the day is as the week says again')
    .argument('<day>', 'year-month-day')
    .option(...json)
    .action(async (day: string, output: Output) => {
      const removed = await withCalendar((calendar) => calendar.removeDay(actor, day, undefined));
      report(output, { day: removed, change: 'removed' }, `${removed}: removed`);
    });
}

function inWords({ code, details }: NijoError): string {
  const t = translator('en');
  const detailed = `errors.${code}.detailed`;
  const known = t.has(detailed) && t.complete(detailed, details);
  return `${t(`errors.${code}.title`)}. ${t(known ? detailed : `errors.${code}.message`, details)}`;
}

function rowOf({ day, source, hours, name }: CalendarDay): Record<string, string> {
  return { day, source, kind: hours === undefined ? 'closed' : 'open', ...hours, ...name };
}

function lineOf({ day, source, hours, name }: CalendarDay): string {
  const said = hours === undefined ? 'closed' : `open ${hoursInWords(`${hours.opens}-${hours.closes}`)}`;
  return [day, said, `${name.en} / ${name.ja}`, ...(source === 'holiday' ? ['(holiday)'] : [])].join('  ');
}
