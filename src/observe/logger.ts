import { constants } from 'node:os';
import { type DestinationStream, type Logger, pino } from 'pino';
import { errorStatus } from '../base/errors.ts';
import type { Configuration } from '../config/schema.ts';

export type { Logger };

// Whatever carries one of these names is a secret or personal, however deep a caller logs it.
const secretFields = [
  'password',
  'code',
  'secret',
  'client_secret',
  'token',
  'access_token',
  'refresh_token',
  'id_token',
  'authorization',
  'cookie',
  'set-cookie',
  'csrf',
  'setup_pass',
  'email',
  'to_address',
  'phc',
  'code_verifier',
];

// Of Node or its HTTP parser, and of the system. A recovery code typed without its hyphens may begin like one of the
// latter, so outside an `err` only the system's own names count.
const namedCode = /^(ERR|HPE|UND_ERR|EAI)_[A-Z0-9_]+$/;
const ofResolverAndMail =
  'ENOTFOUND ETIMEOUT ESERVFAIL EREFUSED ECONNECTION ESOCKET ETLS EDNS EAUTH EENVELOPE EMESSAGE';
const systemCodes: ReadonlySet<string> = new Set([
  ...Object.keys(constants.errno),
  ...ofResolverAndMail.split(' '),
]);
// Of SQL, and of libraries: what an error's `code` is, in an `err` alone.
const libraryCode = /^E[A-Z][A-Z_]*$/;
const sqlState = /^[0-9A-Z]{5}$/;

/**
 * `code` is the name of two things: of what went wrong, which operators search for, and of what a user typed or a
 * service sent, which nobody may read. The value and its place tell them apart; what is neither stays hidden.
 */
function censor(value: unknown, path: readonly string[]): unknown {
  const hidden = '[redacted]';
  if (path.at(-1) !== 'code') return hidden;
  if (typeof value === 'number')
    return path.length === 1 && Number.isInteger(value) && value >= 0 && value < 256 ? value : hidden;
  if (typeof value !== 'string') return hidden;
  const isFault = Object.hasOwn(errorStatus, value) || systemCodes.has(value) || namedCode.test(value);
  const isOfError = path.includes('err') || path.includes('cause');
  return isFault || (isOfError && (libraryCode.test(value) || sqlState.test(value))) ? value : hidden;
}

/**
 * The program's log: one JSON object a line (so no input can forge a line), with secrets redacted.
 * Log what happened under a stable `event` name; never a request body or a header set.
 */
export function createLogger(
  settings: Configuration['logging'],
  node: string,
  destination?: DestinationStream,
): Logger {
  const options = {
    level: settings.level,
    base: { node },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: {
      paths: [
        ...secretFields.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`]),
        // Where Postgres quotes the row: `Key (address)=(…) already exists`.
        'err.detail',
        'err.cause.detail',
      ],
      censor,
    },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
