import ipaddr from 'ipaddr.js';
import { z } from 'zod';

/** Where users may trust a browser at all (R31); each service has to allow it too, and none does unless it is told to. */
export const trustedBrowsersSchema = z.strictObject({
  enabled: z.boolean().default(true),
  /** Networks (addresses or CIDR blocks) from which nobody is let in without a second factor, such as rooms of shared computers. */
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
