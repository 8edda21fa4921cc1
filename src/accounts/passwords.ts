import type { Sealer } from '../base/sealing.ts';
import type { Configuration } from '../config/schema.ts';
import type { Db } from '../db/open.ts';
import type { Logger } from '../observe/logger.ts';
import { createPasswordHasher } from './password-hasher.ts';
import { createStandIns } from './stand-ins.ts';
import { createPasswordVerifier, type PasswordVerifier } from './verify-password.ts';

/** The password check, as a serving node needs it. */
export function createPasswords(deps: {
  db: Db;
  config: Configuration;
  sealer: Sealer;
  logger: Logger;
}): PasswordVerifier & {
  /** Before the first sign-in. */
  start(): Promise<void>;
} {
  const { db, config, sealer, logger } = deps;
  const standIns = createStandIns({ db, sealer, logger });
  const hasher = createPasswordHasher(config.passwords);
  const verifier = createPasswordVerifier({
    db,
    hasher,
    limits: config.password_limits,
    places: config.places,
    sealer,
    logger,
    standIns,
  });
  return {
    verify: (attempt) => verifier.verify(attempt),
    async start() {
      // Where it fails, the first sign-in counts.
      await standIns
        .refresh()
        .catch((error: unknown) => logger.warn({ event: 'stand-ins.stale', err: error }));
    },
  };
}
