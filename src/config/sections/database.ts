import { z } from 'zod';
import { connectionUrl } from './connection-url.ts';
import { PostgresAddressFault, readPostgresAddress } from './postgres-address.ts';

const example = 'postgres://user:password@host/database';
const variable = 'DATABASE_URL or DATABASE_URL_FILE';
const asUrl = connectionUrl({ schemes: ['postgres', 'postgresql'], variable, example, hostOptional: true });
const isPairs = /^[a-z_]+\s*=/;

/** As libpq reads it: several hosts, `target_session_attrs`, Unix sockets, `host=… dbname=…`. */
const postgresAddress = z
  .string()
  .trim()
  .superRefine((value, context) => {
    const url = isPairs.test(value) ? undefined : asUrl.safeParse(value);
    if (url?.success === false) {
      for (const issue of url.error.issues) context.addIssue({ ...issue, code: 'custom' });
      return;
    }
    try {
      readPostgresAddress(value);
    } catch (error) {
      if (!(error instanceof PostgresAddressFault)) throw error;
      const fix = `set ${variable} to ${example}, with several servers host,host and ?target_session_attrs=read-write`;
      context.addIssue({ code: 'custom', message: error.message, params: { fix } });
    }
  });

/** Postgres. The timeouts are not optional: without them a stalled connection hangs forever (E8). */
export const databaseSchema = z.strictObject({
  url: postgresAddress.optional(),
  pool_size: z.int().min(2).max(200).default(10),
  /** How old a request may be and still wait for a connection, and how many may wait; beyond it: 503. */
  queue_timeout_ms: z.int().min(1000).max(60_000).default(20_000),
  max_queue: z.int().min(10).max(100_000).default(5000),
  connect_timeout_ms: z.int().min(100).max(30_000).default(2000),
  query_timeout_ms: z.int().min(200).max(60_000).default(3000),
  statement_timeout_ms: z.int().min(100).max(60_000).default(2500),
});
