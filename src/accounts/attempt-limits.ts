import type { Sealer } from '../base/sealing.ts';
import type { Configuration } from '../config/schema.ts';
import { type Places, placeAt } from '../config/places.ts';
import type { Limit } from '../limits/limits.ts';
import { networkOf, siteOf } from '../limits/network.ts';
import type { Pace } from '../limits/pace.ts';
import { normaliseLoginId } from './login-id.ts';

/** The windows that one attempt may count in. Their keys sort in the order of counting and locking. */
export interface AttemptLimits {
  idAndNetwork: Limit;
  /** The /48 around an IPv6 network. */
  idAndSite: Limit | undefined;
  /** In place of the network's, for a browser that has signed in to this account before. */
  idAndBrowser: Limit | undefined;
  /** In place of the network's, for a browser that has signed in to any account before. */
  browser: Limit | undefined;
  network: Limit;
  site: Limit | undefined;
  /** How fast attempts of a network that is over its limit are compared. */
  pace: (limit: Limit) => Pace;
}

/** A /48 holds many households, and one attacker may own it whole: so many times the limit of a network. */
const siteFactor = { id: 3, network: 4 };
/** The longest time that an attempt waits to be compared. */
const longestWaitMs = 20_000;

/**
 * Wrong passwords are counted by (ID, network) and by network, never by ID alone: nobody outside the owner's
 * network can lock the owner out (I2, A16). Failures of others on the network delay a right password there,
 * but never refuse it (R67).
 * IDs are counted by a keyed digest: the ID field may contain a password typed there by mistake, also one
 * that has the shape of an ID (S30).
 * @param browser digest of the lasting cookie of a browser that signed in before (`web/known-browser.ts`).
 */
export function attemptLimits(
  settings: Configuration['password_limits'],
  places: Places,
  sealer: Pick<Sealer, 'digest'>,
  attempt: { loginId: string; address: string; browser: string | undefined },
): AttemptLimits {
  const { loginId, address, browser } = attempt;
  const network = networkOf(address);
  const site = siteOf(address);
  const own = placeAt(places, address)?.limits;
  const perId = own?.wrong_passwords_per_id_and_network ?? settings.wrong_per_id_and_network;
  const perNetwork = own?.wrong_passwords_per_network ?? settings.wrong_per_network;
  const typed = `sign-in-id:${normaliseLoginId(loginId) ?? `?${loginId}`}`;
  const id = sealer.digest('lookup', typed).toString('base64url').slice(0, 22);
  const window = (key: string, max: number): Limit => ({
    key: `password:${key}`,
    max,
    seconds: settings.window_minutes * 60,
  });
  return {
    idAndNetwork: window(`id:${id}|${network}`, perId),
    idAndSite: site === undefined ? undefined : window(`idsite:${id}|${site}`, perId * siteFactor.id),
    idAndBrowser:
      browser === undefined ? undefined : window(`id:${id}|${browser}`, settings.wrong_per_id_and_network),
    browser:
      browser === undefined ? undefined : window(`known:${browser}`, settings.wrong_per_id_and_network),
    network: window(`network:${network}`, perNetwork),
    site: site === undefined ? undefined : window(`networksite:${site}`, perNetwork * siteFactor.network),
    pace: ({ key }) => ({
      key: `${key}:slowed`,
      everyMs: 60_000 / settings.slowed_per_minute,
      longestMs: longestWaitMs,
    }),
  };
}
