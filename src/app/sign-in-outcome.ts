import type { Db } from '../db/open.ts';
import { recordSignInEnd } from '../factors/sign-in/sign-ins.ts';
import type { SignInOutcome } from '../login/dependencies.ts';
import type { Metrics } from '../observe/metrics.ts';

/** Records the outcome of a login, and counts it once. */
export async function recordSignIn(db: Db, metrics: Metrics, outcome: SignInOutcome): Promise<void> {
  const success = outcome.event === 'sign-in.finished';
  const recorded = await recordSignInEnd(db, outcome.interaction, outcome.origin, {
    event: outcome.event,
    result: success ? 'success' : 'failure',
    clientId: outcome.clientId,
    ...(outcome.accountId === undefined ? {} : { accountId: outcome.accountId }),
    details: { acr: outcome.acr ?? 'none' },
  });
  if (!recorded) return;
  metrics.signIn(
    outcome.acr ?? 'none',
    success ? 'success' : outcome.event === 'sign-in.cancelled' ? 'cancelled' : 'failure',
  );
}
