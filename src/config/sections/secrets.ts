import { z } from 'zod';

const weak = /^(.)\1*$|changeme|password|secret|example|0123456789/i;

export const secret = z
  .string()
  .min(32, 'is shorter than 32 characters: make one with `openssl rand -base64 48`')
  .refine(
    (value) => new Set(value).size >= 12 && !weak.test(value),
    'is guessable: make one with `openssl rand -base64 48`',
  );

/** The secret from which every key is derived. Keep it outside the database and its backups. */
export const secretsSchema = z.strictObject({
  current: secret.optional(),
  /** Earlier secrets that still open the values they sealed, newest first; see `nijo keys reseal`. */
  previous: z.array(secret).default([]),
});
