import type { Opening } from '../../i18n/opening.ts';

/** How long an opening is kept at most, though nothing has changed. */
const keptMs = 60_000;

/** What the calendar says, and which version of it says so. */
export interface ReadOpening {
  opening: Opening;
  version: number;
}

interface Kept extends ReadOpening {
  /** When it was asked for, and until when it may be shown, by this process's monotonic clock. */
  askedAt: number;
  until: number;
}

/**
 * Keeps the opening for the pages that anybody can ask for (S12): they cost the look-up of a number, and however
 * many ask at once, one question goes to the database. It is for showing alone: whether an approval is inside the
 * hours (R41) is asked of the database, in the transaction that approves.
 * @param calendar.version the calendar's present version; every change of it makes another one.
 * @returns what pages say of now.
 */
export function createShownOpening(
  calendar: { version(): Promise<number>; read(): Promise<ReadOpening> },
  clock = () => performance.now(),
): () => Promise<Opening> {
  let kept: Kept | undefined;
  let asking: Promise<Kept> | undefined;

  async function ask(): Promise<Kept> {
    if (kept !== undefined && clock() < kept.until && kept.version === (await calendar.version()))
      return kept;
    const askedAt = clock();
    const read = await calendar.read();
    const { open, closes, nextOpens, at } = read.opening;
    // Open and closed change to the second (R41), also between two looks.
    const boundary = open ? closes : nextOpens;
    const left = boundary === undefined ? keptMs : boundary.getTime() - at.getTime();
    kept = { ...read, askedAt, until: askedAt + Math.min(keptMs, left) };
    return kept;
  }

  return async () => {
    const question = asking ?? ask();
    asking = question;
    try {
      const { opening, askedAt } = await question;
      return { ...opening, at: new Date(opening.at.getTime() + Math.max(0, clock() - askedAt)) };
    } finally {
      if (asking === question) asking = undefined;
    }
  };
}
