import type { DeskFiguresPage, FigurePlot } from '../../src/pages/figures.ts';

const single = (id: FigurePlot['id'], name: string): FigurePlot => ({
  id,
  title: `Cases by ${id}`,
  column: 'It',
  parts: [{ name: 'Cases', pattern: 'filled' }],
  rows: [
    { name, values: [7], total: 7, bars: [{ x: 0, width: 100, pattern: 'filled' }] },
    { name: 'Something else', values: [0], total: 0, bars: [] },
  ],
});

/** The centre's figures with everything on the page at once. */
export const figuresModel: DeskFiguresPage = {
  period: { from: '2026-10', to: '2026-11', words: 'October 2026 to November 2026' },
  months: [
    { value: '2026-10', name: 'October 2026' },
    { value: '2026-11', name: 'November 2026' },
  ],
  now: { at: '23 November 2026 at 09:05', waiting: 2, oldest: '3 h 5 min', passesOut: 1 },
  numbers: {
    cases: 7,
    passes: 4,
    twoPeople: 1,
    breakGlass: 1,
    filingToCheck: '25 min',
    checkToPass: '2 min',
  },
  plots: [
    {
      id: 'month',
      title: 'Cases by month',
      column: 'Month',
      parts: [
        { name: 'Set up anew', pattern: 'filled' },
        { name: 'Still going on', pattern: 'striped' },
        { name: 'Ended without a set-up', pattern: 'outlined' },
      ],
      rows: [
        {
          name: 'October 2026',
          values: [2, 1, 2],
          total: 5,
          bars: [
            { x: 0, width: 40, pattern: 'filled' },
            { x: 40, width: 20, pattern: 'striped' },
            { x: 60, width: 40, pattern: 'outlined' },
          ],
        },
        {
          name: 'November 2026',
          values: [2, 0, 0],
          total: 2,
          bars: [{ x: 0, width: 40, pattern: 'filled' }],
        },
      ],
    },
    single('state', 'Set up anew'),
    single('reason', 'Device lost or broken'),
    single('method', 'In person, at the desk'),
    single('source', 'Form for everybody'),
  ],
  csv: '/desk/figures.csv?from=2026-10&to=2026-11',
  timeZone: 'Asia/Tokyo',
};
