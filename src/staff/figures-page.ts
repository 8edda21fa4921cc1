import type { PeriodFigures, Standing } from '../desk/figure-shapes.ts';
import { monthsThereAre } from '../desk/months.ts';
import type { DeskFiguresPage } from '../pages/figures.ts';
import { figuresCsv } from './figures-csv.ts';
import { plotsOf } from './figures-plots.ts';
import { type FigureWords, figureWords } from './figures-words.ts';
import { chromeOf, type StaffPage } from './visit.ts';

const path = '/desk/figures';

/** The centre's figures of a period: numbers first, then plots, each with its table. */
export const figuresPage: StaffPage = {
  path,
  label: 'staff.nav.figures',
  async show(dependencies, visit, shown) {
    const { ctx, locale } = visit;
    const { figures } = dependencies.desk;
    const standing = await figures.standing();
    const period = figures.period(ctx.query, standing);
    const words = figureWords(locale, dependencies.settings.identity_checks);
    const url = addressOf(path, period);
    const model = figuresModel(await figures.read(period), standing, words);
    const chrome = chromeOf(dependencies, visit, shown, 'link');
    dependencies.responder.page(ctx, 'desk-figures', model, { ...chrome, url });
  },
};

/** The same numbers for a spreadsheet or a program, in the user's language. */
export const figuresFile: StaffPage = {
  path: `${path}.csv`,
  async show(dependencies, visit) {
    const { ctx, locale, actor } = visit;
    const { figures } = dependencies.desk;
    const standing = await figures.standing();
    const period = figures.period(ctx.query, standing);
    const taken = await figures.take(actor, period);
    const name = `figures-${period.from}-${period.to}.csv`;
    ctx.type = 'text/csv; charset=utf-8; header=present';
    ctx.set('Content-Disposition', `attachment; filename="${name}"`);
    ctx.set('Content-Language', locale);
    ctx.body = figuresCsv(taken, standing, figureWords(locale, dependencies.settings.identity_checks));
  },
};

const addressOf = (page: string, { from, to }: { from: string; to: string }): string =>
  `${page}?from=${from}&to=${to}`;

const tags = { en: 'en-GB', ja: 'ja-JP' } as const;

/** What the page says of these figures. */
export function figuresModel(
  figures: PeriodFigures,
  standing: Standing,
  words: FigureWords,
): DeskFiguresPage {
  const { period } = figures;
  const { t } = words;
  const { timeZone } = standing;
  const at = new Intl.DateTimeFormat(tags[t.locale], { dateStyle: 'long', timeStyle: 'short', timeZone });
  const [from, to] = [words.month(period.from), words.month(period.to)];
  const months = [...new Set([period.from, ...monthsThereAre(standing), period.to])].toSorted();
  return {
    period: { ...period, words: from === to ? from : t('figures.period', { from, to }) },
    months: months.map((value) => ({ value, name: words.month(value) })),
    now: {
      at: at.format(standing.at),
      waiting: standing.waiting,
      ...(standing.oldestMinutes === undefined ? {} : { oldest: words.span(standing.oldestMinutes) }),
      passesOut: standing.passesOut,
    },
    numbers: {
      cases: figures.cases,
      passes: figures.passes,
      twoPeople: figures.twoPeople,
      breakGlass: figures.breakGlass,
      ...(figures.filingToCheck === undefined ? {} : { filingToCheck: words.span(figures.filingToCheck) }),
      ...(figures.checkToPass === undefined ? {} : { checkToPass: words.span(figures.checkToPass) }),
    },
    plots: figures.cases === 0 ? [] : plotsOf(figures, words),
    csv: addressOf(`${path}.csv`, period),
    timeZone,
  };
}
