import type { StaffActor } from '../desk/actor.ts';
import { acrValues, proofsOfAmr } from '../factors/assurance.ts';
import type { OwnSession } from '../web/own-session.ts';
import type { NijoContext } from '../web/context.ts';
import type { Form } from '../web/forms.ts';
import type { Decision as AnyDecision, Shown } from '../web/own-pages.ts';
import type { Chrome } from '../pages/pages.ts';
import { ownAddress } from '../web/respond.ts';
import type { StaffNotice } from '../pages/staff.ts';
import type { StaffDependencies } from './dependencies.ts';
import { type ListedPage, navigationOf } from './navigation.ts';

export { go, redirect, type Shown, redisplay } from '../web/own-pages.ts';

/** One authorized request of a member of staff. */
export interface StaffRequest {
  ctx: NijoContext;
  session: OwnSession;
  /** This browser's digest (C21). */
  browser: string;
  locale: 'en' | 'ja';
  /** The actor of every change, with their roles as read for this request. */
  actor: StaffActor;
  /** The ids in the URL, each well formed. */
  params: Readonly<Record<string, string>>;
}

/** A request that sends a form, from its own browser and from a page of this session. */
export interface StaffSubmission extends StaffRequest {
  form: Form;
  action: string;
}

/** The decision of a form's handler. */
export type Decision = AnyDecision<StaffNotice>;

/** One page under `/desk` or `/operator`: GET shows it, POST sends its form. `staffTable` says who may. */
export interface StaffPage extends ListedPage {
  show(dependencies: StaffDependencies, visit: StaffRequest, shown: Shown): Promise<void>;
  submit?(dependencies: StaffDependencies, submission: StaffSubmission): Promise<Decision>;
}

/**
 * Signed in with more than a mailed code: an app, a passkey or a recovery code. Even where the operator lets
 * a mailed code count as multi-factor for services, it does not count here (A41).
 */
export function hasStaffFactor(session: OwnSession): boolean {
  const { factor } = proofsOfAmr(session.amr);
  return session.acr === acrValues.mfa && factor !== undefined && factor !== 'mail';
}

/** The purpose that a form's token is made for: one session's pages for staff. */
export function tokenPurpose(session: OwnSession): string {
  return `staff:${session.uid}`;
}

/** The frame of a staff page: who is signed in, the pages their roles include, the form's token. */
export function chromeOf(
  dependencies: Pick<StaffDependencies, 'browsers' | 'pages'>,
  visit: StaffRequest,
  shown: Shown = {},
  languageToggle: Chrome['languageToggle'] = 'form',
): Chrome {
  return {
    locale: visit.locale,
    signedInAs: visit.actor.loginId,
    formToken: dependencies.browsers.token(visit.browser, tokenPurpose(visit.session)),
    // Where the toggle is a link, it keeps the query of the page.
    url: languageToggle === 'link' ? ownAddress(visit.ctx) : visit.ctx.path,
    languageToggle,
    staff: navigationOf(dependencies.pages(), visit.actor.roles, visit.ctx.path),
    ...(shown.fault === undefined ? {} : { fault: shown.fault }),
  };
}
