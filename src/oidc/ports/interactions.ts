import type { IncomingMessage, ServerResponse } from 'node:http';
import { errors, type InteractionResults } from 'oidc-provider';
import type Provider from 'oidc-provider';
import { NijoError } from '../../base/errors.ts';
import type { Sealer } from '../../base/sealing.ts';
import type { Db } from '../../db/open.ts';
import type { InteractionDetails, InteractionResult, Interactions } from '../../login/ports.ts';
import type { ClientCache } from '../clients/cache.ts';
import { extendGrant } from '../provider/grants.ts';
import { createPayloadSeal } from '../storage/payload-seal.ts';
import { WriteConflict, readExpiredPayload } from '../storage/payload-store.ts';
import { newerSessionOf } from './newer-session.ts';
import { assuranceRequirementOf, selectAccountReason, stepUpReason } from '../policy.ts';
import type { ResultOfBrowser } from '../provider/resume-check.ts';
import { serviceNameOf } from '../clients/name.ts';
import { type BrowserTrust, trustDaysOf } from '../trust.ts';
import type { UnitOfWork } from '../storage/unit-of-work.ts';
import type { UnitsOfWork } from '../storage/units.ts';

type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>;

/** The request's login, read once: `finish` continues with what `details` has checked. */
interface Visit {
  unit: UnitOfWork;
  interaction: Interaction;
  /** This browser's present session; without an account where there is none. */
  live: Awaited<ReturnType<Provider['Session']['get']>>;
  provider: Provider;
}

const strings = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((entry): entry is string => typeof entry === 'string') : [];

const words = (value: unknown): string[] =>
  typeof value === 'string' ? value.split(' ').filter((word) => word !== '') : [];

/** The first web origin among a service's addresses. */
const webOriginOf = (urls: readonly string[]): string | undefined =>
  urls.map((url) => URL.parse(url)?.origin).find((origin) => /^https?:/.test(origin ?? ''));

function claimNames(params: Interaction['params']): string[] {
  if (typeof params.claims !== 'string') return [];
  const { userinfo, id_token: idToken } = JSON.parse(params.claims) as Record<string, object | undefined>;
  return Object.keys({ ...userinfo, ...idToken });
}

/** What explicit consent covers: what is missing, or everything when the client asks for consent again. */
function consentAsked(interaction: Interaction): { scopes: string[]; claims: string[] } {
  const { missingOIDCScope, missingOIDCClaims } = interaction.prompt.details;
  const missing = { scopes: strings(missingOIDCScope), claims: strings(missingOIDCClaims) };
  if (missing.scopes.length > 0 || missing.claims.length > 0) return missing;
  return { scopes: words(interaction.params.scope), claims: claimNames(interaction.params) };
}

/** What is needed of the provider's handle. */
export interface InteractionsDeps {
  db: Db;
  sealer: Sealer;
  clients: ClientCache;
  units: UnitsOfWork;
  trust: BrowserTrust;
  /** Ends a session of this browser when another user signs in, and notifies its services. */
  endSession: (accountId: string, uidDigests: readonly string[], req: IncomingMessage) => Promise<void>;
  /** The current provider. */
  current(): Provider;
}

