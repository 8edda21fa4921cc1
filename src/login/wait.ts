/** A wait in the units that the messages and the `Retry-After` header use. */
export function minutesOf(seconds: number): Record<string, number> {
  return { minutes: Math.max(1, Math.ceil(seconds / 60)), seconds, retryAfterSeconds: seconds };
}
