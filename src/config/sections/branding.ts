import { z } from 'zod';
import { bilingual, linkUrl } from './values.ts';

// Every accepted address can be mailed to as written.
const staffAddress = /^[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*@([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/;

/** Names used on pages and in mails. Kyoto's values are the shipped example. */
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
      /** Superseded by `desk.hours`. Files that still have it stay valid. */
      hours: bilingual.optional(),
      /** The desk's location and name: what a user needs to get there. */
      place: bilingual.optional(),
      telephone: z
        .string()
        .regex(/^\+?[0-9][0-9 ()-]{3,30}$/, 'is not a telephone number such as +81-75-000-0000')
        .optional(),
      /** Receives a mail when a user reports "this was not me" (D11). */
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
