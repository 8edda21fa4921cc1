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

/** How a case came to the desk: the public form, the form within a login, staff, "this was not me". */
export const caseSources = ['form', 'sign-in', 'desk', 'not-me'] as const;
export type CaseSource = (typeof caseSources)[number];

/** The present state, independent of the period. */
export interface Standing {
  at: Date;
  timeZone: string;
  /** The present month, and the month of the first case. */
  present: string;
  first?: string;
  /** Cases that wait for the desk, and how long the oldest one has waited. */
  waiting: number;
  oldestMinutes?: number;
  /** Passes that are issued and not completed yet. */
  passesOut: number;
}

/**
 * The cases that were filed in a period, in their present state: every number counts the same cases, so the
 * tables add up.
 */
export interface PeriodFigures {
  period: Period;
  cases: number;
  /** Cases for which a setup pass was issued. */
  passes: number;
  /** Cases that two people approved; cases with an approval outside hours. */
  twoPeople: number;
  breakGlass: number;
  /** Medians in minutes by the clock: from filing to the first identity check, and from there to the pass. */
  filingToCheck?: number;
  checkToPass?: number;
  byMonth: readonly { month: string; state: CaseState; cases: number }[];
  byState: readonly { state: CaseState; cases: number }[];
  byReason: readonly { reason: CaseReason; cases: number }[];
  bySource: readonly { source: CaseSource; cases: number }[];
  /** By the method of the last identity check; `undefined` for cases without one. */
  byMethod: readonly { method: string | undefined; cases: number }[];
}
