import { z } from 'zod';

/** Addresses refused for mail codes (R17): a mailbox with the same password is no second factor. */
export const addressesSchema = z.strictObject({
  forbidden: z
    .array(
      z.strictObject({
        domain: z.string().min(1),
        include_subdomains: z.boolean().default(false),
        label: z.string().default(''),
      }),
    )
    .default([]),
});

export const mailCodesSchema = z.strictObject({
  lifetime_minutes: z.number().min(3).max(10).default(10),
  max_attempts: z.int().min(1).max(5).default(5),
  resend_cooldown_seconds: z.int().min(10).max(300).default(30),
  mails_per_15_minutes: z.int().min(1).max(5).default(5),
  mails_per_day: z.int().min(1).max(20).default(20),
});

export const appCodesSchema = z.strictObject({
  /** Steps of 30 s accepted before and after the present one (RFC 6238 §5.2). */
  window_before: z.int().min(0).max(1).default(1),
  window_after: z.int().min(0).max(1).default(1),
  /** Apps that an account may have at a time, each a named device with a secret of its own (R25). */
  max_devices: z.int().min(1).max(20).default(5),
});

/** A further factor that users may set up on their own page; it needs an issuer with a host name. */
export const passkeysSchema = z.strictObject({
  enabled: z.boolean().default(true),
});

/** Ten codes on a printed sheet: also a further factor, never required (R11). */
export const recoveryCodesSchema = z.strictObject({
  enabled: z.boolean().default(true),
});

export const assuranceSchema = z.strictObject({
  /** Lets a mail code satisfy the REFEDS MFA profile. Read docs/decisions.md before switching it on. */
  mail_satisfies_mfa: z.boolean().default(false),
  /** Wrong codes that an account may enter in an hour before the factor step pauses. */
  wrong_codes_per_hour: z.int().min(3).max(10).default(10),
});
