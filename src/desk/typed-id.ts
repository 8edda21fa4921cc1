import { maskLoginId, normaliseLoginId } from '../accounts/login-id.ts';
import type { Sealer } from '../base/sealing.ts';

// No ID begins with it (`normaliseLoginId`).
const mark = '?';
const longest = 64;

/**
 * What somebody typed as their ID, in the spelling to look it up by; what can be nobody's ID as it was typed, without
 * what cannot be seen. Only ever to be compared or digested: it may be a password in the wrong field (S30).
 * @returns '' for nothing at all.
 */
export function readTypedId(input: string): string {
  const visible = input
    .slice(0, 1000)
    .normalize('NFKC')
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim();
  return normaliseLoginId(input) ?? Array.from(visible).slice(0, longest).join('');
}

/**
 * What a case keeps of an ID that names no account: enough to see that the same was typed again, and nothing to read
 * or to try passwords on without `NIJO_SECRET`. A password can have the shape of an ID, so the shape decides nothing.
 */
export function digestOfUnknownId(sealer: Pick<Sealer, 'digest'>, typedId: string): string {
  return `${mark}${sealer.digest('lookup', `support-id:${typedId}`).toString('base64url').slice(0, 22)}`;
}

/** An ID that names no account, as staff sees it. Cases of earlier releases still have what was typed. */
export function shownUnknownId(kept: string): string {
  return kept.startsWith(mark) ? '•••' : maskLoginId(kept);
}
