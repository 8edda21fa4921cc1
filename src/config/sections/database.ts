import { z } from 'zod';
import { connectionUrl } from './connection-url.ts';

/** Postgres. The timeouts are not optional: without them a stalled connection hangs for ever (E8). */
export const databaseSchema = z.strictObject({
  url: connectionUrl({
    schemes: ['postgres', 'postgresql'],
    variable: 'DATABASE_URL or DATABASE_URL_FILE',
    example: 'postgres://user:password@host/database',
    hostOptional: true,
  }).optional(),
  pool_size: z.int().min(2).max(200).default(10),
  connect_timeout_ms: z.int().min(100).max(30_000).default(2000),
  query_timeout_ms: z.int().min(200).max(60_000).default(3000),
  statement_timeout_ms: z.int().min(100).max(60_000).default(2500),
});
