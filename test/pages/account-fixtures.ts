import type { AccountPageModels } from '../../src/pages/account.ts';
import type { Fault, PageName } from '../../src/pages/pages.ts';

const qrSvg = [
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9" shape-rendering="crispEdges">',
  '<path fill="#ffffff" d="M0 0h9v9H0z"/><path stroke="#000000" d="M1 1.5h7"/></svg>\n',
].join('');

const timeZone = 'Asia/Tokyo';
const used = { since: '1 April 2026', lastUsed: '2 April 2026 at 09:05' };
const phone = { id: 'a1', name: 'Phone', ...used };
const tablet = { id: 'a2', name: 'Tablet', since: '1 April 2026' };
const codes = ['4ZK7-9M2T-QW8XN', '7B3D-K5PR-2TVHC', 'X0CE-81FG-JMNPS'];

/** One realistic model of every page of the account, with everything on it at once. */
export const accountModels: AccountPageModels = {
  account: {
    standing: [
      { kind: 'mail-disabled', params: {}, to: '/account/mail' },
      { kind: 'apps-disabled', params: {}, to: '/account/new-phone' },
      { kind: 'address-failing', params: { address: 'hanako@mail.example' }, to: '/account/mail' },
      { kind: 'app-only', params: {}, to: '/account/mail' },
      { kind: 'one-way', params: {}, to: '/account/app' },
      { kind: 'codes-few', params: { left: 3 }, to: '/account/recovery-codes' },
      { kind: 'codes-none', params: { left: 0 }, to: '/account/recovery-codes' },
    ],
    mail: { address: 'hanako@mail.example', ...used },
    apps: [phone, tablet],
    passkeys: [{ id: 'p1', name: 'Laptop', backedUp: true, ...used }],
    passkeysOffered: true,
    recoveryCodesOffered: true,
    recoveryCodes: { number: 'KITE-42', since: '1 April 2026', left: 3 },
    trustedBrowsers: 2,
    timeZone,
  },
  'account-new-phone': {
    secretGrouped: 'JBSW Y3DP EHPK 3PXP',
    secret: 'JBSWY3DPEHPK3PXP',
    otpauthUrl: 'otpauth://totp/Example:a0123456?secret=JBSWY3DPEHPK3PXP&issuer=Example',
    qrSvg,
    deviceName: 'Phone',
    apps: [phone, tablet],
    replaces: 'a1',
  },
  'account-check': {
    mail: { address: 'hanako@mail.example', lastUsed: '2 April 2026 at 09:05' },
    app: { names: ['Phone', 'Tablet'] },
    passkeys: 1,
    passkeysTried: true,
    recoveryCodes: { number: 'KITE-42', left: 1 },
    onlyOne: true,
  },
  'account-check-code': {
    address: 'h•••o@mail.example',
    reference: 'KITE-42',
    minutesLeft: 10,
    delivery: 'handed-over',
    deliveryDomain: 'mail.example',
    resendInSeconds: 25,
    otherWays: [],
  },
  'account-remove': {
    way: 'mail',
    name: 'hanako@mail.example',
    since: '1 April 2026',
    remaining: [
      { way: 'app', name: 'Phone' },
      { way: 'passkey', name: 'Laptop' },
      { way: 'recovery-codes', name: 'KITE-42' },
    ],
    acknowledgementVersion: '2026-1',
  },
  'account-check-passkey': { options: '{"challenge":"c"}' },
  'account-passkey': { options: '{"challenge":"c"}', change: 'c1', deviceName: 'Laptop' },
  'account-rename': { way: 'app', name: 'Phone', deviceName: 'Phone' },
  'account-recovery-codes': { sheet: { number: 'KITE-42', since: '1 April 2026', left: 3 } },
  'account-sessions': {
    sessions: [true, false].map((present) => ({
      id: present ? 's1' : 's2',
      present,
      device: 'Chrome on Windows',
      place: 'Library',
      since: '1 April 2026 at 09:05',
      lastSeen: '2 April 2026 at 09:05',
      services: ['Grades', 'Library'],
    })),
    trustedBrowsers: 1,
    timeZone,
  },
  'account-browsers': {
    browsers: [
      { id: 'b1', device: 'Chrome on Windows', place: 'network 192.0.2.1', until: '1 May 2026', ...used },
    ],
    timeZone,
  },
  'account-services': {
    grants: [
      { id: 'g1', service: 'Grades', since: '1 April 2026 at 09:05', scopes: ['openid', 'x_own_scope'] },
    ],
  },
  'account-history': {
    rows: [
      {
        id: '2',
        at: '2 April 2026 at 09:05',
        text: 'You signed in to Grades.',
        bad: false,
        where: 'Library',
      },
      { id: '1', at: '1 April 2026 at 09:05', text: 'A wrong password.', bad: true, where: '' },
    ],
    earlier: '/account/history?before=1',
    newest: false,
    timeZone,
  },
};

/** The same while changes are held up: all of them (D11), or those of the address (R37). */
export const heldUp = (kind: 'frozen' | 'address-frozen'): AccountPageModels['account'] => ({
  ...accountModels.account,
  standing: [{ kind, params: { until: '3 April 2026 at 09:05' } }, ...accountModels.account.standing],
});

/** The sheet of recovery codes as it is shown, once. */
export const madeSheet: AccountPageModels['account-recovery-codes'] = {
  made: { number: 'KITE-42', codes, at: { en: '1 April 2026', ja: '2026年4月1日' } },
};

/** The pages with one form, and the fields a person fills in on each. */
export const accountFields: Partial<Record<PageName, readonly NonNullable<Fault['field']>[]>> = {
  'account-new-phone': ['device_name', 'code'],
  'account-check-code': ['code'],
  'account-remove': ['acknowledge'],
  'account-check-passkey': [],
  'account-passkey': ['device_name'],
  'account-rename': ['device_name'],
  'account-recovery-codes': [],
};
