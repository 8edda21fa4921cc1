import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { burst } from './burst.ts';

test('a burst of 100 requests is complete within a moment, each answer in its place', async () => {
  const ends: number[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      ends.push(performance.now());
      response.setHeader('set-cookie', ['a=1', 'b=2']);
      response.write(`${request.method} ${request.url} `);
      response.end(`${body} ２桁`);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const answers = await burst(
    Array.from({ length: 100 }, (_, i) => ({ url: `http://127.0.0.1:${port}/x?y`, body: `code=${i}` })),
  );
  expect(answers.map(({ body }) => body)).toEqual(answers.map((_, i) => `POST /x?y code=${i} ２桁`));
  expect(answers[99]).toMatchObject({ status: 200, setCookie: ['a=1', 'b=2'] });
  expect(Math.max(...ends) - Math.min(...ends)).toBeLessThan(500);
  server.close();
});
