import { sql } from 'kysely';
import { forgetOldBrowsers, keptDays } from '../factors/browsers/known.ts';
import { forgetOldLinks } from '../factors/notices/links.ts';
import { forgetPasskeyChallenges } from '../factors/passkeys/challenges.ts';
import { forgetOldTrust } from '../factors/browsers/trust-rows.ts';
import { forgetOldMails } from '../mail/delivery.ts';
import { type CleaningKind, expiring } from './cleanup.ts';

/** The expired rows of factors and mails, for the cleanup job; the desk has its own. */
export const forgotten: readonly CleaningKind[] = [
  {
    ...expiring({
      name: 'mails',
      table: 'mails',
      by: 'created_at',
      kept: '1 day',
      and: sql`(state <> 'waiting' or expires_at < now())`,
    }),
    clean: (trx, batch) => forgetOldMails(trx, { batch }),
  },
  { ...expiring({ name: 'notice_links', table: 'notice_links' }), clean: forgetOldLinks },
  {
    ...expiring({
      name: 'known_browsers',
      table: 'known_browsers',
      by: 'last_seen_at',
      kept: `${keptDays} days`,
    }),
    clean: forgetOldBrowsers,
  },
  {
    ...expiring({ name: 'trusted_browsers', table: 'trusted_browsers', kept: '1 day' }),
    clean: forgetOldTrust,
  },
  {
    ...expiring({ name: 'passkey_challenges', table: 'passkey_challenges' }),
    clean: forgetPasskeyChallenges,
  },
];
