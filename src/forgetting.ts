import { forgetOldBrowsers } from './factors/known-browsers.ts';
import { forgetOldLinks } from './factors/notice-links.ts';
import { forgetPasskeyChallenges } from './factors/passkeys/challenges.ts';
import { forgetOldTrust } from './factors/trust-rows.ts';
import { forgetOldMails } from './mail/delivery.ts';
import type { CleaningKind } from './oidc/cleanup.ts';

/** What factors and mails leave behind, for the cleaning job; the desk has its own. */
export const forgotten: readonly CleaningKind[] = [
  { name: 'mails', clean: (trx, batch) => forgetOldMails(trx, { batch }) },
  { name: 'notice_links', clean: forgetOldLinks },
  { name: 'known_browsers', clean: forgetOldBrowsers },
  { name: 'trusted_browsers', clean: forgetOldTrust },
  { name: 'passkey_challenges', clean: forgetPasskeyChallenges },
];
