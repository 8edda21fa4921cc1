import { expect, test } from '@jest/globals';
import { NijoError } from '../../src/base/errors.ts';
import { collectingLogger } from '../support/logger.ts';

const lastLine = (write: (log: ReturnType<typeof collectingLogger>['logger']) => void) => {
  const log = collectingLogger();
  write(log.logger);
  return log.lines().at(-1);
};
const withCode = (code: unknown): Error => Object.assign(new Error('said'), { code });

test.each([
  'code_wrong',
  'internal_error',
  'host_unknown',
  'headers_too_large',
  'EACCES',
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ESOCKET',
  'HPE_HEADER_OVERFLOW',
  'ERR_HTTP_REQUEST_TIMEOUT',
])('S30: what went wrong can be read: %s', (code) => {
  expect(lastLine((log) => log.info({ event: 'fault', code }))).toMatchObject({ code });
  expect(lastLine((log) => log.error({ event: 'fault', err: withCode(code) }))).toMatchObject({
    err: { code },
  });
});

test('S30: an SQLSTATE can be read where an error has it, and the row that it quotes can not', () => {
  const err = Object.assign(withCode('23505'), {
    detail: 'Key (address)=(taro@mail.example) already exists.',
  });
  expect(lastLine((log) => log.error({ event: 'fault', err }))).toMatchObject({
    err: { code: '23505', detail: '[redacted]' },
  });
  const fault = lastLine((log) =>
    log.error({ err: new NijoError('temporarily_unavailable', {}, { cause: err }) }),
  );
  expect(JSON.stringify(fault)).toContain('temporarily_unavailable');
  expect(JSON.stringify(fault)).not.toContain('taro@');
});

test.each([
  '123456',
  '12345678',
  '57014',
  '1234-5678',
  'ABCDE-FGHJK-MNPQR',
  // Recovery codes of 13 characters, typed without their hyphens.
  'EABCDEFGHJKMN',
  'EA4B7C9D2F3G5',
  '1234567890123456',
  'kD3xW0qYb7uPz5sT1vR8',
  'hunter2',
  'EACCES or not',
])('S30: what somebody typed or a service sent can not: %s', (code) => {
  for (const logged of [
    { code },
    { form: { code } },
    { request: { body: { code } } },
    { details: { code } },
  ]) {
    const line = JSON.stringify(lastLine((log) => log.info({ event: 'x', ...logged })));
    expect(line).not.toContain(code);
    expect(line).toContain('[redacted]');
  }
});

test('S30: secrets under their other names stay hidden', () => {
  for (const name of ['password', 'secret', 'token', 'email', 'setup_pass', 'cookie'])
    expect(
      JSON.stringify(lastLine((log) => log.info({ [name]: 'EACCES', err: { [name]: 'EACCES' } }))),
    ).not.toContain('EACCES');
  expect(lastLine((log) => log.info({ code: 123_456 }))).toMatchObject({ code: '[redacted]' });
  expect(lastLine((log) => log.info({ code: 1 }))).toMatchObject({ code: 1 });
});
