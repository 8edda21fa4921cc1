import { z } from 'zod';

const smtpUrl = z
  .string()
  .refine((value) => /^smtps?:\/\/./.test(value), 'must begin with smtp:// or smtps://');

export const mailSchema = z.strictObject({
  smtp_url: smtpUrl.optional(),
  /** Sender; its domain needs SPF and DKIM for this server (R10). */
  from_address: z
    .string()
    .regex(/^[^@\s<>]+@[^@\s<>]+$/, 'is not one plain address')
    .optional(),
  from_name: z.strictObject({ en: z.string(), ja: z.string() }).optional(),
  /** The code in the subject line shows on lock screens: off unless an operator decides otherwise. */
  code_in_subject: z.boolean().default(false),
  connect_timeout_ms: z.int().min(100).default(2000),
  socket_timeout_ms: z.int().min(100).default(3000),
  pool_size: z.int().min(1).max(50).default(5),
});
