import { z } from 'zod';
import { connectionUrl } from './connection-url.ts';

const smtpUrl = connectionUrl({
  schemes: ['smtp', 'smtps'],
  variable: 'SMTP_URL or SMTP_URL_FILE',
  example: 'smtp://host:25 or smtps://user:password@host',
});

export const mailSchema = z.strictObject({
  smtp_url: smtpUrl.optional(),
  /** Sender; its domain needs SPF and DKIM for this server (R10). */
  from_address: z
    .string()
    .regex(/^[^@\s<>]+@[^@\s<>]+$/, 'is not one plain address')
    .optional(),
  /**
   * The name that this node sends in EHLO. Default: the node's host name where it is fully qualified, else
   * the host of the issuer; many relays refuse `[127.0.0.1]` and the short names of containers.
   */
  ehlo_name: z
    .string()
    .regex(
      /^(?=.{1,253}$)([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$|^\[[0-9A-Fa-f.:]+\]$|^\[IPv6:[0-9A-Fa-f.:]+\]$/,
      'is neither a host name nor an address in [ ]',
    )
    .optional(),
  from_name: z.strictObject({ en: z.string(), ja: z.string() }).optional(),
  /** The code in the subject line shows on lock screens: off by default. */
  code_in_subject: z.boolean().default(false),
  connect_timeout_ms: z.int().min(100).default(2000),
  socket_timeout_ms: z.int().min(100).default(3000),
  pool_size: z.int().min(1).max(50).default(5),
});
