import { z } from 'zod';
import { passwordLimitsSchema, passwordsSchema } from './sections/accounts.ts';
import { brandingSchema } from './sections/branding.ts';
import { databaseSchema } from './sections/database.ts';
import {
  addressesSchema,
  appCodesSchema,
  assuranceSchema,
  mailCodesSchema,
  passkeysSchema,
  recoveryCodesSchema,
} from './sections/factors.ts';
import { deskSchema } from './sections/desk.ts';
import { mailSchema } from './sections/mail.ts';
import { placesSchema } from './sections/places.ts';
import { secretsSchema } from './sections/secrets.ts';
import { serverSchema } from './sections/server.ts';
import { sessionsSchema, tokensSchema } from './sections/sessions.ts';
import { trustedBrowsersSchema } from './sections/trusted-browsers.ts';
import { originUrl } from './sections/values.ts';

// A missing section is the same as an empty one: its own defaults apply.
const section = <Schema extends z.ZodObject>(schema: Schema) => schema.prefault({} as z.input<Schema>);

/** The whole configuration file. Unknown keys are rejected, so that a typing error is no silent default. */
export const configurationSchema = z.strictObject({
  issuer: originUrl.optional(),
  server: section(serverSchema),
  database: section(databaseSchema),
  secrets: section(secretsSchema),
  mail: section(mailSchema),
  branding: section(brandingSchema),
  places: placesSchema,
  addresses: section(addressesSchema),
  mail_codes: section(mailCodesSchema),
  app_codes: section(appCodesSchema),
  passkeys: section(passkeysSchema),
  recovery_codes: section(recoveryCodesSchema),
  assurance: section(assuranceSchema),
  trusted_browsers: section(trustedBrowsersSchema),
  desk: section(deskSchema),
  passwords: section(passwordsSchema),
  password_limits: section(passwordLimitsSchema),
  sessions: section(sessionsSchema),
  tokens: section(tokensSchema),
  locale: section(
    z.strictObject({
      default: z.enum(['en', 'ja']).default('ja'),
      time_zone: z
        .string()
        .default('Asia/Tokyo')
        .refine(
          (value) => Intl.supportedValuesOf('timeZone').includes(value) || value === 'UTC',
          'is not an IANA time zone',
        ),
    }),
  ),
  logging: section(
    z.strictObject({
      level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
    }),
  ),
});

type Parsed = z.output<typeof configurationSchema>;

/** A checked configuration: everything that a file may omit is there. */
export type Configuration = Readonly<
  Omit<Parsed, 'issuer' | 'database' | 'secrets' | 'mail'> & {
    issuer: string;
    database: Parsed['database'] & { url: string };
    secrets: Parsed['secrets'] & { current: string };
    mail: Parsed['mail'] & { smtp_url: string; from_address: string };
  }
>;

/** As a file or the trial writes it. */
export type ConfigurationInput = z.input<typeof configurationSchema>;
