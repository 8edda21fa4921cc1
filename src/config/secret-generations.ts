import { createHash } from 'node:crypto';
import type { SecretGeneration } from '../base/sealing.ts';
import type { Configuration } from './schema.ts';

/**
 * The configured secrets, newest first, each named by a digest of itself: sealed values then say which
 * secret opens them without an operator having to number secrets.
 */
export function secretGenerations(secrets: Configuration['secrets']): SecretGeneration[] {
  return [secrets.current, ...secrets.previous].map((secret) => ({
    id: createHash('sha256').update(`nijo-secret-id:${secret}`).digest('hex').slice(0, 8),
    secret,
  }));
}
