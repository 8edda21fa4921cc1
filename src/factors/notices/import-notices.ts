import { importedAppName, type TellOfFactors } from '../../accounts/import.ts';
import type { Configuration } from '../../config/schema.ts';
import { maskAddress } from '../mail/address.ts';
import { createNotices, type Notice } from './notices.ts';

/** The mails about imported factors: the same that a change on the user's own page sends (R37, C18). */
export function factorNotices(config: Configuration): TellOfFactors {
  const locale = config.locale.default;
  const notices = createNotices({ timeZone: config.locale.time_zone, places: config.places });
  return (trx, came) =>
    notices.tellMany(
      trx,
      came.flatMap(({ accountId, address, app }) => {
        const told: Notice[] = [];
        if (address !== undefined) told.push({ kind: 'mail-added', address: maskAddress(address) });
        if (app) told.push({ kind: 'app-added', name: importedAppName });
        return told.map((notice) => ({ accountId, notice }));
      }),
      undefined,
      locale,
    );
}
