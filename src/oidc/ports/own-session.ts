import { createHmac } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { NijoError } from '../../base/errors.ts';
import { equalSecrets, type Sealer } from '../../base/sealing.ts';
import type { Configuration } from '../../config/schema.ts';
import { settledWithoutHolder } from '../../factors/assurance.ts';
import { freshSeconds } from '../../factors/fresh-proof.ts';
import { accountApp, type FirstPartyApp } from '../clients/first-party.ts';
import { createPayloadSeal } from '../storage/payload-seal.ts';
import { assuranceRequirementOf } from '../policy.ts';
import { ttlConfiguration } from '../provider/ttl.ts';
import type { UnitsOfWork } from '../storage/units.ts';
import { ownClient } from '../clients/first-party-metadata.ts';
import type { OwnSession, OwnSessions } from '../../web/own-session.ts';

export { accountApp, staffApp } from '../clients/first-party.ts';

/** What is needed of the provider's handle. */
export interface OwnSessionDeps {
  config: Configuration;
  sealer: Sealer;
  units: UnitsOfWork;
  /** The current provider. */
  current(): Provider;
}

// Plain path segments and a plain query: no match leads to another host or to a parent folder.
const rest = /^(?:\/[\w~-]+(?:\.[\w~-]+)*)*(?:\?[\w=&%.~+-]*)?$/;

function isLocal(path: string, { folders, redirectPath }: FirstPartyApp): boolean {
  return (
    path.length <= 500 &&
    !path.startsWith(redirectPath) &&
    folders.some((folder) => path.startsWith(`/${folder}`) && rest.test(path.slice(folder.length + 1)))
  );
}

/**
 * The port of our own pages: they use the provider's session and have none of their own.
 * @param options.freshSeconds the maximum age of a sign-in where a page asks for a fresh one.
 */
export function createOwnSessions(
  deps: OwnSessionDeps,
  place: FirstPartyApp = accountApp,
  options: { freshSeconds: number } = { freshSeconds },
): OwnSessions {
  const { config, sealer, units } = deps;
  const { issuer } = config;
  const { sessionSeconds } = ttlConfiguration(config);
  const switches = { mailSatisfiesMfa: config.assurance.mail_satisfies_mfa };
  const seal = createPayloadSeal(sealer);
  const keys = sealer.keys('form-token');
  // A session must meet the weakest of these pages; the staff's authorization check is stricter (A41).
  const demand = assuranceRequirementOf({}, ownClient(issuer, accountApp));
  // A path of one app is not a valid answer to a login of another.
  const word = place === accountApp ? 'own-page' : `own-page:${place.clientId}`;

  const mark = (key: Buffer, path: string): string =>
    createHmac('sha256', key).update(`${word}:${path}`).digest('base64url').slice(0, 22);

  return {
    async read(req: IncomingMessage, res: ServerResponse): Promise<OwnSession | undefined> {
      const provider = deps.current();
      const unit = units.create();
      const session = await units
        .inside(unit, () => provider.Session.get(provider.createContext(req, res)))
        .catch((error: unknown) => {
          // Whether the user is signed in is unknown: the request fails, and does not lead to a login.
          if (unit.failure()?.unavailable === true)
            throw new NijoError('temporarily_unavailable', {}, { cause: error });
          throw error;
        });
      const { accountId, uid, loginTs } = session;
      if (accountId === undefined || loginTs === undefined || session.past(sessionSeconds)) return undefined;
      // A session of a service that asks for a password only shows and changes nothing here (R1).
      if (!settledWithoutHolder(demand, session.acr, switches)) return undefined;
      return {
        accountId,
        uid,
        uidDigests: seal.digests(uid),
        acr: session.acr,
        amr: session.amr ?? [],
        authTime: loginTs,
        ageSeconds: Math.max(0, Math.floor(Date.now() / 1000) - loginTs),
      };
    },
    signInUrl(returnTo, { fresh, locale, again = false }) {
      const path = isLocal(returnTo, place) ? returnTo : place.home;
      const [key] = keys;
      if (key === undefined) throw new Error('no key');
      const parameters = new URLSearchParams({
        client_id: place.clientId,
        response_type: 'none',
        scope: 'openid',
        redirect_uri: `${issuer}${place.redirectPath}`,
        state: `${Buffer.from(path).toString('base64url')}.${mark(key, path)}`,
        ui_locales: locale,
        ...(again ? { prompt: 'login' } : {}),
        ...(fresh ? { max_age: String(options.freshSeconds) } : {}),
      });
      return `/authorize?${parameters.toString()}`;
    },
    returnPath(state) {
      const [encoded = '', given = ''] = (state ?? '').split('.');
      const path = Buffer.from(encoded, 'base64url').toString();
      // Marked by us, so that nobody else can choose where a login leads; it must also be a path of ours.
      const ours = keys.some((key) => equalSecrets(mark(key, path), given));
      return ours && isLocal(path, place) ? path : undefined;
    },
  };
}
