import { readCode } from '../factors/code-input.ts';
import type { ProofOutcome } from '../factors/proving.ts';
import type { LoginDependencies } from './dependencies.ts';
import { decisionAfterSending, sendForWay } from './sending.ts';
import { type Decision, goOn, requireSignIn, type Submission, stay } from './visit.ts';
import { minutesOf } from './wait.ts';

/** The page that waits for the mailed code. */
export async function submitMailCode(dependencies: LoginDependencies, visit: Submission): Promise<Decision> {
  const signIn = requireSignIn(visit);
  if (visit.action === 'resend') return decisionAfterSending(await sendForWay(dependencies, visit, signIn));
  if (visit.action === 'use-app' && offers(visit, 'app')) return change(dependencies, visit, 'app');
  if (visit.action !== 'continue') return stay('action_unknown');
  const code = readCode(visit.form.get('code'), 8);
  if ('fault' in code) return codeFault(code.fault, 8);
  return decisionAfterProof(
    await dependencies.secondFactor.proving.proveMail(signIn, code.digits, visit.ctx.state.origin),
  );
}

/** The page that waits for the app's code. */
export async function submitAppCode(dependencies: LoginDependencies, visit: Submission): Promise<Decision> {
  const signIn = requireSignIn(visit);
  // Without the app, a registered address is the way through this very login (R30).
  if ((visit.action === 'use-mail' || visit.action === 'lost-app') && offers(visit, 'mail')) {
    return change(dependencies, visit, 'mail');
  }
  if (visit.action !== 'continue') return stay('action_unknown');
  const code = readCode(visit.form.get('code'), 6);
  if ('fault' in code) return codeFault(code.fault, 6);
  return decisionAfterProof(
    await dependencies.secondFactor.proving.proveApp(signIn, code.digits, visit.ctx.state.origin),
  );
}

function offers(visit: Submission, way: 'mail' | 'app'): boolean {
  return 'otherWays' in visit.step && visit.step.otherWays.includes(way);
}

async function change(
  dependencies: LoginDependencies,
  visit: Submission,
  way: 'mail' | 'app',
): Promise<Decision> {
  const signIn = requireSignIn(visit);
  await dependencies.secondFactor.chooseWay(signIn, way);
  if (way === 'app') return goOn;
  const sent = await sendForWay(dependencies, visit, signIn);
  return sent?.outcome === 'too-soon' ? goOn : decisionAfterSending(sent);
}

/** What a page says about a code that was not accepted. */
export function decisionAfterProof(proof: ProofOutcome): Decision {
  switch (proof.outcome) {
    case 'proven':
      return goOn;
    case 'wrong':
      return stay(
        'code_wrong',
        'code',
        proof.attemptsLeft === undefined ? {} : { attemptsLeft: proof.attemptsLeft },
      );
    case 'used':
      return stay('code_used', 'code');
    case 'exhausted':
      return stay('code_attempts_exhausted', 'code');
    case 'expired':
    case 'none':
      return stay('code_expired', 'code');
    case 'paused':
      return stay('factor_paused', undefined, minutesOf(proof.retryAfterSeconds));
  }
}

/** What a page says about something that is no code at all. */
export function codeFault(fault: 'missing' | 'malformed', digits: 6 | 8): Decision {
  return fault === 'missing' ? stay('code_missing', 'code') : stay('code_malformed', 'code', { digits });
}
