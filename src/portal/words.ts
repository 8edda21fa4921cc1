import { type Translate, translator } from '../i18n/translate.ts';
import type { PortalDependencies } from './dependencies.ts';
import type { HistoryRow } from './ports.ts';

/** Where a request came from, in words: the operator's name of the network, or its address. */
export function placeInWords(
  dependencies: Pick<PortalDependencies, 'placeOf'>,
  address: string,
  locale: 'en' | 'ja',
): string {
  return dependencies.placeOf(address, locale) ?? translator(locale)('account.network', { address });
}

/** An event of the audit log in plain words; an event without words is shown by its name. */
export function historyText(
  t: Translate,
  row: Pick<HistoryRow, 'service' | 'details'> & { event: string },
): string {
  const params: Record<string, string | number> = {
    ...plainOf(row.details),
    event: row.event,
    service: row.service?.[t.locale] ?? t('account.aService'),
  };
  const { way, reason } = params;
  const variants = [way, reason, row.details['breakGlass'] === true ? 'break-glass' : undefined];
  for (const key of [...variants.map((one) => `history.${row.event}.${one ?? ''}`), `history.${row.event}`]) {
    if (t.has(key) && t.complete(key, params)) return t(key, params);
  }
  return t('history.other', params);
}

function plainOf(details: Readonly<Record<string, unknown>>): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(details).filter(
      (entry): entry is [string, string | number] =>
        typeof entry[1] === 'string' || typeof entry[1] === 'number',
    ),
  );
}
