import { createSealer, type Sealer } from '../../src/base/sealing.ts';

/** A sealer under a fixed secret, so that two nodes of one test agree. */
export function testSealer(secret = 'a fixed secret of the tests, 32 characters or more'): Sealer {
  return createSealer([{ id: 'test', secret }]);
}
