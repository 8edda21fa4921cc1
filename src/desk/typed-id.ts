import { maskLoginId, normaliseLoginId } from '../accounts/login-id.ts';
import type { Sealer } from '../base/sealing.ts';

// No ID begins with this mark (`normaliseLoginId`).
const mark = '?';
const longest = 64;

/**
 * The typed ID in the spelling used for look-up; text that cannot be an ID is returned as typed, without
 * invisible characters. Only compare or digest the result: it may be a password in the wrong field (S30).
 * @returns '' for empty input.
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
 * What a case stores of an ID that names no account: enough to recognise the same input again, and useless
 * for reading it or trying passwords without `NIJO_SECRET`. A password can have the shape of an ID, so the
 * shape decides nothing.
 */
export function digestOfUnknownId(sealer: Pick<Sealer, 'digest'>, typedId: string): string {
  return `${mark}${sealer.digest('lookup', `support-id:${typedId}`).toString('base64url').slice(0, 22)}`;
}

/** An ID that names no account, as staff sees it. Cases of earlier releases still store what was typed. */
export function shownUnknownId(kept: string): string {
  return kept.startsWith(mark) ? '•••' : maskLoginId(kept);
}
