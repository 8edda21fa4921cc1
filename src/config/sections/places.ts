import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { bilingual } from './values.ts';

const network = z
  .string()
  .refine(
    (value) => ipaddr.isValidCIDR(value) || ipaddr.isValid(value),
    'is not a network such as 192.0.2.0/24',
  );

/** Limits of this place, which replace the general ones: many users behind few addresses. */
const limits = z.strictObject({
  wrong_passwords_per_id_and_network: z.int().min(3).max(10_000).optional(),
  wrong_passwords_per_network: z.int().min(10).max(100_000).optional(),
  support_requests_per_hour: z.int().min(1).max(10_000).optional(),
});

/**
 * Networks that notices call by name, so that "on campus" says more than an address, and that may have limits
 * of their own. The first match counts.
 */
export const placesSchema = z
  .array(z.strictObject({ name: bilingual, networks: z.array(network).min(1), limits: limits.optional() }))
  .default([]);
