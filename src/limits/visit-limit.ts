import type { Hit } from './limits.ts';
import { networkOf } from './network.ts';

/** How often one network may look at pages that need no sign-in: so many at once, and so many a second. */
export interface VisitRate {
  burst: number;
  perSecond: number;
}

// Behind one address of a campus may be thousands of people, and none of them looks at these pages for long.
const rate: VisitRate = { burst: 240, perSecond: 10 };

/** Networks that are remembered: beyond these the one that has been quiet for longest is forgotten. */
const mostNetworks = 20_000;

/** Counts a visit from this address. */
export type VisitLimit = (address: string) => Hit;

interface Bucket {
  left: number;
  at: number;
}

/**
 * Bounds what strangers can make a node do on the pages that need no sign-in (S12). It is counted in the memory of
 * each node and not in the database, which is what it protects: a refused visit costs no statement.
 */
export function createVisitLimit(
  { burst, perSecond }: VisitRate = rate,
  clock = () => performance.now(),
): VisitLimit {
  // In the order of the last visit.
  const networks = new Map<string, Bucket>();
  return (address) => {
    const network = networkOf(address);
    const now = clock();
    const before = networks.get(network) ?? { left: burst, at: now };
    const left = Math.min(burst, before.left + ((now - before.at) / 1000) * perSecond);
    networks.delete(network);
    networks.set(network, { left: left < 1 ? left : left - 1, at: now });
    if (networks.size > mostNetworks) {
      const [quietest] = networks.keys();
      if (quietest !== undefined) networks.delete(quietest);
    }
    return left < 1
      ? { allowed: false, retryAfterSeconds: Math.max(1, Math.ceil((1 - left) / perSecond)) }
      : { allowed: true };
  };
}
