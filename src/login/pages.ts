import { maskAddress } from '../factors/address.ts';
import { acknowledgementVersion } from '../factors/enrolment.ts';
import type { Chrome, Fault, MailCodePage } from '../web/pages.ts';
import type { LoginDependencies } from './dependencies.ts';
import type { Factor } from '../factors/assurance.ts';
import { requireSignIn, type Visit } from './visit.ts';

/** What was typed, to be shown again; never a password or a code. */
export interface Typed {
  loginId?: string | undefined;
  email?: string | undefined;
  deviceName?: string | undefined;
}

/** Answers with the page of the present step. */
export async function showStep(
  dependencies: LoginDependencies,
  visit: Visit,
  shown: { fault?: Fault; notice?: Chrome['notice']; typed?: Typed; status?: number } = {},
): Promise<void> {
  const { ctx, details, step, signIn } = visit;
  const { responder, browsers } = dependencies;
  const chrome: Chrome = {
    locale: visit.locale,
    service: details.client.name[visit.locale],
    url: `/interaction/${visit.uid}`,
    formToken: browsers.token(visit.browser, visit.uid),
    languageToggle: 'form',
    ...(signIn === undefined ? {} : { signedInAs: signIn.account.loginId }),
    ...(shown.fault === undefined ? {} : { fault: shown.fault }),
    ...(shown.notice === undefined ? {} : { notice: shown.notice }),
  };
  ctx.state.formActionOrigins = details.client.origins;
  const status = shown.status ?? 200;
  switch (step.page) {
    case 'sign-in':
      return responder.page(
        ctx,
        'sign-in',
        { loginId: shown.typed?.loginId ?? details.loginHint ?? '' },
        chrome,
        status,
      );
    case 'mail-code':
      return responder.page(
        ctx,
        'mail-code',
        await mailCodePage(dependencies, visit, true, step.otherWays),
        chrome,
        status,
      );
    case 'set-up-mail-code':
      return responder.page(
        ctx,
        'set-up-mail-code',
        await mailCodePage(dependencies, visit, false, []),
        chrome,
        status,
      );
    case 'app-code':
      return responder.page(ctx, 'app-code', { otherWays: step.otherWays }, chrome, status);
    case 'set-up-mail':
      return responder.page(
        ctx,
        'set-up-mail',
        {
          email: shown.typed?.email ?? '',
          appOffered: step.appOffered,
          forbidden: dependencies.forbidden.map((rule) => ({
            domain: rule.domain,
            includeSubdomains: rule.include_subdomains,
            label: rule.label,
          })),
        },
        chrome,
        status,
      );
    case 'set-up-app-only':
      return responder.page(
        ctx,
        'set-up-app-only',
        { acknowledgementVersion, mailOffered: step.mailOffered },
        chrome,
        status,
      );
    case 'set-up-app':
      return responder.page(
        ctx,
        'set-up-app',
        await appPage(dependencies, visit, shown.typed?.deviceName),
        chrome,
        status,
      );
    case 'consent':
      return responder.page(ctx, 'consent', details.consent, chrome, status);
    case 'step-up':
    case 'finish':
    case 'impossible':
      throw new Error(`the step ${step.page} has no page`);
  }
}

async function mailCodePage(
  dependencies: LoginDependencies,
  visit: Visit,
  masked: boolean,
  otherWays: readonly Factor[],
): Promise<MailCodePage> {
  const signIn = requireSignIn(visit);
  const { challenge } = signIn;
  const delivery =
    challenge === undefined ? undefined : await dependencies.secondFactor.deliveryOf(challenge.id);
  const address = challenge?.address ?? signIn.mailAddress ?? '';
  const open = dependencies.secondFactor.mailCodes.isOpen(signIn);
  return {
    address: masked ? maskAddress(address) : address,
    reference: challenge?.reference ?? '',
    minutesLeft: open && challenge !== undefined ? Math.max(0, Math.ceil(challenge.secondsLeft / 60)) : 0,
    delivery: delivery?.state ?? 'sending',
    ...(delivery?.domain === undefined ? {} : { deliveryDomain: delivery.domain }),
    resendInSeconds: dependencies.secondFactor.mailCodes.resendInSeconds(signIn),
    otherWays,
  };
}

async function appPage(dependencies: LoginDependencies, visit: Visit, deviceName: string | undefined) {
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
