import ipaddr from 'ipaddr.js';
import type { z } from 'zod';
import type { placesSchema } from './sections/places.ts';
import type { Bilingual } from './sections/values.ts';

export type Places = Readonly<z.output<typeof placesSchema>>;

/** The operator's entry for the network of an address; undefined where none contains it. */
export function placeAt(places: Places, address: string): Places[number] | undefined {
  if (!ipaddr.isValid(address)) return undefined;
  const client = ipaddr.process(address);
  const inside = (network: string): boolean => {
    const [base, bits] = blockOf(network);
    return base.kind() === client.kind() && client.match(base, bits);
  };
  return places.find(({ networks }) => networks.some(inside));
}

/** The operator's name for the network of an address. */
export const placeOf = (places: Places, address: string): Bilingual | undefined =>
  placeAt(places, address)?.name;

const mappedBits = 96;

/** An IPv4-mapped IPv6 network is the IPv4 network, as an address is. */
function blockOf(network: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  if (!ipaddr.isValidCIDR(network)) {
    const address = ipaddr.process(network);
    return [address, address.kind() === 'ipv4' ? 32 : 128];
  }
  const [base, bits] = ipaddr.parseCIDR(network);
  const mapped = base.kind() === 'ipv6' && (base as ipaddr.IPv6).isIPv4MappedAddress() && bits >= mappedBits;
  return mapped ? [(base as ipaddr.IPv6).toIPv4Address(), bits - mappedBits] : [base, bits];
}
