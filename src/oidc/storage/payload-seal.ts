import { createHmac } from 'node:crypto';
import type { Sealer } from '../../base/sealing.ts';

/**
 * How ids and payloads stand in the table: ids (and grant ids) as keyed digests, payloads sealed and
 * bound to their row, so that a dump of the table holds nothing that can be used.
 */
export interface PayloadSeal {
  /** Digest for what is stored now. */
  digest(value: string): string;
  /**
   * Every digest a value may be stored under, the likeliest first: one for each generation of the
   * secret, so that sessions and tokens live on when it is changed.
   */
  digests(value: string): readonly string[];
  seal(model: string, id: string, text: string): Buffer;
  /** @throws Error when the payload was changed or belongs to another row. */
  open(model: string, id: string, payload: Uint8Array): string;
}

export function createPayloadSeal(sealer: Sealer): PayloadSeal {
  const place = (model: string, id: string): string => `oidc_payloads:${model}:${id}`;
  const digests = (value: string): string[] =>
    sealer.keys('lookup').map((key) => createHmac('sha256', key).update(value).digest('base64url'));
  return {
    digest: (value) => sealer.digest('lookup', value).toString('base64url'),
    digests,
    seal: (model, id, text) => sealer.seal(text, place(model, id)),
    open: (model, id, payload) => sealer.open(payload, place(model, id)).toString(),
  };
}
