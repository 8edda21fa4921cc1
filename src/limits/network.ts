import ipaddr from 'ipaddr.js';

const groups = (address: ipaddr.IPv6, count: number): string =>
  address.parts
    .slice(0, count)
    .map((part) => part.toString(16))
    .join(':');

/**
 * The network that a limit counts by: an IPv4 address, or the /64 of an IPv6 address, since one household or
 * one attacker has at least that many. An IPv4-mapped IPv6 address is the IPv4 address.
 */
export function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return 'unknown';
  const parsed = ipaddr.process(address);
  return parsed.kind() === 'ipv4' ? parsed.toString() : `${groups(parsed as ipaddr.IPv6, 4)}::/64`;
}

/**
 * The /48 of an IPv6 address, which one customer of a provider may own whole: 65,536 networks. Undefined for
 * IPv4.
 */
export function siteOf(address: string): string | undefined {
  if (!ipaddr.isValid(address)) return undefined;
  const parsed = ipaddr.process(address);
  return parsed.kind() === 'ipv4' ? undefined : `${groups(parsed as ipaddr.IPv6, 3)}::/48`;
}
