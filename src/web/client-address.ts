import ipaddr from 'ipaddr.js';

type Parsed = ipaddr.IPv4 | ipaddr.IPv6;

function parse(text: string): Parsed | undefined {
  const plain = text
    .trim()
    .replace(/^\[(.*)\](:\d+)?$/, '$1')
    .replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1');
  return ipaddr.isValid(plain) ? ipaddr.process(plain) : undefined;
}

/** Whether an address is in one of the listed networks (addresses or CIDR blocks). */
export function createNetworkTest(networks: readonly string[]): (address: string | undefined) => boolean {
  const isInside = networkTest(networks);
  return (address) => {
    const parsed = parse(address ?? '');
    return parsed !== undefined && isInside(parsed);
  };
}

function networkTest(networks: readonly string[]): (address: Parsed) => boolean {
  const blocks = networks.map((entry): [Parsed, number] => {
    if (ipaddr.isValidCIDR(entry)) return ipaddr.parseCIDR(entry);
    const address = ipaddr.process(entry);
    return [address, address.kind() === 'ipv4' ? 32 : 128];
  });
  return (address) =>
    blocks.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits));
}

/**
 * The client's address: the peer's own, or, where the peer is one of our proxies, the last address in
 * X-Forwarded-For that is not one of them (C26). What a client writes into the header itself is further
 * left and is never trusted.
 */
export function createAddressReader(
  trustedProxies: readonly string[],
): (peer: string | undefined, forwardedFor: string | undefined) => string {
  const isProxy = networkTest(trustedProxies);
  return (peer, forwardedFor) => {
    let client = parse(peer ?? '');
    if (client === undefined) return 'unknown';
    const hops = (forwardedFor ?? '').split(',').toReversed();
    for (const hop of hops) {
      if (!isProxy(client)) break;
      const next = parse(hop);
      if (next === undefined) break;
      client = next;
    }
    return client.toString();
  };
}
