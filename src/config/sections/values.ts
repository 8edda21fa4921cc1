import { z } from 'zod';

/** A text in both languages of the pages. */
export const bilingual = z.strictObject({ en: z.string().min(1), ja: z.string().min(1) });
export type Bilingual = z.infer<typeof bilingual>;

export const port = z.int().min(0).max(65_535);

/**
 * The public address: an http(s) URL of only scheme, host and port, in the one spelling that services compare
 * with and that browsers use (lower case, no default port, no trailing dot), stored without a trailing slash.
 * A path is checked with the whole configuration.
 */
export const originUrl = z
  .string()
  .trim()
  .superRefine((value, context) => {
    const fault = originFault(value);
    if (fault !== undefined)
      context.addIssue({ code: 'custom', message: fault.problem, params: { fix: fault.fix } });
  })
  .transform((value) => value.replace(/\/+$/, ''));

function originFault(value: string): { problem: string; fix: string } | undefined {
  const example = 'https://idp.example.ac.jp';
  const bare = `write scheme and host alone, such as ${example} (NIJO_ISSUER or \`issuer:\`)`;
  if (!/^https?:\/\//i.test(value))
    return { problem: 'must begin with https:// (or http:// on loopback)', fix: bare };
  if (!URL.canParse(value)) return { problem: 'is not a URL: its host or port cannot be read', fix: bare };
  const { username, password, origin, protocol } = new URL(value);
  if (/[?#]/.test(value)) return { problem: 'must have no query and no fragment', fix: bare };
  if (username !== '' || password !== '' || value.includes('@'))
    return { problem: 'must name no user', fix: bare };
  const canonical = protocol + '//' + new URL(origin).host.replace(/\.(?=:\d+$|$)/, '');
  // A path is reported by another check.
  const written = /^[^:]*:\/\/[^/]*/.exec(value)?.[0];
  return written === canonical
    ? undefined
    : {
        problem: 'is not in the one spelling that services compare it with',
        fix: `write ${canonical}: lower case, no default port, no dot at the end, the xn-- form of an international name`,
      };
}

/** A web address that a page links to. */
export const linkUrl = z
  .string()
  .refine(
    (value) => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol),
    'is not an http(s) address',
  );

/** Whether a host name or address can be reached from this machine only. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}
