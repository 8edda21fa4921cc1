import type { PeriodFigures, Standing } from '../desk/figure-shapes.ts';
import type { FigureWords } from './figures-words.ts';

type Cell = string | number | undefined;

const columns = ['from', 'to', 'table', 'month', 'item', 'name', 'value'] as const;

/** The byte order mark by which spreadsheets recognise UTF-8. */
const byteOrderMark = '\uFEFF';

// A spreadsheet evaluates cells that begin like this (CSV injection): an apostrophe makes them text.
const calculated = /^[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/;

/** A cell as RFC 4180 writes it; a number stays a number. */
export function csvCell(value: Cell): string {
  if (value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const text = calculated.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const tenths = (minutes: number | undefined): number | undefined =>
  minutes === undefined ? undefined : Math.round(minutes * 10) / 10;

/**
 * All the figures of a period as one table, one number per row: `table`, `month` and `item` are stable words
 * for programs, `name` is for people.
 */
export function figuresCsv(figures: PeriodFigures, standing: Standing, words: FigureWords): string {
  const { from, to } = figures.period;
  const row = (table: string, month: string, item: string, name: string, value: Cell): Cell[] => [
    from,
    to,
    table,
    month,
    item,
    name,
    value,
  ];
  const number = (item: string, key: Parameters<FigureWords['number']>[0], value: Cell): Cell[] =>
    row('numbers', '', item, words.number(key), value);
  const rows: Cell[][] = [
    [...columns],
    number('cases', 'cases', figures.cases),
    number('passes_issued', 'passes', figures.passes),
    number('two_people', 'twoPeople', figures.twoPeople),
    number('break_glass', 'breakGlass', figures.breakGlass),
    number('median_minutes_filing_to_check', 'filingToCheck', tenths(figures.filingToCheck)),
    number('median_minutes_check_to_pass', 'checkToPass', tenths(figures.checkToPass)),
    number('waiting_now', 'waiting', standing.waiting),
    number('oldest_waiting_minutes_now', 'oldest', standing.oldestMinutes),
    number('passes_out_now', 'passesOut', standing.passesOut),
    ...figures.byMonth.map(({ month, state, cases }) =>
      row('cases_by_month_and_state', month, state, words.state(state), cases),
    ),
    ...figures.byState.map(({ state, cases }) => row('cases_by_state', '', state, words.state(state), cases)),
    ...figures.byReason.map(({ reason, cases }) =>
      row('cases_by_reason', '', reason, words.reason(reason), cases),
    ),
    ...figures.byMethod.map(({ method, cases }) =>
      row('cases_by_identity_check', '', method ?? 'none', words.method(method), cases),
    ),
    ...figures.bySource.map(({ source, cases }) =>
      row('cases_by_source', '', source, words.source(source), cases),
    ),
  ];
  return byteOrderMark + rows.map((cells) => `${cells.map(csvCell).join(',')}\r\n`).join('');
}
