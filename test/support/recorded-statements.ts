import { databaseSchema } from '../../src/config/sections/database.ts';
import { type Db, openPostgres } from '../../src/db/open.ts';

/** A handle whose statements a test can read. */
export interface RecordingHandle {
  db: Db;
  /** What was sent since the last call, in order. */
  take(): string[];
}

/** A node's handle on Postgres that notes the text of each statement. */
export function recordingHandle(url: string): RecordingHandle {
  let sent: string[] = [];
  const timeouts = { connect_timeout_ms: 20_000, query_timeout_ms: 20_000, statement_timeout_ms: 15_000 };
  const db = openPostgres(
    { ...databaseSchema.parse(timeouts), url },
    () => undefined,
    ({ query }) => {
      sent.push(query.sql);
    },
  );
  return {
    db,
    take() {
      const taken = sent;
      sent = [];
      return taken;
    },
  };
}
