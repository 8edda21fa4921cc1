import { createHash } from 'node:crypto';
import { labelOf, newLabel } from '../base/ids.ts';

/** What a case is called between the user and the desk: XXXX-XXXX, to be read aloud; no secret. */
export function newCaseNumber(): string {
  return grouped(newLabel(8));
}

/** The number of a form: the same words sent twice with it, by double click or reload, are one request. */
export function caseNumberOf(form: string, words: readonly string[]): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([form, ...words]))
    .digest();
  return grouped(labelOf(digest, 8));
}

function grouped(label: string): string {
  return `${label.slice(0, 4)}-${label.slice(4)}`;
}
