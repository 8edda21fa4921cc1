import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createFairQueue } from '../../src/base/fair-queue.ts';
import { inLane, type Lane } from '../../src/base/lanes.ts';
import { createTurns, type Turns } from '../../src/db/turns.ts';

const options = {
  places: 1,
  mostWaiting: 100,
  patienceMs: 60_000,
  stallMs: 60_000,
  stalled: () => new Error('stalled'),
};

/** Lets everybody who waits go, one after the other. @returns their names in the order in which they went. */
async function orderOf(turns: Turns, waiting: readonly { name: string; lane: Lane }[]): Promise<string[]> {
  const first = await turns.take();
  const order: string[] = [];
  const all = waiting.map(({ name, lane }) =>
    inLane({ lane }, async () => {
      const giveBack = await turns.take();
      order.push(name);
      giveBack();
    }),
  );
  first();
  await Promise.all(all);
  return order;
}

describe('S28: turns at the database', () => {
  test('S28: the back channel goes before pages, and pages before what nobody waits for', async () => {
    const order = await orderOf(createTurns(options), [
      { name: 'sweep', lane: 'background' },
      { name: 'page 1', lane: 'page' },
      { name: 'page 2', lane: 'page' },
      { name: 'token', lane: 'back-channel' },
      { name: 'health', lane: 'probe' },
    ]);
    expect(order).toEqual(['health', 'token', 'page 1', 'page 2', 'sweep']);
  });

  test('S28: nobody starves, however many more urgent ones there are', async () => {
    const tokens = Array.from({ length: 40 }, (_, index) => ({
      name: `token ${index}`,
      lane: 'back-channel' as const,
    }));
    const order = await orderOf(createTurns(options), [
      { name: 'sweep', lane: 'background' },
      { name: 'page', lane: 'page' },
      ...tokens,
    ]);
    expect(order.indexOf('page')).toBeLessThan(20);
    expect(order.indexOf('sweep')).toBeLessThan(order.length - 1);
  });

  test('S28: a request that began earlier goes first each time it asks, so what was begun is finished', async () => {
    const turns = createTurns(options);
    const first = await turns.take();
    const order: string[] = [];
    const request = (name: string): Promise<void> =>
      inLane({ lane: 'page' }, async () => {
        for (const step of [1, 2, 3]) {
          const giveBack = await turns.take();
          order.push(`${name}${step}`);
          await Promise.resolve();
          giveBack();
        }
      });
    const all = ['a', 'b', 'c'].map(request);
    first();
    await Promise.all(all);
    expect(order.indexOf('a3')).toBeLessThan(order.indexOf('c2'));
    expect(order.indexOf('a3')).toBeLessThan(order.indexOf('b3'));
  });

  test('S28: beyond its length, and beyond its time, the queue says that the server is busy; places are not lost', async () => {
    const turns = createTurns({ ...options, mostWaiting: 2, patienceMs: 150 });
    const first = await turns.take();
    const waiting = [1, 2].map(() => inLane({ lane: 'page' }, () => turns.take()));
    await expect(inLane({ lane: 'page' }, () => turns.take())).rejects.toMatchObject({
      code: 'server_busy',
      status: 503,
    });
    for (const one of waiting) await expect(one).rejects.toMatchObject({ code: 'server_busy' });
    expect(turns.waiting()).toBe(0);
    first();
    const again = await turns.take();
    again();
    again();
    // Given back twice is given back once.
    await turns.take();
    const third = turns.take();
    expect(turns.waiting()).toBe(1);
    await expect(third).rejects.toMatchObject({ code: 'server_busy' });
  });

  test('S28: one network that fills the queue keeps no other one out: the newest of its own goes', async () => {
    const turns = createTurns({ ...options, mostWaiting: 10 });
    const first = await turns.take();
    const refused: string[] = [];
    const served: string[] = [];
    const ask = (name: string, source: string): Promise<void> =>
      inLane({ lane: 'page', source }, () => turns.take()).then(
        (giveBack) => {
          served.push(name);
          giveBack();
        },
        () => void refused.push(name),
      );
    const all = Array.from({ length: 12 }, (_, index) => ask(`flood ${index}`, 'flood'));
    all.push(ask('somebody', 'elsewhere'), ask('sweep', ''));
    expect(turns.waiting()).toBe(10);
    first();
    await Promise.all(all);
    expect(refused.toSorted()).toEqual(['flood 10', 'flood 11', 'flood 8', 'flood 9']);
    expect(served).toContain('somebody');
    expect(served).toContain('sweep');
    expect(turns.waiting()).toBe(0);
  });

  test('S28: where nothing comes through at all, nobody is kept waiting for their whole patience', async () => {
    const turns = createTurns({ ...options, stallMs: 100 });
    await turns.take();
    await expect(inLane({ lane: 'page' }, () => turns.take())).rejects.toThrow('stalled');
  });
});

describe('S28: hashing in turns of networks', () => {
  test('S28: whoever has lined up thousands waits behind others, and is the one who is refused', () => {
    const queue = createFairQueue<string>(10);
    for (let index = 0; index < 10; index += 1) expect(queue.push('flood', `flood ${index}`)).toBeUndefined();
    expect(queue.push('flood', 'one more')).toBe('one more');
    expect(queue.isFullFor('flood')).toBe(true);
    expect(queue.isFullFor('somebody')).toBe(false);
    expect(queue.push('somebody', 'somebody')).toBe('flood 9');
    expect([queue.shift(), queue.shift()]).toEqual(['flood 0', 'somebody']);
  });

  test('S28: never more than its length, nothing lost, and each source in its own order', () => {
    const steps = fc.array(fc.oneof(fc.constantFrom('a', 'b', 'c', 'd'), fc.constant(undefined)), {
      maxLength: 200,
    });
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 8 }), (given, most) => {
        const queue = createFairQueue<{ source: string; number: number }>(most);
        const inside = new Set<object>();
        const last = new Map<string, number>();
        for (const [number, source] of given.entries()) {
          if (source === undefined) {
            const item = queue.shift();
            expect(item === undefined).toBe(inside.size === 0);
            if (item === undefined) continue;
            expect(inside.delete(item)).toBe(true);
            expect(item.number).toBeGreaterThan(last.get(item.source) ?? -1);
            last.set(item.source, item.number);
          } else {
            const item = { source, number };
            inside.add(item);
            const gone = queue.push(source, item);
            if (gone !== undefined) expect(inside.delete(gone)).toBe(true);
          }
          expect(queue.length).toBe(inside.size);
          expect(queue.length).toBeLessThanOrEqual(most);
        }
      }),
    );
  });
});
