import type { Localised } from '../../i18n/locale.ts';
import type { StaffActor } from '../actor.ts';

/** Who changes the calendar: a member of staff, or whoever has the command line (`cli:<user>`). */
export type CalendarActor = Pick<StaffActor, 'accountId' | 'session'> | { cli: string };

/** A day that is not as the week says. */
export interface CalendarDay {
  /** YYYY-MM-DD */
  day: string;
  /** The operator's word counts before the holiday's. */
  source: 'holiday' | 'operator';
  /** Hours of a special opening; without them it is closed all day. */
  hours?: { opens: string; closes: string };
  name: Localised;
}

/** A closing day or a special opening as somebody types it. */
export interface DayInput {
  /** Year-month-day. */
  day: string;
  /** The last one, where several days in a row are alike. */
  until?: string;
  /** Hours and minutes. Both left out or empty: closed all day. */
  opens?: string;
  closes?: string;
  name: Localised;
}
