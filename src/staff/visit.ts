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

/** One request of a member of staff that the door has let in. */
export interface StaffRequest {
  ctx: NijoContext;
  session: OwnSession;
  /** This browser's digest (C21). */
  browser: string;
  locale: 'en' | 'ja';
  /** In whose name anything is done, with the roles of this very moment. */
  actor: StaffActor;
  /** The ids in the address, each of them plain. */
  params: Readonly<Record<string, string>>;
}

/** A visit in which a form was sent, by its own browser and from a page of this session. */
export interface StaffSubmission extends StaffRequest {
  form: Form;
  action: string;
}

/** What the code of a form decides. */
export type Decision = AnyDecision<StaffNotice>;

/** One page under `/desk` or `/operator`: GET shows it, POST sends its form. Who may is in `staffTable`. */
export interface StaffPage extends ListedPage {
  show(dependencies: StaffDependencies, visit: StaffRequest, shown: Shown): Promise<void>;
  submit?(dependencies: StaffDependencies, submission: StaffSubmission): Promise<Decision>;
}

/**
 * Signed in with more than a mailed code: an app, a passkey or a recovery code. Where the operator lets a
 * mailed code count as multi-factor for services, it still does not here (A41).
 */
export function hasStaffFactor(session: OwnSession): boolean {
  const { factor } = proofsOfAmr(session.amr);
  return session.acr === acrValues.mfa && factor !== undefined && factor !== 'mail';
}

/** What the token of a form is made for: one session's pages for staff. */
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
    // Where the toggle is a link, it keeps what is looked at.
    url: languageToggle === 'link' ? ownAddress(visit.ctx) : visit.ctx.path,
    languageToggle,
    staff: navigationOf(dependencies.pages(), visit.actor.roles, visit.ctx.path),
    ...(shown.fault === undefined ? {} : { fault: shown.fault }),
  };
}
