import type Provider from 'oidc-provider';
import type { NewerSession } from '../../login/ports.ts';
import { selectAccountReason } from '../policy.ts';

type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>;
type Session = Awaited<ReturnType<Provider['Session']['get']>>;

/** What the provider keeps of the session that an interaction began with. */
interface SessionAtStart {
  uid?: string;
  /** The session's identifier then: every login, step-up or consent that goes through gives it another one. */
  cookie?: string;
}

/** A request for a new login is not met by any session, however new. */
const alwaysAsks: ReadonlySet<string> = new Set(['login_prompt', selectAccountReason]);

/**
 * The session that this browser has by now, where the interaction does not know of it: signed in, stepped
 * up or exchanged for another one in a second tab since the interaction began.
 */
export function newerSessionOf(interaction: Interaction, live: Session): NewerSession | undefined {
  const { prompt, params } = interaction;
  const { accountId } = live;
  const begun = (interaction.session ?? {}) as SessionAtStart;
  if (accountId === undefined || live.jti === begun.cookie) return undefined;
  // The provider refuses what was proven upon a session that is not this browser's any more.
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
