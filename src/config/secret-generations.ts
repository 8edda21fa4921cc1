import { createHash } from 'node:crypto';
import type { SecretGeneration } from '../base/sealing.ts';
import type { Configuration } from './schema.ts';

/**
 * The configured secrets, newest first, each named by its digest: sealed values then record which secret
 * opens them, and operators need not number secrets.
 */
export function secretGenerations(secrets: Configuration['secrets']): SecretGeneration[] {
  return [secrets.current, ...secrets.previous].map((secret) => ({
    id: createHash('sha256').update(`nijo-secret-id:${secret}`).digest('hex').slice(0, 8),
    secret,
  }));
}
