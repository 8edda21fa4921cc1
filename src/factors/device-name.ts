/** Characters of a device's name. */
export const longestDeviceName = 60;

/** A device's name as it is stored: one line, trimmed; `undefined` when too long. */
export function readDeviceName(input: unknown, fallback: string): string | undefined {
  if (typeof input !== 'string') return fallback;
  const name = input
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Cf}]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  if (name.length > longestDeviceName) return undefined;
  return name === '' ? fallback : name;
}
