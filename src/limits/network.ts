import ipaddr from 'ipaddr.js';

/**
 * The network that a limit counts by: an IPv4 address, or the /64 of an IPv6 address, since one
 * household or one attacker has at least that many. An IPv4 address in IPv6 dress is the IPv4 address.
 */
export function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return 'unknown';
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  const [a = 0, b = 0, c = 0, d = 0] = (parsed as ipaddr.IPv6).parts;
  return `${[a, b, c, d].map((part) => part.toString(16)).join(':')}::/64`;
}
