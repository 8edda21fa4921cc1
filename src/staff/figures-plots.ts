import type { CaseState } from '../desk/cases/shapes.ts';
import { caseStates, type PeriodFigures } from '../desk/figure-shapes.ts';
import { monthsOf } from '../desk/months.ts';
import type { BarPattern, FigurePlot } from '../pages/figures.ts';
import type { Translate } from '../i18n/translate.ts';
import type { FigureWords } from './figures-words.ts';

/** How a bar distinguishes the states of a case. */
const parts = [
  { name: 'done', pattern: 'filled', states: ['done'] },
  { name: 'waiting', pattern: 'striped', states: ['open', 'approved'] },
  { name: 'ended', pattern: 'outlined', states: ['refused', 'withdrawn', 'expired'] },
] as const satisfies readonly { name: string; pattern: BarPattern; states: readonly CaseState[] }[];

/** Every plot of the figures; each shows the numbers of its table. */
export function plotsOf(figures: PeriodFigures, words: FigureWords): FigurePlot[] {
  const { t } = words;
  const { byMonth, byState, byReason, byMethod, bySource } = figures;
  const casesIn = (month: string, states: readonly CaseState[]): number =>
    byMonth
      .filter((row) => row.month === month && states.includes(row.state))
      .reduce((sum, { cases }) => sum + cases, 0);
  const single = (id: FigurePlot['id'], rows: readonly { name: string; cases: number }[]): FigurePlot =>
    plotOf(
      t,
      id,
      [{ name: t('figures.column.cases'), pattern: 'filled' }],
      rows.map(({ name, cases }) => ({ name, values: [cases] })),
    );
  const most = <Row extends { cases: number }>(rows: readonly Row[]): Row[] =>
    rows.toSorted((a, b) => b.cases - a.cases);
  return [
    plotOf(
      t,
      'month',
      parts.map(({ name, pattern }) => ({ name: t(`figures.part.${name}`), pattern })),
      monthsOf(figures.period).map((month) => ({
        name: words.month(month),
        values: parts.map(({ states }) => casesIn(month, states)),
      })),
    ),
    single(
      'state',
      caseStates.map((state) => ({
        name: words.state(state),
        cases: byState.find((row) => row.state === state)?.cases ?? 0,
      })),
    ),
    single(
      'reason',
      most(byReason).map(({ reason, cases }) => ({ name: words.reason(reason), cases })),
    ),
    single(
      'method',
      most(byMethod).map(({ method, cases }) => ({ name: words.method(method), cases })),
    ),
    single(
      'source',
      bySource.map(({ source, cases }) => ({ name: words.source(source), cases })),
    ),
  ];
}

const perCent = (value: number): number => Math.round(value * 100) / 100;

function plotOf(
  t: Translate,
  id: FigurePlot['id'],
  of: FigurePlot['parts'],
  rows: readonly { name: string; values: readonly number[] }[],
): FigurePlot {
  const totals = rows.map(({ values }) => values.reduce((sum, value) => sum + value, 0));
  const longest = Math.max(1, ...totals);
  return {
    id,
    title: t(`figures.plot.${id}`),
    column: t(`figures.column.${id}`),
    parts: of,
    rows: rows.map(({ name, values }, index) => ({
      name,
      values,
      total: totals[index] ?? 0,
      bars: of.flatMap(({ pattern }, part) => {
        const value = values[part] ?? 0;
        const before = values.slice(0, part).reduce((sum, one) => sum + one, 0);
        if (value === 0) return [];
        return [{ x: perCent((100 * before) / longest), width: perCent((100 * value) / longest), pattern }];
      }),
    })),
  };
}
