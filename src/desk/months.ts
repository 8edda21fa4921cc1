import { NijoError } from '../base/errors.ts';

/** Whole months of the centre's calendar, the last one included; each as YYYY-MM. */
export interface Period {
  from: string;
  to: string;
}

/** The most months in one plot; a longer file is made from several. */
export const mostMonths = 60;
const usualMonths = 6;

const written = /^(?:19|20)\d\d-(?:0[1-9]|1[0-2])$/;

/** The month that is this many months later; a negative number goes back. */
export function monthAfter(month: string, months: number): string {
  const counted = Number(month.slice(0, 4)) * 12 + Number(month.slice(5)) - 1 + months;
  return `${String(Math.floor(counted / 12)).padStart(4, '0')}-${String((counted % 12) + 1).padStart(2, '0')}`;
}

/** Every month of a period, the earliest first. */
export function monthsOf({ from, to }: Period): string[] {
  const months: string[] = [];
  for (let month = from; month <= to; month = monthAfter(month, 1)) months.push(month);
  return months;
}

/** The months with data: from the first case on, and no more than are plotted. */
export function monthsThereAre({ present, first }: { present: string; first?: string }): string[] {
  const earliest = monthAfter(present, 1 - mostMonths);
  const from = first === undefined || first > present ? present : first;
  return monthsOf({ from: from < earliest ? earliest : from, to: present });
}

/**
 * The period that a URL asks for: by default the last half year, as far as there are cases. Months in the
 * wrong order give the same period.
 * @throws NijoError `bad_request` for an invalid month, or for more months than are plotted.
 */
export function readPeriod(
  asked: { from?: unknown; to?: unknown },
  there: { present: string; first?: string },
): Period {
  const months = monthsThereAre(there);
  const last = monthOf(asked.to) ?? there.present;
  const usual = asked.to === undefined ? (months.at(-usualMonths) ?? months[0]) : last;
  const other = monthOf(asked.from) ?? usual ?? last;
  const period = other <= last ? { from: other, to: last } : { from: last, to: other };
  if (monthAfter(period.from, mostMonths - 1) < period.to) throw new NijoError('bad_request');
  return period;
}

function monthOf(value: unknown): string | undefined {
  if (value === undefined || value === '') return undefined;
  if (typeof value !== 'string' || !written.test(value)) throw new NijoError('bad_request');
  return value;
}
