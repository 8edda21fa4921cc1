import { maskAddress, shownAddress, shownDomain } from '../factors/mail/address.ts';
import type { Factor } from '../factors/assurance.ts';
import type { AskedAgain } from '../pages/login.ts';
import type { PageModels } from '../pages/pages.ts';
import { checksShown, openingShown, supportForm } from '../pages/support.ts';
import type { LoginDependencies } from './dependencies.ts';
import { offersPasskeyAlone } from './passkey-page.ts';
import type { Step } from './steps.ts';
import { requireSignIn, type LoginRequest } from './visit.ts';
import type { CodePurpose } from '../factors/mail/challenges.ts';
import type { MailCodePage, AppKey, TrustOffer, OpeningShown } from '../pages/shared.ts';

export { acknowledgementVersion } from '../factors/acknowledgement.ts';

/** What each page of a login shows, from the state of the login. */

export async function signInPage(
  dependencies: LoginDependencies,
  visit: LoginRequest,
  typed: string | undefined,
): Promise<PageModels['sign-in']> {
  const { step, signIn } = visit;
  const again = step.page === 'sign-in' && step.again === true;
  const { loginHint, signedInAs } = visit.details;
  const page = {
    loginId: typed ?? (again ? signIn?.account.loginId : undefined) ?? loginHint ?? '',
    support: supportForm(visit.locale, visit.uid),
    ...(again ? { again } : {}),
    ...(signedInAs === undefined || again ? {} : { signedInAs }),
  };
  if (!offersPasskeyAlone(dependencies, visit)) return page;
  const { passkeys } = dependencies.secondFactor;
  return { ...page, passkeyOptions: await passkeys.signInOptions(visit.uid, undefined) };
}

/** Why the login asks again for a factor that it has proven already (S7). */
export function askedAgain({ step }: LoginRequest): AskedAgain {
  return 'again' in step && typeof step.again === 'object'
    ? { again: true, skippable: step.again.skippable }
    : {};
}

/** The tick that skips the factor in this browser from now on (R31). */
export function trustOffer({ details }: LoginRequest, ticked: boolean | undefined): TrustOffer {
  return details.trust === undefined
    ? {}
    : { trustDays: details.trust.days, ...(ticked === true ? { trustTicked: true } : {}) };
}

export async function mailCodePage(
  dependencies: LoginDependencies,
  visit: LoginRequest,
  purpose: CodePurpose,
  otherWays: readonly Factor[],
): Promise<MailCodePage> {
  const { secondFactor } = dependencies;
  const signIn = requireSignIn(visit);
  // A code that was mailed for another purpose is not shown on this page.
  const challenge = signIn.challenge?.purpose === purpose ? signIn.challenge : undefined;
  const delivery = challenge === undefined ? undefined : await secondFactor.deliveryOf(challenge.id);
  const address = challenge?.address ?? signIn.mailAddress ?? '';
  const open = secondFactor.mailCodes.isOpen({ challenge });
  return {
    // The whole address only where the user has just typed it.
    address: purpose === 'set-up' ? shownAddress(address) : maskAddress(address),
    reference: challenge?.reference ?? '',
    minutesLeft: open && challenge !== undefined ? Math.max(0, Math.ceil(challenge.secondsLeft / 60)) : 0,
    delivery: delivery?.state ?? 'sending',
    ...(delivery?.domain === undefined ? {} : { deliveryDomain: shownDomain(delivery.domain) }),
    resendInSeconds: secondFactor.mailCodes.resendInSeconds({ challenge }),
    otherWays,
  };
}

/** When the support centre is open, by its own calendar (R51). */
export async function openingNow(
  { support }: LoginDependencies,
  { locale }: LoginRequest,
): Promise<OpeningShown> {
  return openingShown(await support.opening(), locale);
}

export async function helpPage(
  dependencies: LoginDependencies,
  visit: LoginRequest,
  otherWays: readonly Factor[],
  typed: { reason?: string | undefined; check?: string | undefined },
): Promise<PageModels['help-support']> {
  return {
    otherWays,
    opening: await openingNow(dependencies, visit),
    checks: checksShown(dependencies.support.checks, visit.locale),
    reason: typed.reason ?? '',
    check: typed.check ?? '',
  };
}

export async function casePage(
  dependencies: LoginDependencies,
  visit: LoginRequest,
  step: Extract<Step, { page: 'help-case' }>,
): Promise<PageModels['help-case']> {
  return {
    number: step.number,
    opening: await openingNow(dependencies, visit),
    checks: checksShown(dependencies.support.checks, visit.locale),
    login: { otherWays: step.otherWays },
  };
}

export async function recoveryCodePage(
  dependencies: LoginDependencies,
  visit: LoginRequest,
  otherWays: readonly Factor[],
): Promise<PageModels['recovery-code']> {
  const overview = await dependencies.secondFactor.overview(requireSignIn(visit).account.id);
  const sheet = overview?.recoveryCodes?.number;
  return { otherWays, ...(sheet === undefined ? {} : { sheet }) };
}

export async function passkeyPage(
  dependencies: LoginDependencies,
  visit: LoginRequest,
  otherWays: readonly Factor[],
): Promise<PageModels['passkey']> {
  const { passkeys } = dependencies.secondFactor;
  return { otherWays, options: await passkeys.signInOptions(visit.uid, requireSignIn(visit).account.id) };
}

export function addressPage(
  { forbidden }: LoginDependencies,
  step: Extract<Step, { page: 'set-up-mail' }>,
  typed: string | undefined,
): PageModels['set-up-mail'] {
  return {
    email: typed ?? '',
    appOffered: step.appOffered,
    skippable: step.skippable,
    forbidden: forbidden.map((rule) => ({
      domain: rule.domain,
      includeSubdomains: rule.include_subdomains,
      label: rule.label,
    })),
  };
}

export async function appPage(
  dependencies: LoginDependencies,
  visit: LoginRequest,
  deviceName: string | undefined,
): Promise<AppKey> {
  const signIn = requireSignIn(visit);
  const secret = dependencies.secondFactor.enrolment.pendingSecret(signIn) ?? '';
  const otpauthUrl = dependencies.secondFactor.appKeyUri(signIn.account.loginId, secret);
  return {
    secret,
    secretGrouped: secret.replace(/(.{4})(?=.)/g, '$1 '),
    otpauthUrl,
    qrSvg: await dependencies.qrSvg(otpauthUrl),
    deviceName: deviceName ?? dependencies.defaultDeviceName(visit.locale),
  };
}

export function confirmAddressPage(
  { accountUrl }: LoginDependencies,
  visit: LoginRequest,
): PageModels['confirm-address'] {
  return { address: maskAddress(requireSignIn(visit).mailAddress ?? ''), accountUrl };
}

export async function codesLowPage(
  { secondFactor, accountUrl }: LoginDependencies,
  visit: LoginRequest,
): Promise<PageModels['codes-low']> {
  const overview = await secondFactor.overview(requireSignIn(visit).account.id);
  return { left: overview?.recoveryCodes?.left ?? 0, accountUrl };
}
