import type { RunningPostgres } from './start-postgres.ts';

export default async function stopPostgres(): Promise<void> {
  await (globalThis as { nijoTestPostgres?: RunningPostgres }).nijoTestPostgres?.stop();
}
