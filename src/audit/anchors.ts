/** The end of the chain when it was verified. Kept elsewhere, it reveals if the end is cut off later. */
export interface Anchor {
  position: number;
  digest: string;
  /** ISO, by the database's clock. */
  at: string;
}

/** @throws Error with the number of a line that is not an anchor. */
export function readAnchors(text: string): Anchor[] {
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    const anchor = parse(line);
    if (anchor === undefined) throw new Error(`Line ${index + 1} is no anchor of an audit chain.`);
    return [anchor];
  });
}

function parse(line: string): Anchor | undefined {
  try {
    const { position, digest, at } = JSON.parse(line) as Partial<Record<keyof Anchor, unknown>>;
    if (typeof position !== 'number' || !Number.isInteger(position) || position < 1) return undefined;
    if (typeof digest !== 'string' || typeof at !== 'string') return undefined;
    return { position, digest, at };
  } catch {
    return undefined;
  }
}

export function anchorLine({ position, digest, at }: Anchor): string {
  return `${JSON.stringify({ position, digest, at })}\n`;
}
