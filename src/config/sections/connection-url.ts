import { z } from 'zod';

/** A server address that contains a user and a password; error messages contain neither. */
interface ConnectionUrl {
  /** Its scheme, such as `smtp`. */
  schemes: readonly string[];
  /** Where the operator writes it; named in the fix. */
  variable: string;
  example: string;
  /** Whether a Unix socket and several hosts are possible. */
  hostOptional?: boolean;
}

interface UrlFault {
  problem: string;
  fix: string;
}

const percentEncoding =
  'write special characters of the user name or password percent-encoded: # is %23, / is %2F, ? is %3F, @ is %40, : is %3A, % is %25, [ is %5B, ] is %5D';

/**
 * Parses it as the connecting libraries will (WHATWG URL). Finds a password whose `#`, `/` or `?` ended the
 * host early: some such URLs parse, and would connect to another host with a part of the password.
 */
function faultOf(value: string, expected: ConnectionUrl): UrlFault | undefined {
  const { schemes, variable, example } = expected;
  const form = `set ${variable} to ${example}`;
  const begin = schemes.map((scheme) => `${scheme}://`).join(' or ');
  const parts = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)(.*)$/s.exec(value);
  if (parts === null || !schemes.includes((parts[1] ?? '').toLowerCase()))
    return { problem: `must begin with ${begin}`, fix: form };
  const [, , authority = '', rest = ''] = parts;
  const at = authority.lastIndexOf('@');
  // An `@` after the host belongs to an option's value, or the text before it is half of a password.
  const torn = rest.includes('#') || /^[^?]*@|^[^?]*\?[^=]*@/.test(rest);
  const hosts = authority.slice(at + 1).split(',');
  if (torn || (at === -1 && hosts.some((host) => host !== '' && !isHost(host)) && /[#?/].*@/s.test(value)))
    return {
      problem: 'cannot be read: a special character in the user name or password ends it too early',
      fix: `${percentEncoding} (${variable})`,
    };
  if (hosts.some((host) => host === '') && (expected.hostOptional !== true || hosts.length > 1))
    return { problem: 'names no host', fix: form };
  if (hosts.length > 1 && expected.hostOptional !== true)
    return { problem: 'names several hosts, but only one can be named', fix: form };
  if (!hosts.every((host) => host === '' || isHost(host)))
    return {
      problem: 'is not a valid URL: the part for host and port cannot be read',
      fix: `${form}; the port is a number from 1 to 65535, an IPv6 address stands in [ ]; ${percentEncoding}`,
    };
  return hosts[0] === '' || URL.canParse(`${parts[1]}://${authority.slice(0, at + 1)}${hosts[0]}${rest}`)
    ? undefined
    : { problem: 'is not a valid URL', fix: `${form}; ${percentEncoding}` };
}

function isHost(host: string): boolean {
  const url = `x://${host}`;
  return host !== '' && URL.canParse(url) && new URL(url).port !== '0';
}

/** A setting that holds such an address. */
export function connectionUrl(expected: ConnectionUrl) {
  return z
    .string()
    .trim()
    .superRefine((value, context) => {
      const fault = faultOf(value, expected);
      if (fault !== undefined)
        context.addIssue({ code: 'custom', message: fault.problem, params: { fix: fault.fix } });
    });
}
