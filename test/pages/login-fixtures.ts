import type { LoginPageModels } from '../../src/pages/login.ts';
import type { Fault } from '../../src/pages/pages.ts';
import { opening } from './support-fixtures.ts';
import type { MailCodePage, AppKey } from '../../src/pages/shared.ts';

/** Realistic models of the login's pages beside the first ones. */
export function loginModels(mailCode: MailCodePage, appKey: AppKey): LoginPageModels {
  return {
    'recovery-code': { sheet: 'KITE-42', otherWays: ['app', 'mail'] },
    passkey: { options: '{"challenge":"abc"}', otherWays: ['mail'] },
    reset: { ...mailCode, otherWays: ['app', 'mail'], reason: 'other', passwordNeeded: true, opening },
    'set-up-pass': { why: 'asked', passwordNeeded: true, opening },
    'reset-done': { ...appKey, skippable: true },
    'confirm-address': { address: 'h•••o@mail.example', accountUrl: 'https://idp.example/account' },
    'codes-low': { left: 3, accountUrl: 'https://idp.example/account' },
  };
}

/** The fields a person fills in on each. */
export const loginFields: Record<keyof LoginPageModels, readonly NonNullable<Fault['field']>[]> = {
  'recovery-code': ['code'],
  passkey: [],
  reset: ['reason', 'password', 'code'],
  'set-up-pass': ['setup_pass', 'password'],
  'reset-done': ['device_name', 'code'],
  'confirm-address': [],
  'codes-low': [],
};
