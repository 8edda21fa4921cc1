import { createLogger, type Logger } from '../../src/observe/logger.ts';

/** A logger that says nothing. */
export function silentLogger(): Logger {
  return createLogger({ level: 'silent' }, 'test');
}

export interface LogLine extends Record<string, unknown> {
  level: string;
  event?: string;
}

/** A logger whose lines a test can read, and the raw text to search for what must not be there. */
export function collectingLogger(): { logger: Logger; lines(): LogLine[]; text(): string } {
  const written: string[] = [];
  const logger = createLogger({ level: 'trace' }, 'test', {
    write: (line: string) => void written.push(line),
  });
  return {
    logger,
    lines: () => written.map((line) => JSON.parse(line) as LogLine),
    text: () => written.join(''),
  };
}
