import { constants } from 'node:os';
import { type DestinationStream, type Logger, pino } from 'pino';
import { errorStatus } from '../base/errors.ts';
import type { Configuration } from '../config/schema.ts';

export type { Logger };

// A field with one of these names is a secret or personal, at any depth.
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

// Codes of Node, of its HTTP parser, and of the system. A recovery code typed without its hyphens may begin
// like a system code, so outside an `err` only the system's own names count.
const namedCode = /^(ERR|HPE|UND_ERR|EAI)_[A-Z0-9_]+$/;
const ofResolverAndMail =
  'ENOTFOUND ETIMEOUT ESERVFAIL EREFUSED ECONNECTION ESOCKET ETLS EDNS EAUTH EENVELOPE EMESSAGE';
const systemCodes: ReadonlySet<string> = new Set([
  ...Object.keys(constants.errno),
  ...ofResolverAndMail.split(' '),
]);
// Codes of SQL and of libraries: accepted as an error's `code` inside an `err` only.
const libraryCode = /^E[A-Z][A-Z_]*$/;
const sqlState = /^[0-9A-Z]{5}$/;

/**
 * `code` names two things: what went wrong, which operators search for, and what a user typed or a service
 * sent, which nobody may read. The value and its place tell them apart; anything else stays hidden.
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
 * The program's log: one JSON object a line (so no input can forge a line), with secrets redacted. Log an
 * event under a stable `event` name; never a request body or a header set.
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
        // Postgres may quote the row: `Key (address)=(…) already exists`.
        'err.detail',
        'err.cause.detail',
      ],
      censor,
    },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
