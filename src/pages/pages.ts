import type { ErrorCode } from '../base/errors.ts';
import type { MessageKey } from '../i18n/translate.ts';
import type { AskedAgain, LoginPageModels } from './login.ts';
import type { AccountNotice, AccountPageModels } from './account.ts';
import type { SupportPageModels } from './support.ts';
import type { StaffFrame, StaffNotice, StaffPageModels } from './staff.ts';
import type {
  FactorShown,
  ForbiddenDomain,
  MailCodePage,
  AppKey,
  TrustOffer,
  OpeningShown,
} from './shared.ts';

/** What went wrong with the last submission: shown at the field and in a summary, never in a URL. */
export interface Fault {
  code: ErrorCode;
  /** The field the message belongs to; without one it is shown at the top of the page. */
  field?:
    | 'login_id'
    | 'password'
    | 'code'
    | 'email'
    | 'acknowledge'
    | 'device_name'
    | 'reason'
    | 'setup_pass'
    | 'check'
    | 'note'
    | 'refusal_note'
    | 'break_glass'
    | 'day'
    | 'until'
    | 'opens'
    | 'closes'
    | 'name_en'
    | 'name_ja';
  /** Placeholders of this code's message, such as `{seconds: 25}` or `{domain: 'kyoto-u.ac.jp'}`. */
  details?: Readonly<Record<string, string | number>>;
}

/** The model of each page, by the name it carries in `<main data-page>`. */
export interface PageModels extends AccountPageModels, LoginPageModels, SupportPageModels, StaffPageModels {
  /**
   * `support`: where a user who cannot sign in asks for help (R36).
   * `again`: the user is known, but setting something up needs the password of the last minutes (S6).
   * `signedInAs`: the account of the browser's session, where an account is to be chosen.
   * `passkeyOptions`: the service accepts a passkey in place of password and code.
   */
  'sign-in': {
    loginId: string;
    support: string;
    signedInAs?: string;
    passkeyOptions?: string;
    again?: boolean;
  };
  'mail-code': MailCodePage & TrustOffer & AskedAgain;
  'app-code': TrustOffer & AskedAgain & { otherWays: readonly FactorShown[] };
  /** First page of initial setup: the address. `appOffered`: shows "I have no usable mail address". */
  'set-up-mail': {
    email: string;
    forbidden: readonly ForbiddenDomain[];
    appOffered: boolean;
    /** An offer, not a requirement: it can be postponed (R24). */
    skippable?: boolean;
    /** On the user's own page: `present` is the address that stays until the new one is proven (R18). */
    own?: { present?: string };
  };
  'set-up-mail-code': MailCodePage & { skippable?: boolean; own?: true };
  /** Acknowledgement before app-only setup (R23); `hours` comes from configuration. */
  'set-up-app-only': {
    acknowledgementVersion: string;
    /** False where only an app is sufficient for the service: then there is no way back to mail. */
    mailOffered: boolean;
  };
  'set-up-app': AppKey & { skippable?: boolean };
  consent: { scopes: readonly string[]; claims: readonly string[] };
  /**
   * Asked before a sign-out (RP-initiated logout); the form's target and token are the provider's.
   * `trouble`: why it does not lead back to the service afterwards.
   */
  'sign-out': { formAction: string; xsrf: string; trouble?: MessageKey };
  'signed-out': { trouble?: MessageKey };
  /** A form that submits itself to the service (`response_mode=form_post`); it is shown in both languages. */
  continue: { formAction: string; fields: readonly { name: string; value: string }[] };
  /** Behind the link "this was not me" of a mail: nothing happens until the user presses its button (R38). */
  'not-me': {
    /** Masked: anybody may have the link. */
    loginId: string;
    /** What the mail reported, and when. */
    about: MessageKey;
    at: string;
    reach: 'account' | 'code';
    /** Whether the support centre is told by mail. */
    centreTold: boolean;
  };
  'not-me-done': { loginId: string; reach: 'account' | 'code'; frozen: boolean; opening: OpeningShown };
  error: {
    code: ErrorCode;
    /** Correlates page, log and support case (R46). */
    reference: string;
    /** Where the login can be started again (R33). */
    startAgain?: { service: string; url: string };
    /** This page's own URL, where trying again shortly helps. */
    tryAgain?: string;
    /** For faults of a service's request: OAuth's own error and description, already safe to show. */
    protocol?: { error: string; description: string };
    /** Where only the support centre helps: its opening hours and the link to its form (R51). */
    support?: OpeningShown & { form: string };
  };
  /** The front page: what this server is, for a person who opens it by hand. */
  home: Record<string, never>;
}

export type PageName = keyof PageModels;

/** What every page carries besides its model. */
export interface Chrome {
  locale: 'en' | 'ja';
  /** The service the user is signing in to, in the page's language; absent outside a login. */
  service?: string;
  /** The ID the user has just given (after the password), shown so that they notice a mistake. */
  signedInAs?: string;
  /** Token of the form (C23); absent on pages without a form of ours. */
  formToken?: string;
  /** This page's own URL, to which its form posts and at which `?lang=` works. */
  url: string;
  fault?: Fault;
  /** `form`: the toggle submits the form so that what was typed stays (R45); `link`: `?lang=`. */
  languageToggle: 'form' | 'link';
  /** A hint shown above the content, such as "that page was no longer the current one". */
  notice?: 'step-changed' | 'code-sent-again' | 'already-signed-in' | AccountNotice | StaffNotice;
  /** On pages for staff: the other pages that their roles include. */
  staff?: StaffFrame;
}
