import { sql } from 'kysely';
import { generateSecret, generateURI } from 'otplib';
import { appSecretBytes } from '../../base/app-secret.ts';
import { equalSecrets, type Sealer } from '../../base/sealing.ts';
import type { Configuration } from '../../config/schema.ts';
import type { Db } from '../../db/open.ts';
import { appCodeAt, appStepSeconds } from './code-value.ts';

/** Binds a sealed secret to its row and its owner. */
export function appSecretPlace(factorId: string, accountId: string): string {
  return `app_factors:${factorId}:${accountId}`;
}

/** A new secret of 160 bits, in Base32 (RFC 4226 §4 R6). */
export function newAppSecret(): string {
  return generateSecret({ length: 20 });
}

/** The key URI that a QR code or a link carries; label `<issuer>:<login id>`. */
export function appKeyUri(issuer: string, loginId: string, secret: string): string {
  return generateURI({ issuer, label: loginId, secret });
}

export type AppCodeOutcome =
  | { outcome: 'matched'; step: number; factorId: string }
  | { outcome: 'wrong' | 'used' }
  /** No secret of the account can be read, so nothing was compared and this is no guess. */
  | { outcome: 'none' };

export interface AppCodes {
  /**
   * Compares with every active app of the account and consumes the time step in one conditional
   * statement: the same or an earlier step is never accepted again (R5, RFC 6238 §5.2).
   */
  consume(trx: Db, accountId: string, digits: string): Promise<AppCodeOutcome>;
  /** The time step at which a secret that is not in use yet gives this code. */
  matchPending(db: Db, secret: string, digits: string): Promise<number | undefined>;
}

export function createAppCodes(dependencies: {
  settings: Configuration['app_codes'];
  sealer: Sealer;
  /**
   * Called for a secret that does not open (it belongs to another row, or the secret that sealed it is not
   * configured) or is not Base32 (A25).
   */
  reportUnreadable?: (factorId: string, error: unknown) => void;
}): AppCodes {
  const { settings, sealer, reportUnreadable } = dependencies;

  function read(factorId: string, accountId: string, sealed: Uint8Array): string | undefined {
    try {
      const secret = sealer.open(Buffer.from(sealed), appSecretPlace(factorId, accountId)).toString();
      // A secret that gives no code must not block the account's other apps.
      appSecretBytes(secret);
      return secret;
    } catch (error) {
      reportUnreadable?.(factorId, error);
      return undefined;
    }
  }

  /** Every accepted step with this code, newest first; all steps are computed, whichever matches. */
  function matchingSteps(secret: string, digits: string, nowSeconds: number): number[] {
    const present = Math.floor(nowSeconds / appStepSeconds);
    const steps: number[] = [];
    for (let step = present + settings.window_after; step >= present - settings.window_before; step -= 1) {
      const expected = appCodeAt(secret, step * appStepSeconds);
      if (equalSecrets(expected, digits)) steps.push(step);
    }
    return steps;
  }

  return {
    async consume(trx, accountId, digits) {
      const factors = await trx
        .selectFrom('app_factors')
        .select(['id', 'secret_sealed', sql<number>`extract(epoch from clock_timestamp())::float8`.as('now')])
        .where('account_id', '=', accountId)
        .where('state', '=', 'active')
        .execute();
      let outcome: AppCodeOutcome = { outcome: 'wrong' };
      let unreadable = 0;
      for (const factor of factors) {
        const secret = read(factor.id, accountId, factor.secret_sealed);
        if (secret === undefined) {
          unreadable += 1;
          continue;
        }
        for (const step of matchingSteps(secret, digits, factor.now)) {
          const consumed = await trx
            .updateTable('app_factors')
            .set({ last_step: step, last_used_at: sql<Date>`now()` })
            .where('id', '=', factor.id)
            .where('state', '=', 'active')
            .where('last_step', '<', step)
            .returning('id')
            .executeTakeFirst();
          if (consumed !== undefined) return { outcome: 'matched', step, factorId: factor.id };
          outcome = { outcome: 'used' };
        }
      }
      return unreadable > 0 && unreadable === factors.length ? { outcome: 'none' } : outcome;
    },

    async matchPending(db, secret, digits) {
      const { rows } = await sql<{
        now: number;
      }>`select extract(epoch from clock_timestamp())::float8 as now`.execute(db);
      return matchingSteps(secret, digits, rows[0]?.now ?? 0)[0];
    },
  };
}
