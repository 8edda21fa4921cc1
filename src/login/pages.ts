import type { Chrome, Fault, PageModels } from '../pages/pages.ts';
import type { LoginDependencies } from './dependencies.ts';
import * as models from './models.ts';
import type { LoginRequest } from './visit.ts';

/** What was typed, to be shown again; never a password or a code. */
export interface Typed {
  loginId?: string | undefined;
  email?: string | undefined;
  deviceName?: string | undefined;
  reason?: string | undefined;
  check?: string | undefined;
  trusted?: boolean | undefined;
}

/** Answers with the page of the present step. */
export async function showStep(
  dependencies: LoginDependencies,
  visit: LoginRequest,
  shown: { fault?: Fault; notice?: Chrome['notice']; typed?: Typed; status?: number } = {},
): Promise<void> {
  const { ctx } = visit;
  // Every page of a login may be its last one, by its form or by "cancel".
  ctx.state.formLeadsAway = true;
  await answer(dependencies, visit, shown.typed ?? {}, (name, model) =>
    dependencies.responder.page(ctx, name, model, chromeOf(dependencies, visit, shown), shown.status ?? 200),
  );
}

function chromeOf(
  { browsers }: LoginDependencies,
  visit: LoginRequest,
  shown: { fault?: Fault; notice?: Chrome['notice'] },
): Chrome {
  return {
    locale: visit.locale,
    service: visit.details.client.name[visit.locale],
    url: `/interaction/${visit.uid}`,
    formToken: browsers.token(visit.browser, visit.uid),
    languageToggle: 'form',
    ...(visit.signIn === undefined ? {} : { signedInAs: visit.signIn.account.loginId }),
    ...(shown.fault === undefined ? {} : { fault: shown.fault }),
    ...(shown.notice === undefined ? {} : { notice: shown.notice }),
  };
}

type Show = <Name extends keyof PageModels>(name: Name, model: PageModels[Name]) => void;

async function answer(
  dependencies: LoginDependencies,
  visit: LoginRequest,
  typed: Typed,
  show: Show,
): Promise<void> {
  const { step } = visit;
  // One tick in a login is enough: a factor that is asked for again shows no second tick.
  const trust = { ...models.trustOffer(visit, typed.trusted), ...models.askedAgain(visit) };
  switch (step.page) {
    case 'sign-in':
      return show(step.page, await models.signInPage(dependencies, visit, typed.loginId));
    case 'mail-code': {
      const page = await models.mailCodePage(dependencies, visit, 'sign-in', step.otherWays);
      return show(step.page, { ...page, ...trust });
    }
    case 'app-code':
      return show(step.page, { otherWays: step.otherWays, ...trust });
    case 'recovery-code': {
      const page = await models.recoveryCodePage(dependencies, visit, step.otherWays);
      return show(step.page, { ...page, ...trust });
    }
    case 'passkey': {
      const page = await models.passkeyPage(dependencies, visit, step.otherWays);
      return show(step.page, { ...page, ...trust });
    }
    case 'reset': {
      const page = await models.mailCodePage(dependencies, visit, 'reset', step.otherWays);
      const opening = await models.openingNow(dependencies, visit);
      const { passwordNeeded } = step;
      return show(step.page, { ...page, passwordNeeded, reason: typed.reason ?? '', opening });
    }
    case 'help-support':
      return show(step.page, await models.helpPage(dependencies, visit, step.otherWays, typed));
    case 'help-case':
      return show(step.page, await models.casePage(dependencies, visit, step));
    case 'set-up-pass': {
      const { why, passwordNeeded } = step;
      return show(step.page, {
        why,
        passwordNeeded,
        opening: await models.openingNow(dependencies, visit),
      });
    }
    case 'set-up-mail':
      return show(step.page, models.addressPage(dependencies, step, typed.email));
    case 'set-up-mail-code': {
      const page = await models.mailCodePage(dependencies, visit, 'set-up', []);
      return show(step.page, { ...page, skippable: step.skippable });
    }
    case 'set-up-app-only':
      return show(step.page, {
        acknowledgementVersion: models.acknowledgementVersion,
        mailOffered: step.mailOffered,
      });
    case 'set-up-app':
    case 'reset-done': {
      const page = await models.appPage(dependencies, visit, typed.deviceName);
      return show(step.page, { ...page, skippable: step.skippable });
    }
    case 'confirm-address':
      return show(step.page, models.confirmAddressPage(dependencies, visit));
    case 'codes-low':
      return show(step.page, await models.codesLowPage(dependencies, visit));
    case 'consent':
      return show(step.page, visit.details.consent);
    case 'step-up':
    case 'start-over':
    case 'finish':
    case 'impossible':
      throw new Error(`the step ${step.page} has no page`);
  }
}
