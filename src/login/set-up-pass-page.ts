import { readSetUpPass } from '../factors/setup-pass/passes.ts';
import type { LoginDependencies } from './dependencies.ts';
import { passwordFault } from './reset-pages.ts';
import { type Decision, proceed, requireSignIn, type Submission, redisplay } from './visit.ts';
import { minutesOf } from './wait.ts';

const faults = { wrong: 'setup_pass_wrong', used: 'setup_pass_used', expired: 'setup_pass_expired' } as const;

/** The setup pass, with the password where this login has not verified it; it opens Initial setup (R40). */
export async function submitSetUpPass(dependencies: LoginDependencies, visit: Submission): Promise<Decision> {
  const signIn = requireSignIn(visit);
  const { detours, passes } = dependencies.secondFactor;
  if (visit.action === 'help') {
    await detours.turnTo(signIn, 'support');
    return proceed;
  }
  if (visit.action === 'back') {
    await detours.leave(signIn, 'set-up-pass');
    return proceed;
  }
  if (visit.action !== 'continue') return redisplay('action_unknown');
  const pass = readSetUpPass(visit.form.get('setup_pass'));
  if ('fault' in pass)
    return redisplay(pass.fault === 'missing' ? 'setup_pass_missing' : 'setup_pass_malformed', 'setup_pass');
  const refused = await passwordFault(dependencies, visit);
  if (refused !== undefined) return refused;
  const claimed = await passes.claim(signIn, pass.digits, visit.ctx.state.origin);
  if (claimed.outcome === 'claimed') return proceed;
  if (claimed.outcome === 'paused')
    return redisplay('factor_paused', undefined, minutesOf(claimed.retryAfterSeconds));
  return redisplay(faults[claimed.outcome], 'setup_pass');
}
