import { type DestinationStream, type Logger, pino } from 'pino';
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
      paths: secretFields.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`]),
      censor: '[redacted]',
    },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
