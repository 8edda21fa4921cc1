import { createGuardrails, generateSync } from 'otplib';
import { appSecretBytes } from '../../base/app-secret.ts';

/** RFC 6238 as every authenticator app implements it: SHA-1, 6 digits, steps of 30 s (R26). */
export const appStepSeconds = 30;

// The library's own limits (16 to 64 bytes, no bits left over) are narrower than what apps accept. Only
// `readAppSecret` decides which secrets are accepted, so that every accepted secret can be verified.
const guardrails = createGuardrails({ MIN_SECRET_BYTES: 1, MAX_SECRET_BYTES: 1024 });

/** The code that an app shows now. @throws Error when the secret is not Base32. */
export function appCodeAt(secret: string, epochSeconds: number): string {
  return generateSync({ secret: appSecretBytes(secret), epoch: epochSeconds, guardrails });
}
