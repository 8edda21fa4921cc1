// The canonical form that registration stores: a dot-atom without `%`, at a domain of A-labels.
const plainAddress =
  /^(?=.{3,254}$)(?=[^@]{1,64}@)[A-Za-z0-9!#$&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$&'*+/=?^_`{|}~-]+)*@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Whether this is one plain address in canonical form: the last check before SMTP. A mail library
 * parses names, comments and groups out of any other string, and would send elsewhere (E10).
 */
export function isPlainAddress(address: string): boolean {
  return plainAddress.test(address);
}

/** The part after the `@` of a canonical address. */
export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}
