import type { DeskSettings } from '../config/sections/desk.ts';
import type { RequestOrigin } from '../audit/audit.ts';
import type { SupportDesk } from '../desk/support-desk.ts';
import type { OwnSessions } from '../web/own-session.ts';
import type { Cookies } from '../web/cookies.ts';
import type { BrowserBinding } from '../web/forms.ts';
import type { Language } from '../web/language.ts';
import type { Responder } from '../web/respond.ts';
import type { ListedPage } from './navigation.ts';

/** A member of staff as the directory has them for this request. */
export interface StaffPerson {
  accountId: string;
  loginId: string;
  locale: 'en' | 'ja' | undefined;
  active: boolean;
  /** As stored: words that are not current roles grant nothing. */
  roles: readonly string[];
}

/** The directory, read at every request: a removed role is gone at the next click. */
export interface StaffDirectory {
  find(accountId: string): Promise<StaffPerson | undefined>;
  /** Records that a user requested what their roles do not include. */
  noteRefusal(refusal: {
    accountId: string;
    method: string;
    path: string;
    origin: RequestOrigin;
  }): Promise<void>;
}

/** Everything the staff's pages use, with the narrowest types; `support-centre.ts` assembles it. */
export interface StaffDependencies {
  sessions: OwnSessions;
  /** Our own two sites that people sign in to, by their displayed names. */
  ownPages: Record<'account' | 'staff', { name: { en: string; ja: string }; home: string }>;
  directory: StaffDirectory;
  desk: SupportDesk;
  /** The desk's configuration: identity checks and their names, the lifetime of a pass, hours. */
  settings: DeskSettings;
  /** The registered pages, for the navigation. */
  pages(): readonly ListedPage[];
  responder: Responder;
  language: Language;
  browsers: BrowserBinding;
  cookies: Cookies;
  timeZone: string;
  /** A browser in words, from its User-Agent. */
  describeDevice(userAgent: string, locale: 'en' | 'ja'): string;
  /** The operator's name for the network of an address, where it has one. */
  placeOf(address: string, locale: 'en' | 'ja'): string | undefined;
}
