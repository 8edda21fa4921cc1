import type { ErrorCode } from '../base/errors.ts';
import type { StaffActor } from '../desk/actor.ts';
import { acrValues, proofsOfAmr } from '../factors/assurance.ts';
import type { MessageKey } from '../i18n/translate.ts';
import type { OwnSession } from '../oidc/own-session.ts';
import type { NijoContext } from '../web/context.ts';
import type { Form } from '../web/forms.ts';
import type { Chrome, Fault } from '../web/pages.ts';
import { ownAddress } from '../web/respond.ts';
import type { StaffNotice } from '../web/staff-pages.ts';
import type { StaffDependencies } from './dependencies.ts';
import { navigationOf } from './navigation.ts';

/** One request of a member of staff that the door has let in. */
export interface StaffVisit {
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
export interface StaffSubmission extends StaffVisit {
  form: Form;
  action: string;
}

/** What a page shows besides what is stored: what went wrong, and what was typed. */
export interface Shown {
  fault?: Fault;
  typed?: Form;
}

/** What the code of a form decides. */
export type Decision =
  /** Done: on to another page of ours, which says so. */
  | { kind: 'go'; to: string; done?: StaffNotice }
  /** Nothing changed: the same page again, as things are now, saying what is wrong. */
  | { kind: 'stay'; fault: Fault }
  /** The answer has been given already: what is shown only once. */
  | { kind: 'answered' };

/** One page under `/desk` or `/operator`: GET shows it, POST sends its form. Who may is in `staffTable`. */
export interface StaffPage {
  path: string;
  /** Its name in the navigation; without one it is not in it. */
  label?: MessageKey;
  show(dependencies: StaffDependencies, visit: StaffVisit, shown: Shown): Promise<void>;
  submit?(dependencies: StaffDependencies, submission: StaffSubmission): Promise<Decision>;
}

export function go(to: string, done?: StaffNotice): Decision {
  return done === undefined ? { kind: 'go', to } : { kind: 'go', to, done };
}

export function stay(code: ErrorCode, field?: Fault['field'], details?: Fault['details']): Decision {
  return {
    kind: 'stay',
    fault: { code, ...(field === undefined ? {} : { field }), ...(details === undefined ? {} : { details }) },
  };
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
  visit: StaffVisit,
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

/** Leads on by GET, so that a reload or the back button sends nothing twice. */
export function redirect(ctx: NijoContext, to: string): void {
  ctx.redirect(to);
  ctx.status = 303;
}
