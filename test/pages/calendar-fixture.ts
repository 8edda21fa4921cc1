import type { OperatorCalendarPage } from '../../src/pages/calendar.ts';

/** The calendar over a year's end, with a holiday on which the centre is open nevertheless. */
export const calendarModel: OperatorCalendarPage = {
  open: false,
  opening: 'Closed now. Opens Monday at 9:00.',
  timeZone: 'Asia/Tokyo',
  typed: { day: '2027-01-04', until: '', opens: '10:00', closes: '12:00', name_en: 'Desk', name_ja: '窓口' },
  months: [
    {
      month: 'December 2026',
      days: [
        {
          day: '2026-12-29',
          date: 'Tuesday, December 29',
          source: 'operator',
          name: { en: 'New Year holidays', ja: '年末年始' },
          overruled: false,
        },
      ],
    },
    {
      month: 'January 2027',
      days: [
        {
          day: '2027-01-11',
          date: 'Monday, January 11',
          source: 'operator',
          hours: '10:00–12:00',
          name: { en: 'Desk before the term', ja: '学期前の窓口' },
          overruled: false,
        },
        {
          day: '2027-01-11',
          date: 'Monday, January 11',
          source: 'holiday',
          name: { en: 'Coming of Age Day', ja: '成人の日' },
          overruled: true,
        },
      ],
    },
  ],
};
