import type { Localised } from '../i18n/locale.ts';

/** A day that differs from the weekly hours, in words. */
export interface ShownDay {
  /** YYYY-MM-DD */
  day: string;
  /** "Monday, January 4" */
  date: string;
  source: 'holiday' | 'operator';
  /** "10:00–12:00"; without it the centre is closed all day. */
  hours?: string;
  /** Staff sees what users of the other language read. */
  name: Localised;
  /** A holiday that the operator's entry overrides. */
  overruled: boolean;
  /** The operator's entry for today: only the command line removes it (R41). */
  settled?: true;
}

/** The closing days and special openings of the coming months. */
export interface OperatorCalendarPage {
  open: boolean;
  /** Open until when, or closed and when it opens. */
  opening: string;
  months: readonly { month: string; days: readonly ShownDay[] }[];
  timeZone: string;
  /** As it was typed, where the form is shown again. */
  typed: { day: string; until: string; opens: string; closes: string; name_en: string; name_ja: string };
}
