/**
 * What a note must not contain (R39): anything that identifies a document, a telephone, a mailbox or a
 * person, or that can be used to sign in. Dates and times of day do not count as numbers.
 */
type Kind = 'address' | 'key' | 'digits' | 'document';

/** A number with more digits than this identifies a person, or is a code. */
const mostDigits = 5;

const month = '(?:1[0-2]|0?[1-9])';
const day = '(?:3[01]|[12]\\d|0?[1-9])';
const year = '(?:19|20)\\d\\d';
const time = '(?:[01]?\\d|2[0-4]):[0-5]\\d(?::[0-5]\\d(?:\\.\\d{1,3})?)?(?:Z|[+-](?:0\\d|1[0-4]):?[03]0)?';
// Next to further digits and separators, the match is part of a longer number and not a date.
const alone = (pattern: string): RegExp =>
  new RegExp(`(?<![\\d]|\\d[-/.:])(?:${pattern})(?![\\d]|[-/.:]\\d)`, 'g');
const harmless: readonly RegExp[] = [
  alone(`${year}-${month}-${day}(?:T${time})?`),
  alone(`${year}/${month}/${day}|${year}\\.${month}\\.${day}`),
  alone(`${day}[./]${month}[./]${year}|${month}/${day}/${year}`),
  new RegExp(`(?<!\\d)(?:${year}年)?${month}月${day}日`, 'g'),
  new RegExp('(?<!\\d)(?:[01]?\\d|2[0-4])時(?:[0-5]?\\d分)?', 'g'),
  new RegExp(`(?<![\\d:]|\\d[-.])(?:${time})(?![\\d:])`, 'g'),
  alone(`${month}/${day}|${day}/${month}`),
];

/** A case number, which staff may name: XXXX-XXXX, with too many letters to be a document number. */
const caseNumber = /(?<![A-Za-z\d-])[A-Z2-9]{4}-[A-Z2-9]{4}(?![A-Za-z\d-])/g;
const letters = (text: string): number => text.match(/[A-Za-z]/g)?.length ?? 0;
const digits = (text: string): number => text.match(/\d/g)?.length ?? 0;

// Replaces harmless numbers; no rule matches across it.
const stop = ' ¦ ';

const address = /[^\s@]@[^\s@]|\S\s*[([<{]\s*at\s*[)\]>}]\s*\S/i;
/** A secret of an authenticator app: Base32, whole or in groups of four. */
const appKey = /(?<![A-Za-z\d])[A-Z2-7]{4}(?:[ -]?[A-Z2-7]{4}){3,}/g;

const kanjiDigits = '〇一二三四五六七八九';
const digitWords = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];

/** Converts digits of every script, kanji digits and spoken digit words to 0 to 9. */
function withPlainDigits(text: string): string {
  return text
    .replace(/[零壱弐参]/g, (sign) => String('零壱弐参'.indexOf(sign)))
    .replace(/[〇○◯一二三四五六七八九]/g, (sign) => String(Math.max(0, kanjiDigits.indexOf(sign))))
    .replace(/(?<=\d)[十百千万]+(?=\d)/g, '')
    .replace(new RegExp(`(?<![a-z])(?:${digitWords.join('|')})(?![a-z])`, 'gi'), (word) =>
      String(digitWords.indexOf(word.toLowerCase())),
    )
    .replace(/(?![0-9])\p{Nd}/gu, '0');
}

/** Spaces, strokes, brackets and any other separators between the groups of a number. */
const between = /(?<=\d)[\s\p{P}\p{S}ーのノ]+(?=\d)/gu;

function hasLongNumber(text: string): boolean {
  return text
    .split(stop.trim())
    .some((part) => new RegExp(`\\d{${mostDigits + 1},}`).test(part.replace(between, '')));
}

/** Letters and digits as on passports, residence cards and licences: five digits, or four not adjacent. */
function isDocumentNumber(token: string): boolean {
  const count = digits(token);
  const together = /^\D*\d{4}\D*$/.test(token);
  return letters(token) > 0 && (count > 4 || (count === 4 && !together && token.length > 6));
}

function hasDocumentNumber(text: string): boolean {
  const tokens = text.match(/[A-Za-z\d]+/g) ?? [];
  const grouped = text.match(/[A-Za-z\d]+(?:[-._/][A-Za-z\d]+)+/g) ?? [];
  return [...tokens, ...grouped].some(isDocumentNumber);
}

function hasAppKey(text: string): boolean {
  const groups = text.match(appKey) ?? [];
  return text.includes('otpauth:') || groups.some((one) => letters(one) > 3 && digits(one) > 0);
}

/** @param note in NFKC, without invisible characters. @returns the forbidden kinds that it contains. */
export function numbersIn(note: string): Kind[] {
  const undated = harmless.reduce((text, pattern) => text.replace(pattern, stop), note);
  const plain = withPlainDigits(
    undated.replace(caseNumber, (number) => (letters(number) > 2 ? stop : number)),
  );
  const found: Kind[] = [];
  if (address.test(note)) found.push('address');
  if (hasAppKey(note)) found.push('key');
  if (hasLongNumber(plain)) found.push('digits');
  if (hasDocumentNumber(plain)) found.push('document');
  return found;
}
