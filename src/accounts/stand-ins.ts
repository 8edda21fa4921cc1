import { createHmac } from 'node:crypto';
import { sql } from 'kysely';
import { newSecret } from '../base/ids.ts';
import type { Sealer } from '../base/sealing.ts';
import { ensureInstanceSecret } from '../db/instance-secrets.ts';
import type { Db } from '../db/open.ts';
import type { Logger } from '../observe/logger.ts';
import { normaliseLoginId } from './login-id.ts';

/**
 * The parameters with which a password is compared for an ID that has no hash. Foreign hashes take longer or
 * shorter than ours until their owners sign in; if unknown IDs always used our parameters, the time of a
 * wrong password would reveal which IDs exist (C13, A34).
 */
export interface StandIns {
  /** The parameters (`parametersOf`) for this ID, always the same; undefined while no hash is stored. */
  parametersFor(loginId: string): Promise<string | undefined>;
  /** Counts the stored hashes now: when a node starts, so that no sign-in waits for it. */
  refresh(): Promise<void>;
}

interface Share {
  parameters: string;
  accounts: number;
}

interface Known {
  key: Buffer;
  shares: readonly Share[];
  /** By `performance.now`. */
  staleAt: number;
}

/** Each kind gets the same share of IDs as it has of accounts, chosen by a keyed digest of the ID. */
export function createStandIns(deps: {
  db: Db;
  sealer: Sealer;
  logger: Logger;
  /** How old the count of the stored hashes may be: an import changes it at once. */
  maxAgeMs?: number;
}): StandIns {
  const { db, sealer, logger, maxAgeMs = 1000 } = deps;
  let known: Known | undefined;
  let loading: Promise<Known> | undefined;

  async function load(): Promise<Known> {
    // Not derived from NIJO_SECRET: when that changes, the time of an ID must not change.
    const key =
      known?.key ?? (await ensureInstanceSecret(db, sealer, 'unknown-id-parameters', () => newSecret(32)));
    const began = performance.now();
    const { rows } = await sql<Share>`
      select substring(phc from '^(\\$argon2[a-z]+\\$.+)\\$[^$]+\\$[^$]+$') as parameters, count(*)::int as accounts
      from passwords group by 1 order by 1`.execute(db);
    const now = performance.now();
    // However many hashes there are, counting them takes at most half a percent of the time.
    const staleAt = now + Math.max(maxAgeMs, 200 * (now - began));
    known = { key, shares: rows.filter(({ parameters }) => parameters !== null), staleAt };
    return known;
  }
  /** Every attempt that finds the count stale waits the same, whatever its ID. */
  async function renew(): Promise<Known> {
    loading ??= load().finally(() => {
      loading = undefined;
    });
    try {
      return await loading;
    } catch (error) {
      if (known === undefined) throw error;
      logger.warn({ event: 'stand-ins.stale', err: error });
      return known;
    }
  }

  /**
   * Weighted rendezvous hashing: when a kind becomes rarer, since its owners sign in, only IDs that stood
   * for it get another one, as accounts do.
   */
  function choose({ key, shares }: Known, id: string): string | undefined {
    let best: { parameters: string; score: number } | undefined;
    for (const { parameters, accounts } of shares) {
      const digest = createHmac('sha256', key)
        .update(JSON.stringify([parameters, id]))
        .digest();
      const uniform = (digest.readUIntBE(0, 6) + 1) / (2 ** 48 + 1);
      const score = -Math.log(uniform) / accounts;
      if (best === undefined || score < best.score) best = { parameters, score };
    }
    return best?.parameters;
  }

  return {
    async parametersFor(loginId) {
      const fresh = known !== undefined && performance.now() < known.staleAt ? known : await renew();
      return choose(fresh, normaliseLoginId(loginId) ?? `?${loginId}`);
    },
    async refresh() {
      await renew();
    },
  };
}
