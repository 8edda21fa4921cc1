import type { MailCodePage, AppKey, OpeningShown } from './shared.ts';

/** What was done, shown once at the top of the next page (`notice.…` in the catalogues). */
export const accountNotices = [
  'app-added',
  'app-replaced',
  'app-removed',
  'mail-added',
  'mail-changed',
  'mail-removed',
  'passkey-added',
  'passkey-removed',
  'renamed',
  'checked-app',
  'checked-mail',
  'checked-passkey',
  'recovery-codes-removed',
  'session-ended',
  'sessions-ended',
  'trust-ended',
  'grant-revoked',
] as const;

export type AccountNotice = (typeof accountNotices)[number];

/** Something that is set up, with its times in words. */
export interface OwnThing {
  id: string;
  name: string;
  since: string;
  lastUsed?: string;
}

/** A notice that stays on the front page until the user acts on it. */
export interface Standing {
  kind:
    | 'frozen'
    | 'address-frozen'
    | 'mail-disabled'
    | 'apps-disabled'
    | 'address-failing'
    | 'app-only'
    | 'one-way'
    | 'codes-few'
    | 'codes-none';
  /** Values for the placeholders of its words. */
  params: Readonly<Record<string, string | number>>;
  /** The page that helps. */
  to?: string;
}

export interface AccountFrontPage {
  standing: readonly Standing[];
  /** Where such a notice leads to the support centre. */
  opening?: OpeningShown;
  mail?: { address: string; since: string; lastUsed?: string };
  apps: readonly OwnThing[];
  /** Undefined where this server offers none and the user has none from before. */
  passkeys?: readonly (OwnThing & { backedUp: boolean })[];
  passkeysOffered: boolean;
  recoveryCodesOffered: boolean;
  recoveryCodes?: { number: string; since: string; left: number };
  trustedBrowsers: number;
  /** For a user with a role: the pages for staff. */
  staff?: { to: '/desk' | '/operator'; roles: readonly string[] };
  timeZone: string;
}

/** Something that is removed or renamed. */
export type OwnWay = 'app' | 'passkey' | 'mail' | 'recovery-codes';

export interface AccountPageModels {
  /** The user's own page: everything that is set up. */
  account: AccountFrontPage;
  /** New phone (R27): the new key, and the earlier app it replaces. `replaces`: an id, or empty for none. */
  'account-new-phone': AppKey & { apps: readonly OwnThing[]; replaces: string };
  /** Tries each factor at once (D9). */
  'account-check': {
    mail?: { address: string; lastUsed?: string };
    app?: { names: readonly string[]; lastUsed?: string };
    passkeys: number;
    /** Whether a passkey can be tried here. */
    passkeysTried: boolean;
    recoveryCodes?: { number: string; left: number };
    onlyOne: boolean;
  };
  'account-check-code': MailCodePage;
  'account-remove': {
    way: OwnWay;
    name: string;
    since: string;
    /** What still signs in afterwards. */
    remaining: readonly { way: OwnWay; name: string }[];
    /** What the user must tick first: without an address there is no reset (R23). */
    acknowledgementVersion?: string;
  };
  /** Tries a passkey. `options`: JSON for the browser. */
  'account-check-passkey': { options: string };
  /** Sets up a passkey. `options`: JSON for the browser; `change`: the change that its answer belongs to. */
  'account-passkey': { options: string; change: string; deviceName: string };
  'account-rename': { way: 'app' | 'passkey'; name: string; deviceName: string };
  'account-recovery-codes': {
    sheet?: { number: string; since: string; left: number };
    /** Just created: shown only once. `made` in both languages of the sheet. */
    made?: { number: string; codes: readonly string[]; at: { en: string; ja: string } };
  };
  'account-sessions': {
    sessions: readonly {
      id: string;
      present: boolean;
      device: string;
      place: string;
      since: string;
      lastSeen: string;
      services: readonly string[];
    }[];
    trustedBrowsers: number;
    timeZone: string;
  };
  'account-browsers': {
    browsers: readonly {
      id: string;
      device: string;
      place: string;
      since: string;
      lastUsed?: string;
      until: string;
    }[];
    timeZone: string;
  };
  'account-services': {
    grants: readonly { id: string; service: string; since: string; scopes: readonly string[] }[];
  };
  'account-history': {
    rows: readonly { id: string; at: string; text: string; bad: boolean; where: string }[];
    /** URL of the page with earlier events. */
    earlier?: string;
    /** Whether this is not the newest page. */
    newest: boolean;
    timeZone: string;
  };
}
