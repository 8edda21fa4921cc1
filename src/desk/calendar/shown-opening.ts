import type { Opening } from '../../i18n/opening.ts';

/** How long an unchanged opening is cached at most. */
const keptMs = 60_000;

/** An opening, and the calendar version it was read at. */
export interface ReadOpening {
  opening: Opening;
  version: number;
}

interface Kept extends ReadOpening {
  /** When it was read, and until when it may be shown, by this process's monotonic clock. */
  askedAt: number;
  until: number;
}

/**
 * Caches the opening for public pages (S12): a page costs the look-up of a version number, and concurrent
 * requests share one database query. For display only: whether an approval is within hours (R41) is read
 * from the database, in the transaction that approves.
 * @param calendar.version the calendar's present version; every change produces another one.
 * @returns the opening that pages show now.
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
    // The centre opens and closes to the second (R41), also between two reads.
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
