import type { Anchor } from './anchors.ts';
import type { Finding, Linked } from './findings.ts';
import { type ChainedEvent, digestOf, type Link } from './links.ts';

/** Checks one link after the other; keeps only the previous link and the few that do not fit. */
export interface Inspection {
  next(linked: Linked): Finding[];
  /** Call it after the last link. @param head where the chain ends. */
  end(head: Link): Finding[];
}

/** A link that does not fit the event it names. */
interface Misfit extends Linked {
  previous: string;
  /** What its digest would be if the event were right and the link wrong. */
  computed: string;
}

// If more events than this were changed, each is reported by itself, and exchanged pairs are not detected.
const mostCompared = 100;

// A transaction's events have its start time, and no transaction lasts this long.
const hour = 3_600_000_000;

export function createInspection(key: Buffer, anchors: readonly Anchor[], since: Link): Inspection {
  const anchored = new Map(anchors.map((anchor) => [anchor.position, anchor]));
  const misfits: Misfit[] = [];
  let before: Link = since;
  let beforeAt: string | undefined;
  /** The previous link, if it did not fit: the next link shows whether the link or its event was changed. */
  let doubted: Misfit | undefined;
  /** After a gap the previous digest is unknown. */
  let unknown = false;

  function inspect({ link, eventId, event }: Linked): Finding[] {
    const fits = (previous: string): boolean =>
      digestOf(key, previous, link.position, eventId, event) === link.digest;
    if (unknown || fits(before.digest)) return settle();
    if (doubted !== undefined && fits(doubted.computed)) {
      const { position } = doubted.link;
      const found: Finding = { kind: 'link-changed', position, event: doubted.eventId };
      doubted = undefined;
      return [found];
    }
    // Its event is gone, and is reported as missing.
    if (event === undefined) return settle();
    const computed = digestOf(key, before.digest, link.position, eventId, event);
    const found = settle();
    doubted = { link, eventId, event, previous: before.digest, computed };
    return found;
  }

  /** The doubted link was right: its event is not what was linked. */
  function settle(): Finding[] {
    if (doubted === undefined) return [];
    misfits.push(doubted);
    doubted = undefined;
    return misfits.length < mostCompared ? [] : explain();
  }

  /** Finds, for each misfit, whether its content is that of another misfit. */
  function explain(): Finding[] {
    const said = misfits.splice(0);
    return said.map((misfit) => {
      const { link, eventId, previous } = misfit;
      const was = (event: ChainedEvent | undefined): boolean =>
        event !== undefined && digestOf(key, previous, link.position, event.id, event) === link.digest;
      const other = said.find(
        ({ event }) => was(event) || (event !== undefined && was({ ...event, id: eventId })),
      );
      return other === undefined || other === misfit
        ? { kind: 'changed', position: link.position, event: eventId }
        : { kind: 'reordered', position: link.position, event: eventId, other: other.eventId };
    });
  }

  function againstAnchor({ position, digest }: Link): Finding[] {
    const anchor = anchored.get(position);
    return anchor === undefined || anchor.digest === digest
      ? []
      : [{ kind: 'rewritten', position, other: anchor.at }];
  }

  return {
    next(linked) {
      const { link, eventId, event } = linked;
      const found: Finding[] = [];
      const expected = before.position + 1;
      if (link.position !== expected) {
        found.push(...settle(), {
          kind: 'gap',
          position: expected,
          ...(link.position - 1 > expected ? { other: String(link.position - 1) } : {}),
        });
        unknown = true;
      }
      if (event === undefined) found.push({ kind: 'missing', position: link.position, event: eventId });
      found.push(...inspect(linked), ...againstAnchor(link));
      if (event !== undefined && beforeAt !== undefined && BigInt(event.at) < BigInt(beforeAt) - BigInt(hour))
        found.push({ kind: 'backdated', position: link.position, event: eventId });
      beforeAt = event?.at ?? beforeAt;
      before = link;
      unknown = false;
      return found;
    },
    end(head) {
      const beyond = anchors.filter(({ position }) => position > head.position);
      return [
        ...settle(),
        ...explain(),
        ...beyond.map(({ position, at }): Finding => ({ kind: 'cut-off', position, other: at })),
      ];
    },
  };
}
