import ipaddr from 'ipaddr.js';
import type { z } from 'zod';
import type { placesSchema } from './sections/places.ts';
import type { Bilingual } from './sections/values.ts';

export type Places = Readonly<z.output<typeof placesSchema>>;

/** The operator's name for the network that an address is in; undefined where it is in none of them. */
export function placeOf(places: Places, address: string): Bilingual | undefined {
  if (!ipaddr.isValid(address)) return undefined;
  const client = ipaddr.process(address);
  const inside = (network: string): boolean => {
    const [base, bits] = ipaddr.isValidCIDR(network) ? ipaddr.parseCIDR(network) : whole(network);
    return base.kind() === client.kind() && client.match(base, bits);
  };
  return places.find(({ networks }) => networks.some(inside))?.name;
}

function whole(address: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  const parsed = ipaddr.process(address);
  return [parsed, parsed.kind() === 'ipv4' ? 32 : 128];
}
