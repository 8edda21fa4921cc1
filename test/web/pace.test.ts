import { describe, expect, test } from '@jest/globals';
import type { NijoContext } from '../../src/web/context.ts';
import { paceRequests } from '../../src/web/pace.ts';

/** Sends requests to the middleware; each notes that it was begun. */
function pacing(): { begun: string[]; send: (path: string, address: string) => Promise<void> } {
  const begun: string[] = [];
  const pace = paceRequests((address) => address);
  return {
    begun,
    send: async (path, address) => {
      const ctx = { path, state: { origin: { address } } } as NijoContext;
      await pace(ctx, async () => void begun.push(`${path} ${address}`));
    },
  };
}

describe('S28: the order in which requests are begun', () => {
  test('S28: the back channel goes first', async () => {
    const { begun, send } = pacing();
    await Promise.all(['/first', '/page', '/other', '/token'].map((path) => send(path, 'a')));
    expect(begun).toEqual(['/first a', '/token a', '/page a', '/other a']);
  });

  test('S28: whoever asks for the keys without end keeps no page from being begun', async () => {
    const { begun, send } = pacing();
    let asked = 0;
    const stranger = async (): Promise<void> => {
      while (asked < 2000 && !begun.includes('/login b')) {
        asked += 1;
        await send('/jwks', 'a');
      }
    };
    const strangers = Array.from({ length: 50 }, stranger);
    await send('/login', 'b');
    expect(begun.indexOf('/login b')).toBeLessThan(20);
    await Promise.all(strangers);
  });

  test('S28: networks take turns', async () => {
    const { begun, send } = pacing();
    const many = Array.from({ length: 100 }, () => send('/login', 'a'));
    await send('/login', 'b');
    expect(begun.indexOf('/login b')).toBeLessThan(5);
    await Promise.all(many);
    expect(begun).toHaveLength(101);
  });
});
