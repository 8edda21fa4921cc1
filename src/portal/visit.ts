import type { Overview } from '../factors/enrolled/overview.ts';
import type { NijoContext } from '../web/context.ts';
import type { Form } from '../web/forms.ts';
import type { Decision as AnyDecision, Shown } from '../web/own-pages.ts';
import type { Chrome } from '../pages/pages.ts';
import type { AccountNotice } from '../pages/account.ts';
import type { PortalDependencies } from './dependencies.ts';
import { freshSeconds } from './ports.ts';
import type { AccountUser } from '../factors/account-user.ts';
import type { OwnSession } from '../web/own-session.ts';

export { go, redirect, type Shown, redisplay } from '../web/own-pages.ts';

/** One request to the own page, by a user who is signed in with a second factor. */
export interface PageRequest {
  ctx: NijoContext;
  session: OwnSession;
  /** This browser's digest (C21). */
  browser: string;
  locale: 'en' | 'ja';
  overview: Overview;
  /** The actor of every change. */
  changer: AccountUser;
  /** The ids in the URL, each well formed. */
  params: Readonly<Record<string, string>>;
}

/** A request that sends a form, from its own browser and after a sign-in of the last minutes. */
export interface Submission extends PageRequest {
  form: Form;
  action: string;
}

/** The decision of a form's handler. */
export type Decision = AnyDecision<AccountNotice>;

/** One page under `/account`: GET shows it, POST sends its form. */
export interface PortalPage {
  path: string;
  /**
   * Whether viewing also needs a sign-in of the last minutes (C14): for every page that begins a change
   * or shows a secret. A form always needs one; this cannot be switched off.
   */
  fresh: boolean;
  show(dependencies: PortalDependencies, visit: PageRequest, shown: Shown): Promise<void>;
  submit?(dependencies: PortalDependencies, visit: Submission): Promise<Decision>;
}

export const frontPath = '/account';

/** Signed in with more than the password, which the own page requires. */
export function hasFactor(session: OwnSession): boolean {
  return session.amr.some((method) => method !== 'pwd');
}

/** A proof recent enough for a change (R16, C14). */
export function isFresh(session: OwnSession): boolean {
  return session.ageSeconds <= freshSeconds;
}

/** The purpose that a form's token is made for: one session's pages. */
export function tokenPurpose(session: OwnSession): string {
  return `account:${session.uid}`;
}

/** The frame of a page of the account. `form`: the language toggle too sends its one form (R45). */
export function chromeOf(
  dependencies: Pick<PortalDependencies, 'browsers'>,
  visit: PageRequest,
  shown: Shown,
  languageToggle: Chrome['languageToggle'] = 'form',
): Chrome {
  return {
    locale: visit.locale,
    signedInAs: visit.overview.account.loginId,
    formToken: dependencies.browsers.token(visit.browser, tokenPurpose(visit.session)),
    url: visit.ctx.path,
    languageToggle,
    ...(shown.fault === undefined ? {} : { fault: shown.fault }),
  };
}
