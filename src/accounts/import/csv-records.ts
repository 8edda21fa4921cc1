import type { Readable } from 'node:stream';

/** One record of a CSV file, with the number of the line it begins on (the header's line is 1). */
export type CsvRecord = { line: number; fields: string[] } | { line: number; problem: string };

interface Line {
  number: number;
  text: string;
}

const longestLine = 1 << 20;
// A quoted field may hold line breaks; beyond this many the quotation mark is a stray one.
const longestRecord = 50;

/** Physical lines of UTF-8 text, without a byte order mark, whatever their line ends. */
async function* readLines(source: Readable): AsyncGenerator<Line> {
  const decoder = new TextDecoder('utf-8');
  let number = 0;
  let rest = '';
  for await (const chunk of source as AsyncIterable<Uint8Array | string>) {
    const text =
      rest + decoder.decode(typeof chunk === 'string' ? Buffer.from(chunk) : chunk, { stream: true });
    // A carriage return at the very end may be the first half of CRLF.
    const pause = text.endsWith('\r') ? 1 : 0;
    const lines = text.slice(0, text.length - pause).split(/\r\n|\n|\r/);
    rest = (lines.pop() ?? '') + text.slice(text.length - pause);
    for (const line of lines) yield { number: (number += 1), text: line };
    if (rest.length > longestLine)
      throw new Error(`line ${number + 1} is longer than 1 MiB: this is no CSV file`);
  }
  const last = (rest + decoder.decode()).replace(/\r$/, '');
  if (last !== '') yield { number: number + 1, text: last };
}

/** The fields of one record (RFC 4180); undefined when a quotation mark is misplaced. */
export function parseFields(text: string, separator = ','): string[] | undefined {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    // ="0012345": how spreadsheets are told to keep the leading zeros.
    if (text.startsWith('="', at)) at += 1;
    if (text[at] === '"') {
      let field = '';
      for (;;) {
        const close = text.indexOf('"', at + 1);
        if (close === -1) return undefined;
        field += text.slice(at + 1, close);
        at = close + 1;
        if (text[at] !== '"') break;
        field += '"';
      }
      fields.push(field);
      if (at === text.length) return fields;
      if (text[at] !== separator) return undefined;
    } else {
      const comma = text.indexOf(separator, at);
      const field = text.slice(at, comma === -1 ? undefined : comma);
      if (field.includes('"')) return undefined;
      fields.push(field);
      if (comma === -1) return fields;
      at = comma;
    }
    at += 1;
  }
}

function hasOpenQuote(text: string): boolean {
  let odd = false;
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) odd = !odd;
  return odd;
}

const strayQuote =
  'a quotation mark is not closed or stands in the wrong place (write a field as "…" and a quotation mark in it as "")';

/** The separator that a first line `sep=;` names, for spreadsheets; undefined for every other line. */
function namedSeparator(text: string): string | undefined {
  return /^"?sep=([,;\t|])"?[,;\t|]*$/i.exec(text)?.[1];
}

/**
 * The records of a CSV file, streaming: separated by commas (or what a first line `sep=` names), quoted
 * fields, LF or CRLF, byte order mark allowed, empty lines skipped. A stray quotation mark costs only its
 * own line: the lines that it would have swallowed are read again. That, and exact line numbers, is why no
 * library is used here (docs/decisions.md).
 */
export async function* readCsvRecords(source: Readable): AsyncGenerator<CsvRecord> {
  let width: number | undefined;
  const pending: Line[] = [];
  let open = false;
  let separator: string | undefined;

  /** The record that the pending lines make, or the first of them as a bad record. */
  function* settle(ended: boolean): Generator<CsvRecord> {
    const [first] = pending;
    if (first === undefined) return;
    if (open && !ended && pending.length < longestRecord) return;
    const fields = open ? undefined : parseFields(pending.map((line) => line.text).join('\n'), separator);
    const swallowed = pending.length > 1 && fields?.length !== width;
    if (fields !== undefined && !swallowed) {
      pending.length = 0;
      width ??= fields.length;
      if (fields.length > 1 || fields[0]?.trim() !== '') yield { line: first.number, fields };
      return;
    }
    const again = pending.slice(1);
    pending.length = 0;
    open = false;
    yield { line: first.number, problem: strayQuote };
    for (const line of again) yield* take(line);
    if (ended) yield* settle(true);
  }

  function* take(line: Line): Generator<CsvRecord> {
    pending.push(line);
    if (hasOpenQuote(line.text)) open = !open;
    yield* settle(false);
  }

  for await (const line of readLines(source)) {
    const named = width === undefined && pending.length === 0 ? namedSeparator(line.text) : undefined;
    if (named === undefined || separator !== undefined) yield* take(line);
    else separator = named;
  }
  yield* settle(true);
}
