import type { Translate } from '../i18n/translate.ts';
import type { AccountPageModels } from './account.ts';

/** The account pages whose only form posts to the page's own URL. */
export const accountPagesWithForm: readonly (keyof AccountPageModels)[] = [
  'account-new-phone',
  'account-check-code',
  'account-remove',
  'account-check-passkey',
  'account-passkey',
  'account-rename',
  'account-recovery-codes',
];

/** The headings of the account pages, which are also the first part of their titles. */
export function accountHeadings(t: Translate): {
  readonly [P in keyof AccountPageModels]: (model: AccountPageModels[P]) => string;
} {
  return {
    account: () => t('account.title'),
    'account-new-phone': () => t('newPhone.title'),
    'account-check': () => t('check.title'),
    'account-check-code': ({ minutesLeft }) =>
      t(minutesLeft > 0 ? 'checkCode.title' : 'mailCode.titleUnsent'),
    'account-remove': ({ way }) => t(`remove.title.${way}`),
    'account-check-passkey': () => t('checkPasskey.title'),
    'account-passkey': () => t('accountPasskey.title'),
    'account-rename': () => t('rename.title'),
    'account-recovery-codes': ({ made }) => t(made === undefined ? 'recovery.title' : 'recovery.titleMade'),
    'account-sessions': () => t('sessions.title'),
    'account-browsers': () => t('browsers.title'),
    'account-services': () => t('services.title'),
    'account-history': () => t('historyPage.title'),
  };
}
