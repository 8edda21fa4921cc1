/** Which browser an unfinished login was begun in: one browser has few of them (S10). */
export const steps = [
  {
    transaction: [
      // digest of the browser's own secret, as sign_ins.browser; of logins alone
      'alter table oidc_payloads add column browser text',
    ],
  },
  {
    concurrently: `create index concurrently oidc_payloads_browser on oidc_payloads (browser, expires_at)
      where browser is not null`,
  },
];
