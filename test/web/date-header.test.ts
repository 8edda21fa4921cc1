import { expect, test } from '@jest/globals';
import { createNodeClock, leadDateBy } from '../../src/base/node-clock.ts';
import { listen } from '../../src/web/server.ts';

test('S26: answers carry the database’s time, by which a browser reckons how long a cookie lives', async () => {
  const systemNow = Date.now;
  const clock = createNodeClock(systemNow);
  const asked = performance.now();
  clock.learn(systemNow() + 240_000, asked, asked);
  const server = await listen((_, response) => response.end(), {
    host: '127.0.0.1',
    port: 0,
    maxConnections: 10,
  });
  const leaveDate = leadDateBy(clock);
  try {
    const answer = await fetch(`http://127.0.0.1:${server.port}/`);
    const date = Date.parse(answer.headers.get('date') ?? '');
    expect(Math.round((date - systemNow()) / 60_000)).toBe(4);
  } finally {
    leaveDate();
    await server.close(1000);
  }
});
