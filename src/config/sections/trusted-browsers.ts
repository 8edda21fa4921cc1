import ipaddr from 'ipaddr.js';
import { z } from 'zod';

/** Where users may trust a browser (R31); each service must allow it too, and by default none does. */
export const trustedBrowsersSchema = z.strictObject({
  enabled: z.boolean().default(true),
  /** Networks (IPs or CIDR blocks) that always need a second factor, such as rooms of shared computers. */
  never_from: z
    .array(
      z
        .string()
        .refine(
          (value) => ipaddr.isValid(value) || ipaddr.isValidCIDR(value),
          'is neither an address nor a CIDR block',
        ),
    )
    .default([]),
});
