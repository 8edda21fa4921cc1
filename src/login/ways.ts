import type { Factor } from '../factors/assurance.ts';
import type { LoginDependencies } from './dependencies.ts';
import { decisionAfterSending, sendForWay } from './sending.ts';
import { type Decision, proceed, requireSignIn, type Submission } from './visit.ts';

const wayOfAction: ReadonlyMap<string, Factor> = new Map([
  ['use-mail', 'mail'],
  ['use-app', 'app'],
  ['use-recovery-code', 'recovery-code'],
  ['use-passkey', 'passkey'],
]);

/**
 * Handles the buttons for other factors. Each that is sufficient can be used for this login, and changes no
 * settings (R28, R30). Where there is none, `help` leads to the support centre (R36).
 * @returns undefined where the form asks for something else.
 */
export async function turnToOtherWay(
  dependencies: LoginDependencies,
  visit: Submission,
): Promise<Decision | undefined> {
  if (visit.action === 'help' && 'otherWays' in visit.step) {
    await dependencies.secondFactor.detours.turnTo(requireSignIn(visit), 'support');
    return proceed;
  }
  const way = wayOfAction.get(visit.action);
  if (way === undefined || !('otherWays' in visit.step) || !visit.step.otherWays.includes(way))
    return undefined;
  const signIn = requireSignIn(visit);
  await dependencies.secondFactor.detours.chooseWay(signIn, way);
  if (way !== 'mail') return proceed;
  const sent = await sendForWay(dependencies, visit, signIn);
  return sent?.outcome === 'too-soon' ? proceed : decisionAfterSending(sent);
}

/** "I can't use my app": the reset by mail, or where that is impossible the support centre (R35, R36). */
export async function turnToHelp(dependencies: LoginDependencies, visit: Submission): Promise<Decision> {
  const signIn = requireSignIn(visit);
  const { detours, reset } = dependencies.secondFactor;
  const possible = signIn.holder.ways.includes('mail') && !(await reset.isFrozen(signIn.account.id));
  await detours.turnTo(signIn, possible ? 'reset' : 'support');
  if (!possible) return proceed;
  const sent = await sendForWay(dependencies, visit, signIn, 'reset');
  return sent?.outcome === 'too-soon' ? proceed : decisionAfterSending(sent);
}
