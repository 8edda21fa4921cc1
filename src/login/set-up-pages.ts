import { canonicalAddress } from '../factors/mail/address.ts';
import { readCode } from '../factors/verification/code-input.ts';
import type { LoginDependencies } from './dependencies.ts';
import { codeFault, decisionAfterProof } from './factor-pages.ts';
import { skipOffer } from './offer-pages.ts';
import { decisionAfterSending, mailContextOf } from './sending.ts';
import { isTicked } from './trust.ts';
import { type Decision, proceed, keptSession, requireSignIn, type Submission, redisplay } from './visit.ts';
import { isInitialSetUp } from '../factors/sign-in-state.ts';
import { longestDeviceName, readDeviceName } from '../factors/device-name.ts';
import { acknowledgementVersion } from '../factors/acknowledgement.ts';

/**
 * The address, or "I have no usable mail address": the first page of initial setup (R14, R17, R22); app-only
 * users are offered it later (R24).
 */
export async function submitAddress(dependencies: LoginDependencies, visit: Submission): Promise<Decision> {
  const signIn = requireSignIn(visit);
  if (visit.action === 'no-mail' && visit.step.page === 'set-up-mail' && visit.step.appOffered) {
    await dependencies.secondFactor.enrolment.turnTo(signIn, 'app-only');
    return proceed;
  }
  const skipped = await skipOffer(dependencies, visit);
  if (skipped !== undefined) return skipped;
  if (visit.action !== 'continue') return redisplay('action_unknown');
  const checked = canonicalAddress(visit.form.get('email'), dependencies.forbidden);
  if ('fault' in checked) {
    if (checked.fault === 'forbidden')
      return redisplay('address_forbidden', 'email', { domain: checked.rule.domain });
    return redisplay(checked.fault === 'missing' ? 'address_missing' : 'address_malformed', 'email');
  }
  const sent = await dependencies.secondFactor.sendCode(
    signIn,
    'set-up',
    checked.address,
    mailContextOf(dependencies, visit),
    visit.ctx.state.origin,
  );
  // `too-soon` means that this code is already on its way (a double click): continue to its page.
  return sent.outcome === 'too-soon' ? proceed : decisionAfterSending(sent);
}

/** The code that proves the address. */
export async function submitAddressCode(
  dependencies: LoginDependencies,
  visit: Submission,
): Promise<Decision> {
  const signIn = requireSignIn(visit);
  const { origin } = visit.ctx.state;
  const context = mailContextOf(dependencies, visit);
  const { enrolment, detours, furtherSetUp } = dependencies.secondFactor;
  const offered = visit.step.page === 'set-up-mail-code' && visit.step.skippable;
  const skipped = await skipOffer(dependencies, visit);
  if (skipped !== undefined) return skipped;
  if (visit.action === 'change-address') {
    await (offered
      ? detours.leave(signIn, 'offer-mail-code', 'offer-mail')
      : enrolment.turnTo(signIn, 'mail'));
    return proceed;
  }
  if (visit.action === 'resend') {
    const address = signIn.challenge?.address;
    if (address === undefined) return proceed;
    return decisionAfterSending(
      await dependencies.secondFactor.sendCode(signIn, 'set-up', address, context, origin),
    );
  }
  if (visit.action !== 'continue') return redisplay('action_unknown');
  const code = readCode(visit.form.get('code'), 8);
  if ('fault' in code) return codeFault(code.fault, 8);
  const enrolled = offered
    ? await furtherSetUp.addMail(signIn, code.digits, origin, visit.locale)
    : await enrolment.enrolMail(signIn, code.digits, context, origin, keptSession(visit));
  return enrolled.outcome === 'enrolled' ? proceed : decisionAfterProof(enrolled);
}

/** The user acknowledges what app-only means before anything is set up (R23). */
export async function submitAcknowledgement(
  dependencies: LoginDependencies,
  visit: Submission,
): Promise<Decision> {
  const signIn = requireSignIn(visit);
  if (visit.action === 'use-mail' && visit.step.page === 'set-up-app-only' && visit.step.mailOffered) {
    await dependencies.secondFactor.enrolment.turnTo(signIn, 'mail');
    return proceed;
  }
  if (visit.action !== 'continue') return redisplay('action_unknown');
  // The stored wording is the one that the user read: a page with an older wording is shown again.
  const read = visit.form.get('acknowledgement_version');
  const ticked = isTicked(visit.form.get('acknowledge'));
  if (!ticked || (read !== undefined && read !== acknowledgementVersion)) {
    return redisplay('acknowledgement_missing', 'acknowledge');
  }
  await dependencies.secondFactor.enrolment.acknowledge(signIn, visit.locale, visit.ctx.state.origin);
  return proceed;
}

/** The QR code and the first correct code of a new app (R13, R21), or of one that is offered (R20). */
export async function submitApp(dependencies: LoginDependencies, visit: Submission): Promise<Decision> {
  const skipped = await skipOffer(dependencies, visit);
  return skipped ?? submitNewApp(dependencies, visit);
}

/** Name and first code of a new app, on every page that shows its key. */
export async function submitNewApp(dependencies: LoginDependencies, visit: Submission): Promise<Decision> {
  const signIn = requireSignIn(visit);
  const { origin } = visit.ctx.state;
  if (visit.action !== 'continue') return redisplay('action_unknown');
  const name = readDeviceName(visit.form.get('device_name'), dependencies.defaultDeviceName(visit.locale));
  if (name === undefined) return redisplay('device_name_too_long', 'device_name', { max: longestDeviceName });
  const code = readCode(visit.form.get('code'), 6);
  if ('fault' in code) return codeFault(code.fault, 6);
  const { enrolment, furtherSetUp } = dependencies.secondFactor;
  const enrolled = isInitialSetUp(signIn)
    ? await enrolment.enrolApp(signIn, code.digits, name, origin, visit.locale, keptSession(visit))
    : await furtherSetUp.addApp(signIn, code.digits, name, origin, visit.locale);
  return enrolled.outcome === 'enrolled' ? proceed : decisionAfterProof(enrolled);
}
