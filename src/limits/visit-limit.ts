import type { Hit } from './limits.ts';
import { networkOf, siteOf } from './network.ts';

/** How often one network may request pages that need no sign-in: so many at once, and so many a second. */
export interface VisitRate {
  burst: number;
  perSecond: number;
}

// One campus address may stand for thousands of people, and none of them looks at these pages for long.
const rate: VisitRate = { burst: 240, perSecond: 10 };

/** A /48 of IPv6 may belong to one customer, who has 65,536 networks to send from. */
const networksPerSite = 4;

/** Networks that are remembered; beyond this number the one that has been idle for longest is dropped. */
const mostNetworks = 20_000;

/** Who requests a page. */
export interface Visitor {
  address: string;
  /** Something no stranger has, already verified: it counts for itself, not with its network (R67). */
  own?: string | undefined;
}

/** Counts a request. */
export type VisitLimit = (visitor: Visitor) => Hit;

interface Bucket {
  left: number;
  at: number;
}

/**
 * Bounds what strangers can make a node do on the pages that need no sign-in (S12). It is counted in the
 * memory of each node and not in the database, which it protects: a refused request costs no statement.
 */
export function createVisitLimit(
  { burst, perSecond }: VisitRate = rate,
  clock = () => performance.now(),
): VisitLimit {
  // In the order of the last request.
  const buckets = new Map<string, Bucket>();

  function count(key: string, times: number): Hit {
    const now = clock();
    const before = buckets.get(key) ?? { left: burst * times, at: now };
    const refill = ((now - before.at) / 1000) * perSecond * times;
    const left = Math.min(burst * times, before.left + refill);
    buckets.delete(key);
    buckets.set(key, { left: left < 1 ? left : left - 1, at: now });
    if (buckets.size > mostNetworks) {
      const [quietest] = buckets.keys();
      if (quietest !== undefined) buckets.delete(quietest);
    }
    return left < 1
      ? { allowed: false, retryAfterSeconds: Math.max(1, Math.ceil((1 - left) / (perSecond * times))) }
      : { allowed: true };
  }

  return ({ address, own }) => {
    if (own !== undefined) return count(`own:${own}`, 1);
    const network = count(networkOf(address), 1);
    const site = siteOf(address);
    return network.allowed && site !== undefined ? count(site, networksPerSite) : network;
  };
}
