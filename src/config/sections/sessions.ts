import { z } from 'zod';

export const sessionsSchema = z.strictObject({
  /** A session ends when unused for this long (C37). */
  idle_minutes: z.int().min(5).max(720).default(60),
  /** … and after this long even when in use (NIST SP 800-63B: at most 24 h). */
  absolute_hours: z.int().min(1).max(24).default(12),
  /** How long a login may take, from the service to the last code. */
  interaction_minutes: z.int().min(10).max(120).default(60),
  /** How many unfinished logins one browser may have; beyond them the oldest ends. */
  unfinished_logins: z.int().min(2).max(25).default(10),
});

export const tokensSchema = z.strictObject({
  access_token_minutes: z.int().min(1).max(60).default(15),
  id_token_minutes: z.int().min(1).max(60).default(15),
  /** Absolute lifetime of a family of refresh tokens (C29). */
  refresh_token_days: z.int().min(1).max(30).default(14),
});
