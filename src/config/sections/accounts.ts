import { z } from 'zod';

/** argon2id (RFC 9106). OWASP's equal choices: 19 MiB t=2, 12 MiB t=3, 7 MiB t=5. */
export const passwordsSchema = z.strictObject({
  memory_kib: z.int().min(7168).max(1_048_576).default(19_456),
  passes: z.int().min(1).max(20).default(2),
  parallelism: z.int().min(1).max(4).default(1),
  /** Concurrent hashes; each uses a thread and its memory. */
  max_parallel: z.int().min(1).max(64).default(2),
  /** How many sign-ins may wait for a hash, and for how long; beyond it the answer is 503. */
  max_queue: z.int().min(0).max(10_000).default(1000),
  queue_timeout_ms: z.int().min(1000).max(60_000).default(20_000),
});

/** Throttling of wrong passwords by (ID, network) and by network: nobody can lock another user out. */
export const passwordLimitsSchema = z.strictObject({
  wrong_per_id_and_network: z.int().min(3).max(1000).default(10),
  wrong_per_network: z.int().min(10).max(5000).default(300),
  window_minutes: z.int().min(1).max(60).default(15),
  slowed_per_minute: z.int().min(10).max(6000).default(300),
});
