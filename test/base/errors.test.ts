import { expect, test } from '@jest/globals';
import { errorStatus, NijoError } from '../../src/base/errors.ts';

test('a fault carries its code, its status, what it tells of and its cause', () => {
  const cause = new Error('connect ECONNREFUSED');
  const fault = new NijoError('temporarily_unavailable', { seconds: 5 }, { cause });
  expect(fault).toMatchObject({
    name: 'NijoError',
    code: 'temporarily_unavailable',
    status: 503,
    details: { seconds: 5 },
    cause,
  });
  expect(fault).toBeInstanceOf(Error);
});

test('every code is one word of a stable form, with a status of a fault', () => {
  for (const [code, status] of Object.entries(errorStatus)) {
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(600);
  }
});
