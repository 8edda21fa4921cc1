/**
 * The provider passes its guard against requests into our own network with every request it makes (keys and
 * sector files of services, back-channel logout), but continues without a guard where none could be created
 * (E7). Here such a request fails instead; with the guard nothing changes (C35).
 */
export async function guardedFetch(url: string | URL | Request, options?: RequestInit): Promise<Response> {
  if ((options as { dispatcher?: unknown } | undefined)?.dispatcher === undefined) {
    throw new Error('outgoing requests are off: the guard against special-use addresses could not be made');
  }
  return globalThis.fetch(url, options);
}
