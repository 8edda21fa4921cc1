import { NijoError } from '../base/errors.ts';
import { supportReasons } from '../pages/support.ts';
import type { LoginDependencies } from './dependencies.ts';
import { type Decision, proceed, requireSignIn, type Submission, redisplay } from './visit.ts';
import { turnToOtherWay } from './ways.ts';

/**
 * Where the support centre helps (R36): a form of two fields, at any time of day (R42). Whoever comes here
 * has given the password, in this login or, for a step-up, in an earlier one; nothing of the login is lost, neither by filing nor by going back.
 */
export async function submitHelp(dependencies: LoginDependencies, visit: Submission): Promise<Decision> {
  return visit.action === 'file' ? fileCase(dependencies, visit) : leaveHelp(dependencies, visit);
}

/** The number of the case, with what to bring: from here the login goes on. */
export const submitCase = leaveHelp;

async function fileCase(dependencies: LoginDependencies, visit: Submission): Promise<Decision> {
  const signIn = requireSignIn(visit);
  const reason = supportReasons.find((known) => known === visit.form.get('reason'));
  if (reason === undefined) return redisplay('reason_missing', 'reason');
  // Which way it will be is settled at the desk: one that is not offered (any more) keeps nobody out.
  const wished = dependencies.support.checks.find(({ id }) => id === visit.form.get('check'));
  try {
    const { number } = await dependencies.support.file({
      loginId: signIn.account.loginId,
      // Staff is told that the password was right only where it was given in this very login (S6).
      ...(signIn.stepUp || signIn.withoutPassword
        ? { form: signIn.interaction }
        : { account: signIn.account.id }),
      reason,
      ...(wished === undefined ? {} : { wishedCheck: wished.id }),
      origin: visit.ctx.state.origin,
      locale: visit.locale,
    });
    await dependencies.secondFactor.detours.noteCase(signIn, number);
    return proceed;
  } catch (error) {
    if (error instanceof NijoError && error.code === 'support_limit_reached')
      return redisplay(error.code, undefined, error.details);
    throw error;
  }
}

/** Another way, a setup pass that is there already, or back to the step that is needed. */
async function leaveHelp(dependencies: LoginDependencies, visit: Submission): Promise<Decision> {
  const turned = await turnToOtherWay(dependencies, visit);
  if (turned !== undefined) return turned;
  const signIn = requireSignIn(visit);
  const { detours } = dependencies.secondFactor;
  if (visit.action === 'use-set-up-pass') {
    await detours.turnTo(signIn, 'set-up-pass');
    return proceed;
  }
  if (visit.action !== 'back' && visit.action !== 'continue') return redisplay('action_unknown');
  if (signIn.detour !== undefined) await detours.leave(signIn, signIn.detour);
  return proceed;
}
