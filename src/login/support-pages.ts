import { NijoError } from '../base/errors.ts';
import { supportReasons } from '../pages/support.ts';
import type { LoginDependencies } from './dependencies.ts';
import { type Decision, proceed, requireSignIn, type Submission, redisplay } from './visit.ts';
import { turnToOtherWay } from './ways.ts';

/**
 * The support centre's page (R36): a form of two fields, at any time of day (R42). A user who comes here has
 * given the password, in this login or, for a step-up, in an earlier one. Neither filing nor going back loses
 * anything of the login.
 */
export async function submitHelp(dependencies: LoginDependencies, visit: Submission): Promise<Decision> {
  return visit.action === 'file' ? fileCase(dependencies, visit) : leaveHelp(dependencies, visit);
}

/** The page with the case number and what to bring: the login continues from here. */
export const submitCase = leaveHelp;

async function fileCase(dependencies: LoginDependencies, visit: Submission): Promise<Decision> {
  const signIn = requireSignIn(visit);
  const reason = supportReasons.find((known) => known === visit.form.get('reason'));
  if (reason === undefined) return redisplay('reason_missing', 'reason');
  // The desk decides on the check in the end: one that is not (or no longer) offered is ignored.
  const wished = dependencies.support.checks.find(({ id }) => id === visit.form.get('check'));
  try {
    const { number } = await dependencies.support.file({
      loginId: signIn.account.loginId,
      // Staff is told that the password was right only where it was given in this login (S6).
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

/** Leads to another factor, to an existing setup pass, or back to the step that is needed. */
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
