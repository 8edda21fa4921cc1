/** A day as it is stored (`2027-03-31`), or why the text names none. */
export type ReadDay = { day: string } | { fault: string };

const none = 'is not a date such as 2027-03-31';
const right = 'write it as 2027-03-31';

/**
 * Reads a day as spreadsheets save it: ISO 8601, with slashes or dots, without leading zeros, in Japanese,
 * in full-width digits, with midnight after it. An ambiguous day is refused.
 */
export function readDay(input: string): ReadDay {
  const text = input
    .normalize('NFKC')
    .replace(/\s+/g, ' ')
    .trim()
    // A spreadsheet may save a day with its time, and a weekday.
    .replace(/(?:[ T]0?0:00(?::00(?:\.0+)?)?)(?:Z|[+-]\d\d:\d\d)?$/, '')
    .replace(/ ?(?:\([日月火水木金土]\)|[日月火水木金土]曜日?)$/, '')
    .replace(/[‐‑‒–—−]/g, '-');
  const found =
    /^(\d{4})([-/.])(\d{1,2})\2(\d{1,2})$/.exec(text) ??
    /^(\d{4}) ?(年) ?(\d{1,2}) ?月 ?(\d{1,2}) ?日$/.exec(text) ??
    // ISO 8601 without its hyphens, as other systems export it.
    /^(\d{4})()(\d{2})(\d{2})$/.exec(text);
  if (found === null) return { fault: faultOf(text) };
  const [, year = '', , month = '', dayOfMonth = ''] = found;
  const day = `${year}-${month.padStart(2, '0')}-${dayOfMonth.padStart(2, '0')}`;
  // 9999-12-31 is how directories write that an account does not end.
  if (day.startsWith('0')) return { fault: none };
  const known = new Date(`${day}T00:00:00Z`);
  // For example, 30 February does not exist.
  if (Number.isNaN(known.getTime()) || !known.toISOString().startsWith(day)) return { fault: none };
  return { day };
}

function faultOf(text: string): string {
  if (/^(明治|大正|昭和|平成|令和|[MTSHR]) ?(\d+|元)/i.test(text))
    return `gives the year in an era: ${right}`;
  if (/^\d{1,2}([-/.])\d{1,2}\1\d{1,2}$/.test(text) || /^\d{2} ?年/.test(text))
    return `has a year of two digits: ${right}`;
  if (/^\d{5}$/.test(text)) return `is a spreadsheet's number of a day: ${right}`;
  return none;
}
