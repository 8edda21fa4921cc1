/** The parts of `CollectedClientData` (WebAuthn L3 §5.8.1) that are checked before the signature. */
export interface ClientData {
  challenge: string;
  /** A frame of another site asked: our pages are never framed, and the library accepts this. */
  crossOrigin: boolean;
}

/** Reads `clientDataJSON`; `undefined` where it is not that. */
export function readClientData(encoded: string): ClientData | undefined {
  try {
    const data: unknown = JSON.parse(Buffer.from(encoded, 'base64url').toString());
    if (typeof data !== 'object' || data === null) return undefined;
    const { challenge, crossOrigin } = data as Record<string, unknown>;
    if (typeof challenge !== 'string' || challenge.length > 200) return undefined;
    return { challenge, crossOrigin: crossOrigin !== undefined && crossOrigin !== false };
  } catch {
    return undefined;
  }
}

/** Reads what a page's form sends: the browser's credential as JSON. */
export function parseJson(input: unknown): unknown {
  if (typeof input !== 'string') return input;
  try {
    return JSON.parse(input) as unknown;
  } catch {
    return undefined;
  }
}
