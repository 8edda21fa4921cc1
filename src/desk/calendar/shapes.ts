import type { Localised } from '../../i18n/locale.ts';
import type { StaffActor } from '../actor.ts';

/** Who changes the calendar: a member of staff, or an operator at the command line (`cli:<user>`). */
export type CalendarActor = Pick<StaffActor, 'accountId' | 'session'> | { cli: string };

/** A day that differs from the weekly hours. */
export interface CalendarDay {
  /** YYYY-MM-DD */
  day: string;
  /** The operator's entry overrides the holiday. */
  source: 'holiday' | 'operator';
  /** Hours of a special opening; absent where it is closed all day. */
  hours?: { opens: string; closes: string };
  name: Localised;
}

/** A closing day or a special opening as it was typed. */
export interface DayInput {
  /** Year-month-day. */
  day: string;
  /** The last day, for several equal days in a row. */
  until?: string;
  /** Hours and minutes. Both left out or empty: closed all day. */
  opens?: string;
  closes?: string;
  name: Localised;
}
