import { createHmac } from 'node:crypto';
import type { Sealer } from '../../base/sealing.ts';

/**
 * How ids and payloads are stored: ids (and grant ids) as keyed digests, payloads sealed and bound to their
 * row, so that a dump of the table holds nothing usable.
 */
export interface PayloadSeal {
  /** The digest for new rows. */
  digest(value: string): string;
  /**
   * Every digest that a value may be stored under, the most likely first: one for each generation of the
   * secret, so that sessions and tokens survive a change of the secret.
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
