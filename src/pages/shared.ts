/** A second factor as pages and policy name it. */
export type FactorShown = 'mail' | 'app' | 'recovery-code' | 'passkey';

/** How far the mail with the code has got (market D3); `serverReply` is for operators, not here. */
export type Delivery = 'sending' | 'handed-over' | 'retrying' | 'deferred' | 'refused';

/** A rule of the operator's list of addresses that cannot be registered (R17, R50). */
export interface ForbiddenDomain {
  domain: string;
  includeSubdomains: boolean;
  /** What people call that mail service, such as "KUMail"; may be empty. */
  label: string;
}

export interface MailCodePage {
  /** Masked (`a•••2@mail.example`) at sign-in; whole on the set-up page, where the user has just typed it. */
  address: string;
  /** The label that is in the mail too, so that the user knows which mail is meant (R10). */
  reference: string;
  /** Minutes until the code expires, rounded up; 0 when it has. */
  minutesLeft: number;
  delivery: Delivery;
  /** Server host that accepted or refused the mail, for "accepted by gmail.com"; absent while sending. */
  deliveryDomain?: string;
  /** Seconds until `resend` is allowed again; 0 when it is. */
  resendInSeconds: number;
  /** The user's other factors that are sufficient for this service (R28). */
  otherWays: readonly FactorShown[];
}

/** The key of an app that is being set up. */
export interface AppKey {
  /** Base32 in groups of four, for reading and typing. */
  secretGrouped: string;
  /** Base32 without spaces, for the copy button. */
  secret: string;
  otpauthUrl: string;
  /** A whole `<svg>` element. */
  qrSvg: string;
  deviceName: string;
}

/** How long this browser is trusted if the user ticks (R31); absent where service or request allows none. */
export interface TrustOffer {
  trustDays?: number;
  /** As it was sent with a form that was refused. */
  trustTicked?: boolean;
}

/** Whether the support centre is open, and its words (R51); they come from `openingInWords` alone. */
export interface OpeningShown {
  open: boolean;
  words: string;
}
