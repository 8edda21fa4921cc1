import type { DeskTrailPage } from '../../src/pages/trail.ts';

/** Newest acts of the desk. */
export const trailModel: DeskTrailPage = {
  rows: [
    {
      id: '4711',
      at: '4 November 2026 at 18:05',
      text: 'Approved the case.',
      by: 'd0000001',
      about: 'a0123456',
      case: { id: 'case-1', number: 'KQ7B-9XT2' },
      breakGlass: true,
      bad: false,
    },
    {
      id: '4702',
      at: '4 November 2026 at 17:40',
      text: 'Was not allowed to do this: GET /desk/trail.',
      by: 'd0000002',
      breakGlass: false,
      bad: true,
    },
  ],
  earlier: '/desk/trail?before=4702',
  newest: false,
  timeZone: 'Asia/Tokyo',
};
