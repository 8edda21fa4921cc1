import { readCode } from '../factors/verification/code-input.ts';
import type { VerificationOutcome } from '../factors/verification/verify.ts';
import { readRecoveryCode } from '../factors/recovery/codes.ts';
import type { LoginDependencies } from './dependencies.ts';
import { decisionAfterSending, sendForWay } from './sending.ts';
import { trustWhereTicked } from './trust.ts';
import { type Decision, proceed, requireSignIn, type Submission, redisplay } from './visit.ts';
import { minutesOf } from './wait.ts';
import { turnToHelp, turnToOtherWay } from './ways.ts';

/** The page that waits for the mailed code. */
export async function submitMailCode(dependencies: LoginDependencies, visit: Submission): Promise<Decision> {
  const signIn = requireSignIn(visit);
  if (visit.action === 'resend') return decisionAfterSending(await sendForWay(dependencies, visit, signIn));
  const turned = await turnToOtherWay(dependencies, visit);
  if (turned !== undefined) return turned;
  if (visit.action !== 'continue') return redisplay('action_unknown');
  const code = readCode(visit.form.get('code'), 8);
  if ('fault' in code) return codeFault(code.fault, 8);
  const { proving } = dependencies.secondFactor;
  return afterProof(
    dependencies,
    visit,
    await proving.verifyMailCode(signIn, code.digits, visit.ctx.state.origin),
  );
}

/** The page that waits for the app's code. */
export async function submitAppCode(dependencies: LoginDependencies, visit: Submission): Promise<Decision> {
  const signIn = requireSignIn(visit);
  const turned = await turnToOtherWay(dependencies, visit);
  if (turned !== undefined) return turned;
  if (visit.action === 'lost-app') return turnToHelp(dependencies, visit);
  if (visit.action !== 'continue') return redisplay('action_unknown');
  const code = readCode(visit.form.get('code'), 6);
  if ('fault' in code) return codeFault(code.fault, 6);
  const { proving } = dependencies.secondFactor;
  return afterProof(
    dependencies,
    visit,
    await proving.verifyAppCode(signIn, code.digits, visit.ctx.state.origin),
  );
}

/** The page that waits for a code of the printed sheet. */
export async function submitRecoveryCode(
  dependencies: LoginDependencies,
  visit: Submission,
): Promise<Decision> {
  const signIn = requireSignIn(visit);
  const turned = await turnToOtherWay(dependencies, visit);
  if (turned !== undefined) return turned;
  if (visit.action !== 'continue') return redisplay('action_unknown');
  const read = readRecoveryCode(visit.form.get('code'));
  if ('fault' in read)
    return redisplay(read.fault === 'missing' ? 'code_missing' : 'recovery_code_malformed', 'code');
  const { recoveryCodes } = dependencies.secondFactor;
  const proof = await recoveryCodes.prove(signIn, read.code, visit.ctx.state.origin, visit.locale);
  // Sheets have no next code to wait for: a used code gets the same words as a wrong one.
  if (proof.outcome === 'wrong' || proof.outcome === 'used') return redisplay('recovery_code_wrong', 'code');
  return afterProof(dependencies, visit, proof);
}

/** A proven factor may also establish trust in the browser; any other outcome is shown on the same page. */
export async function afterProof(
  dependencies: LoginDependencies,
  visit: Submission,
  proof: VerificationOutcome,
): Promise<Decision> {
  if (proof.outcome === 'proven') await trustWhereTicked(dependencies, visit);
  return decisionAfterProof(proof);
}

/** What a page says about a code that was not accepted. */
export function decisionAfterProof(proof: VerificationOutcome): Decision {
  switch (proof.outcome) {
    case 'proven':
      return proceed;
    case 'wrong':
      return redisplay(
        'code_wrong',
        'code',
        proof.attemptsLeft === undefined ? {} : { attemptsLeft: proof.attemptsLeft },
      );
    case 'used':
      return redisplay('code_used', 'code');
    case 'exhausted':
      return redisplay('code_attempts_exhausted', 'code');
    case 'expired':
    case 'none':
      return redisplay('code_expired', 'code');
    case 'paused':
      return redisplay('factor_paused', undefined, minutesOf(proof.retryAfterSeconds));
    case 'disabled':
      return redisplay('factor_disabled');
  }
}

/** What a page says about input that is not a code. */
export function codeFault(fault: 'missing' | 'malformed', digits: 6 | 8): Decision {
  return fault === 'missing'
    ? redisplay('code_missing', 'code')
    : redisplay('code_malformed', 'code', { digits });
}
