import { NijoError } from '../base/errors.ts';
import { numbersIn } from './note-numbers.ts';

export const longestNote = 500;

// Invisible characters except line breaks: they would hide a number from readers and from the rule.
const unseen = /(?!\n)[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu;

/**
 * A staff note as it is stored: the kind of evidence and what was said, never the evidence (R39).
 * @throws NijoError `note_too_long`; `note_holds_number` where it contains a card, document or telephone
 *   number, a code, a key or a mail address.
 */
export function readNote(input: unknown): string {
  if (typeof input !== 'string') return '';
  // NFKC can make 18 characters of one: check the length before and after.
  if (input.length > longestNote * 4) throw new NijoError('note_too_long', { max: longestNote });
  const note = input.replace(/\r\n?/g, '\n').normalize('NFKC').replace(unseen, '').trim();
  if (Array.from(note).length > longestNote) throw new NijoError('note_too_long', { max: longestNote });
  if (numbersIn(note).length > 0) throw new NijoError('note_holds_number');
  return note;
}
