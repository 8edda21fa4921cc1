import { createHmac } from 'node:crypto';
import { equalSecrets, type Sealer } from '../../base/sealing.ts';

const range = 100_000_000;
// Words at or above the largest multiple of the range are skipped, so that every code is equally likely (R6).
const limit = Math.floor(2 ** 32 / range) * range;

function derive(key: Buffer, challengeId: string): string {
  for (let block = 0; ; block += 1) {
    const digest = createHmac('sha256', key).update(`${challengeId}:${block}`).digest();
    for (let offset = 0; offset < digest.length; offset += 4) {
      const word = digest.readUInt32BE(offset);
      if (word < limit) return String(word % range).padStart(8, '0');
    }
  }
}

/**
 * The 8 digits of a challenge: derived from the random challenge id under a key outside the database, never
 * stored (C09). A resend therefore has the same code, and a dump contains none.
 */
export function mailCodeOf(sealer: Sealer, challengeId: string): string {
  return derive(sealer.keys('mail-code')[0] as Buffer, challengeId);
}

/** Whether `digits` is the challenge's code, also while nodes change from one secret to the next. */
export function isMailCode(sealer: Sealer, challengeId: string, digits: string): boolean {
  let matched = false;
  for (const key of sealer.keys('mail-code')) {
    if (equalSecrets(derive(key, challengeId), digits)) matched = true;
  }
  return matched;
}
