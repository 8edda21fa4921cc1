import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { bilingual } from './values.ts';

const network = z
  .string()
  .refine(
    (value) => ipaddr.isValidCIDR(value) || ipaddr.isValid(value),
    'is not a network such as 192.0.2.0/24',
  );

/** Networks that a notice calls by name, so that "on campus" says more than an address. The first that fits counts. */
export const placesSchema = z
  .array(z.strictObject({ name: bilingual, networks: z.array(network).min(1) }))
  .default([]);
