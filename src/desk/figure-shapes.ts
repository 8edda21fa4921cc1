import type { CaseReason, CaseState } from './cases/shapes.ts';
import type { Period } from './months.ts';

export const caseStates: readonly CaseState[] = [
  'open',
  'approved',
  'done',
  'refused',
  'withdrawn',
  'expired',
];

/** How a case came to the desk: the form for everybody, the form within a login, staff, "this was not me". */
export const caseSources = ['form', 'sign-in', 'desk', 'not-me'] as const;
export type CaseSource = (typeof caseSources)[number];

/** How things stand at this moment, whatever the period. */
export interface Standing {
  at: Date;
  timeZone: string;
  /** The present month, and that of the first case there is. */
  present: string;
  first?: string;
  /** Cases that wait for the desk, and how long the oldest one has. */
  waiting: number;
  oldestMinutes?: number;
  /** Passes that are out and not used to the end yet. */
  passesOut: number;
}

/**
 * The cases that were filed in a period, as they stand now: every number is about the same cases, so that
 * the tables add up.
 */
export interface PeriodFigures {
  period: Period;
  cases: number;
  /** Cases for which a setup pass was issued. */
  passes: number;
  /** Cases that two people approved; and those with an approval outside hours. */
  twoPeople: number;
  breakGlass: number;
  /** Medians, in minutes by the clock: from filing to the first identity check, and from there to the pass. */
  filingToCheck?: number;
  checkToPass?: number;
  byMonth: readonly { month: string; state: CaseState; cases: number }[];
  byState: readonly { state: CaseState; cases: number }[];
  byReason: readonly { reason: CaseReason; cases: number }[];
  bySource: readonly { source: CaseSource; cases: number }[];
  /** By the method of the last identity check; `undefined` for cases without one. */
  byMethod: readonly { method: string | undefined; cases: number }[];
}