/** The login pages' port, on the provider. */
export function createInteractions(deps: InteractionsDeps): Interactions {
  const { db, clients, units } = deps;
  const seal = createPayloadSeal(deps.sealer);
  const visits = new WeakMap<IncomingMessage, Visit>();

  async function inUnit<Result>(unit: UnitOfWork, work: () => Promise<Result>): Promise<Result> {
    try {
      return await units.inside(unit, work);
    } catch (error) {
      if (unit.failure()?.unavailable === true)
        throw new NijoError('temporarily_unavailable', {}, { cause: error });
      if (error instanceof errors.SessionNotFound)
        throw new NijoError('interaction_expired', {}, { cause: error });
      throw error;
    }
  }

  async function visit(req: IncomingMessage, res: ServerResponse, uid: string): Promise<Visit> {
    const known = visits.get(req);
    if (known?.interaction.uid === uid) return known;
    const provider = deps.current();
    const unit = units.create();
    const interaction = await inUnit(unit, () => provider.interactionDetails(req, res));
    // The provider reads only its cookie (E6): a link into another user's login ends here (C21).
    if (interaction.uid !== uid) throw new NijoError('interaction_foreign');
    const live = await inUnit(unit, () => provider.Session.get(provider.createContext(req, res)));
    const made = { unit, interaction, live, provider };
    visits.set(req, made);
    return made;
  }

  async function consent({ interaction, provider }: Visit): Promise<InteractionResults> {
    const accountId = interaction.session?.accountId;
    const clientId = String(interaction.params.client_id);
    const settings = await clients.settings(clientId);
    if (accountId === undefined || settings === undefined) throw new NijoError('interaction_expired');
    const grantId = (interaction as { grantId?: string }).grantId;
    const found = grantId === undefined ? undefined : await provider.Grant.find(grantId);
    const grant = found?.accountId === accountId ? found : new provider.Grant({ accountId, clientId });
    const asked = consentAsked(interaction);
    extendGrant(grant, settings, new Set(asked.scopes), new Set(asked.claims));
    delete grant.exp;
    const login = interaction.lastSubmission?.login;
    const sessionUid = interaction.session?.uid;
    const session = sessionUid === undefined ? undefined : await provider.Session.findByUid(sessionUid);
    return {
      consent: { grantId: await grant.save() },
      // Only a login of this same request still answers `prompt=login` and `max_age` (E6), and only until a
      // newer sign-in replaces it: the response then describes the whole session (S8).
      ...(login?.accountId === accountId && session?.loginTs === login.ts ? { login } : {}),
    };
  }

  function signedIn(result: Extract<InteractionResult, { kind: 'signed-in' }>): InteractionResults {
    return {
      login: {
        accountId: result.accountId,
        acr: result.acr,
        amr: [...result.amr],
        ts: result.authTime,
        // The cookie ends with the browser; the server decides how long the session lives.
        remember: false,
      },
    };
  }

  /** The client of a login, even of one that is over. */
  async function clientOf(uid: string): Promise<string | undefined> {
    const row = await readExpiredPayload(db, 'Interaction', seal.digests(uid));
    if (row !== undefined) {
      const { params } = JSON.parse(seal.open('Interaction', row.id, row.payload)) as Pick<
        Interaction,
        'params'
      >;
      return String(params.client_id);
    }
    const signIn = await db
      .selectFrom('sign_ins')
      .select('client_id')
      .where('interaction', '=', uid)
      .executeTakeFirst();
    return signIn?.client_id;
  }

  /** A caller that ends a login must first have read the details of this same login. */
  function visitOf(req: IncomingMessage): Visit {
    const visited = visits.get(req);
    if (visited === undefined) throw new NijoError('interaction_foreign');
    return visited;
  }

  /** Used where this browser's session has changed or will: the provider must not compare the two. */
  async function detach({ interaction }: Visit): Promise<void> {
    const begun = interaction.session as { uid?: string } | undefined;
    if (begun?.uid === undefined) return;
    delete begun.uid;
    await interaction.persist();
  }

  async function record(
    { unit, provider }: Visit,
    req: IncomingMessage,
    res: ServerResponse,
    submission: InteractionResults & ResultOfBrowser,
  ): Promise<string> {
    const returnTo = await provider.interactionResult(req, res, submission, {
      mergeWithLastSubmission: false,
    });
    try {
      await unit.flush();
    } catch (error) {
      // A parallel request has finished or ended this login: it cannot continue.
      if (error instanceof WriteConflict) throw new NijoError('interaction_finished', {}, { cause: error });
      throw new NijoError('temporarily_unavailable', {}, { cause: error });
    }
    return returnTo;
  }

  return {
    async details(req, res, uid): Promise<InteractionDetails> {
      const { interaction, provider, unit, live } = await visit(req, res, uid);
      const { params, prompt, session } = interaction;
      const clientId = String(params.client_id);
      const settings = await clients.settings(clientId);
      // A client that was removed or disabled meanwhile gets no login.
      if (settings === undefined) throw new NijoError('service_unknown', { client_id: clientId });
      // The provider removes the uid when it ends the session for this login.
      const sessionUid: string | undefined = session?.uid;
      const found =
        sessionUid === undefined
          ? undefined
          : await inUnit(unit, () => provider.Session.findByUid(sessionUid));
      const newerSession = newerSessionOf(interaction, live);
      // This login's session is over or belongs to another user. The provider would refuse any proof, so the
      // user is not asked for one.
      const standsOn = prompt.name === 'consent' ? live : found;
      const asked = sessionUid !== undefined || prompt.name === 'consent';
      if (newerSession === undefined && asked && standsOn?.accountId !== session?.accountId)
        throw new NijoError('interaction_expired');
      const days = trustDaysOf(params, settings);
      const usable = found !== undefined && !prompt.reasons.includes('account_unusable');
      return {
        uid,
        prompt: prompt.name === 'consent' ? 'consent' : 'login',
        reauthenticate: prompt.name === 'login' && prompt.reasons.some((reason) => reason !== stepUpReason),
        client: {
          id: clientId,
          name: serviceNameOf(clientId, settings),
        },
        demand: assuranceRequirementOf(params, settings),
        trust: days !== undefined && deps.trust.allowedFrom(req) ? { days } : undefined,
        // A client declared before this setting existed has none.
        passwordless: settings.passkey_sign_in === true,
        session:
          usable && session !== undefined
            ? {
                accountId: session.accountId,
                // All from the present session: the user may have signed in again since this login began.
                amr: found.amr ?? [],
                acr: found.acr,
                authTime: found.loginTs ?? 0,
                uidDigests: sessionUid === undefined ? [] : seal.digests(sessionUid),
              }
            : undefined,
        ...(newerSession === undefined ? {} : { newerSession }),
        ...(prompt.reasons.includes(selectAccountReason) && live.accountId !== undefined
          ? { signedInAs: unit.account(live.accountId)?.loginId }
          : {}),
        uiLocales: words(params.ui_locales),
        loginHint: typeof params.login_hint === 'string' ? params.login_hint : undefined,
        consent: consentAsked(interaction),
        // A duration, because this node's clock may differ from the database's.
        secondsLeft: interaction.exp - Math.floor(Date.now() / 1000),
      };
    },

    async finish(req, res, result, browser): Promise<string> {
      const visited = visitOf(req);
      const { unit, live } = visited;
      const switched =
        result.kind === 'signed-in' && live.accountId !== undefined && live.accountId !== result.accountId;
      const returnTo = await inUnit(unit, async () => {
        const submission: InteractionResults =
          result.kind === 'signed-in'
            ? signedIn(result)
            : result.kind === 'consented'
              ? await consent(visited)
              : { error: result.error, error_description: result.description };
        if (switched || result.kind === 'refused') await detach(visited);
        if (result.kind === 'signed-in')
          unit.requireLogin({ interaction: visited.interaction.uid, accountId: result.accountId });
        return record(visited, req, res, { ...submission, browser });
      });
      if (switched) await deps.endSession(live.accountId ?? '', seal.digests(live.uid), req);
      return returnTo;
    },

    async startOver(req, res, browser): Promise<string> {
      const visited = visitOf(req);
      return inUnit(visited.unit, async () => {
        await detach(visited);
        return record(visited, req, res, { browser });
      });
    },

    async startAgain(uid) {
      const clientId = await clientOf(uid);
      const settings = clientId === undefined ? undefined : await clients.settings(clientId);
      if (clientId === undefined || settings === undefined) return undefined;
      const origin = settings.application_type === 'native' ? undefined : webOriginOf(settings.redirect_uris);
      const url = settings.initiate_login_uri ?? settings.client_uri ?? origin;
      return url === undefined ? undefined : { service: serviceNameOf(clientId, settings), url };
    },
  };
}
