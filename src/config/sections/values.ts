import { z } from 'zod';

/** A text in both languages of the pages. */
export const bilingual = z.strictObject({ en: z.string().min(1), ja: z.string().min(1) });
export type Bilingual = z.infer<typeof bilingual>;

export const port = z.int().min(0).max(65_535);

/** An absolute http(s) URL without query, fragment and user, kept without a trailing slash. */
export const originUrl = z
  .string()
  .refine((value) => URL.canParse(value), { error: 'is not a URL', abort: true })
  .refine(
    (value) => /^https?:$/.test(new URL(value).protocol),
    'must begin with https:// (or http:// on loopback)',
  )
  .refine((value) => !/[?#]/.test(value), 'must have no query and no fragment')
  .refine((value) => new URL(value).username === '' && new URL(value).password === '', 'must name no user')
  .transform((value) => value.replace(/\/+$/, ''));

/** A web address that a page links to. */
export const linkUrl = z
  .string()
  .refine(
    (value) => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol),
    'is not an http(s) address',
  );

/** Whether a host name or address can only be reached from this machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}
