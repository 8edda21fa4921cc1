import { type ErrorCode, errorStatus, NijoError } from '../base/errors.ts';

/** The SQLSTATE of whatever `migrations/0004-desk.ts` refuses; the message is an error code of ours. */
const refusedByDatabase = 'NJ001';

function isErrorCode(value: string): value is ErrorCode {
  return Object.hasOwn(errorStatus, value);
}

/**
 * The database's own refusal in our words, and everything else as it is. Both drivers give SQLSTATE and
 * message alike; the transaction has been rolled back when this is asked.
 */
export function refusalOf(error: unknown): unknown {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (code !== refusedByDatabase || typeof message !== 'string' || !isErrorCode(message)) return error;
  return new NijoError(message, {}, { cause: error });
}
