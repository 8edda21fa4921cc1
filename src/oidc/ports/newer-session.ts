import type Provider from 'oidc-provider';
import type { NewerSession } from '../../login/ports.ts';
import { selectAccountReason } from '../policy.ts';

type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>;
type Session = Awaited<ReturnType<Provider['Session']['get']>>;

/** What the provider records of the session that an interaction began with. */
interface SessionAtStart {
  uid?: string;
  /** The session's identifier at that time: every finished login, step-up or consent changes it. */
  cookie?: string;
}

/** A request for a new login is not satisfied by any session, however new. */
const alwaysAsks: ReadonlySet<string> = new Set(['login_prompt', selectAccountReason]);

/**
 * This browser's present session, where the interaction does not know it: since the interaction began, a
 * second tab has signed in, stepped up or switched to another session.
 */
export function newerSessionOf(interaction: Interaction, live: Session): NewerSession | undefined {
  const { prompt, params } = interaction;
  const { accountId } = live;
  const begun = (interaction.session ?? {}) as SessionAtStart;
  if (accountId === undefined || live.jti === begun.cookie) return undefined;
  // The provider refuses what was proven for a session that this browser no longer has.
  const exchanged = begun.uid !== undefined && begun.uid !== live.uid;
  if (!exchanged) {
    if (prompt.name !== 'login') return undefined;
    if (prompt.reasons.some((reason) => alwaysAsks.has(reason))) return undefined;
  }
  return {
    accountId,
    acr: live.acr,
    tooOld: params.max_age !== undefined && live.past(Number(params.max_age)),
    required: exchanged,
  };
}
