import { type ErrorCode, errorStatus, NijoError } from '../base/errors.ts';

/** The SQLSTATE of every refusal by `migrations/0004-desk.ts`; the message is one of our error codes. */
const refusedByDatabase = 'NJ001';

function isErrorCode(value: string): value is ErrorCode {
  return Object.hasOwn(errorStatus, value);
}

/**
 * Converts the database's own refusal to our error; any other error is returned unchanged. Both drivers
 * report SQLSTATE and message alike; the transaction has already been rolled back.
 */
export function refusalOf(error: unknown): unknown {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (code !== refusedByDatabase || typeof message !== 'string' || !isErrorCode(message)) return error;
  return new NijoError(message, {}, { cause: error });
}
