/** Which namespace an ID belongs to: `ecs` is staff, `sps` students and guests (R2). */
export type AccountKind = 'ecs' | 'sps';

// Longer input is no ID in any spelling; NFKC can make 18 characters of one, so check before normalising.
const longestInput = 256;
const wellFormed = /^[a-z0-9._-]{1,64}$/;

/**
 * The one spelling under which an ID is stored and looked up: compatibility characters folded
 * (full-width letters, R2), surrounding blanks removed (U+3000 too), lower case.
 * @returns undefined for what cannot be an ID, such as text with a NUL, which Postgres would refuse (C45).
 */
export function normaliseLoginId(input: string): string | undefined {
  if (input.length > longestInput) return undefined;
  const normalised = input.normalize('NFKC').trim().toLowerCase();
  return wellFormed.test(normalised) ? normalised : undefined;
}

const kindBySpelling: ReadonlyMap<string, AccountKind> = new Map([
  ['ecs', 'ecs'],
  ['ecs-id', 'ecs'],
  ['staff', 'ecs'],
  ['sps', 'sps'],
  ['sps-id', 'sps'],
  ['student', 'sps'],
  ['guest', 'sps'],
]);

/** The kind that an operator's file means; it accepts `ECS-ID`, `SPS-ID`, `staff`, `student` and `guest`. */
export function parseAccountKind(input: string): AccountKind | undefined {
  return kindBySpelling.get(input.normalize('NFKC').trim().toLowerCase());
}

/** An ID as a mail shows it: its owner recognises it, other readers of the mail learn no ID. */
export function maskLoginId(loginId: string): string {
  return loginId.length <= 3 ? `${loginId.charAt(0)}•••` : `${loginId.charAt(0)}•••${loginId.slice(-2)}`;
}
