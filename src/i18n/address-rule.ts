import type { Translate } from './translate.ts';

/** A rule of the operator's list of addresses that cannot be registered. */
export interface AddressRuleItem {
  domain: string;
  includeSubdomains: boolean;
  /** What people call that mail service; may be empty. */
  label: string;
}

/**
 * The rule on addresses in words, for the form, the error and the manual alike (R17, R50): nobody
 * writes it a second time. Without a forbidden domain only "one address" remains.
 */
export function addressRule(t: Translate, forbidden: readonly AddressRuleItem[]): string {
  if (forbidden.length === 0) return t('addressRule.one');
  const names = forbidden.map(({ domain, includeSubdomains, label }) => {
    const named = label === '' ? `@${domain}` : t('addressRule.labelled', { domain, label });
    return includeSubdomains ? t('addressRule.subdomains', { domain: named }) : named;
  });
  const domains = new Intl.ListFormat(t.locale, { type: 'disjunction' }).format(names);
  return [t('addressRule.forbidden', { domains }), t('addressRule.why'), t('addressRule.one')].join(
    t('common.sentenceGap'),
  );
}
