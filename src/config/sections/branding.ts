import { z } from 'zod';
import { bilingual, linkUrl } from './values.ts';

// Every address that fits can be mailed to as it stands.
const staffAddress = /^[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*@([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/;

/** What pages and mails call things. Kyoto's values are the shipped example. */
export const brandingSchema = z.strictObject({
  organisation: bilingual.default({ en: 'Example University', ja: '例示大学' }),
  login_id_label: bilingual.default({ en: 'User ID', ja: 'ユーザーID' }),
  /** Name of the account in the authenticator app; letters and spaces. */
  totp_issuer: z
    .string()
    .min(1)
    .regex(/^[^:]+$/, 'must hold no colon')
    .default('Example University'),
  inquiry_url: z
    .strictObject({ en: linkUrl, ja: linkUrl })
    .default({ en: 'https://example.ac.jp/en/inquiry', ja: 'https://example.ac.jp/ja/inquiry' }),
  support_centre: z
    .strictObject({
      name: bilingual,
      /** Superseded: hours are told as `desk.hours` says. Files that have it stay good. */
      hours: bilingual.optional(),
      /** Where the desk is, and how it is called: what a user needs to get there. */
      place: bilingual.optional(),
      telephone: z
        .string()
        .regex(/^\+?[0-9][0-9 ()-]{3,30}$/, 'is not a telephone number such as +81-75-000-0000')
        .optional(),
      /** Is told when a user reports "this was not me" (D11). */
      email: z
        .string()
        .regex(staffAddress, 'is not one plain address, with its domain in lower case')
        .optional(),
    })
    .default({
      name: { en: 'Support centre', ja: 'サポートセンター' },
    }),
});
export type Branding = z.infer<typeof brandingSchema>;
