/** The kind of server to which a connection may be made, in libpq's words. */
export type SessionTarget = 'any' | 'read-write' | 'primary';

/** One server, as a URL for it alone. */
export interface PostgresServer {
  /** For a log: never with a password. */
  name: string;
  url: string;
}

/** A `DATABASE_URL`, read as libpq reads it. */
export interface PostgresAddress {
  /** In the order in which they are tried; at least one. */
  servers: readonly PostgresServer[];
  target: SessionTarget;
  /** `connect_timeout`, for each server; undefined where it is not given. */
  connectTimeoutMs: number | undefined;
}

/** What is wrong with an address; contains neither its user nor its password. */
export class PostgresAddressFault extends Error {}

const special =
  'write special characters of user name and password percent-encoded: # is %23, / is %2F, ? is %3F, @ is %40, : is %3A, % is %25';

/** Reads an address: a URL, or libpq's `host=… port=… dbname=…`. @throws PostgresAddressFault */
export function readPostgresAddress(given: string): PostgresAddress {
  const value = given.trim();
  const parameters = /^postgres(ql)?:\/\//.test(value) ? readUrl(value) : readPairs(value);
  const hosts = (parameters.get('host') ?? parameters.get('hostaddr') ?? '').split(',');
  const ports = (parameters.get('port') ?? '').split(',');
  if (ports.length > 1 && ports.length !== hosts.length)
    throw new PostgresAddressFault(`names ${hosts.length} host(s) and ${ports.length} ports`);
  const places = hosts.map((host, index) => ({
    host,
    port: portOf(ports.length > 1 ? ports[index] : ports[0]),
  }));
  if (places.length > 1 && hosts.some((host) => host === ''))
    throw new PostgresAddressFault('has an empty name in its list of hosts');
  return {
    servers: places.map((place) => ({
      name: `${place.host === '' ? 'localhost' : place.host}:${place.port === '' ? '5432' : place.port}`,
      url: urlOf(place, parameters),
    })),
    target: targetOf(parameters.get('target_session_attrs'), places.length),
    connectTimeoutMs: timeoutOf(parameters.get('connect_timeout')),
  };
}

function portOf(given: string | undefined): string {
  const port = given ?? '';
  if (port !== '' && !(/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535))
    throw new PostgresAddressFault('has a port that is no number from 1 to 65535');
  return port;
}

function targetOf(given: string | undefined, servers: number): SessionTarget {
  switch (given) {
    // Of several servers usually one is writable, and nothing works on the others.
    case undefined:
      return servers > 1 ? 'read-write' : 'any';
    case 'any':
    case 'read-write':
    case 'primary':
      return given;
    case 'read-only':
    case 'standby':
    case 'prefer-standby':
      throw new PostgresAddressFault(
        `asks for target_session_attrs=${given}, but a sign-in has to be written down: use read-write or primary`,
      );
    default:
      throw new PostgresAddressFault('has an unknown target_session_attrs: use read-write, primary or any');
  }
}

function timeoutOf(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const seconds = Number(given);
  if (!Number.isInteger(seconds))
    throw new PostgresAddressFault('has a connect_timeout that is no whole number');
  // As in libpq: zero means no timeout of its own.
  return seconds <= 0 ? undefined : seconds * 1000;
}

/** A % that begins no percent-encoding stands for itself: some operators write their password unencoded. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** `postgres://user:password@host:port,host:port/database?name=value`. */
function readUrl(value: string): Map<string, string> {
  const rest = value.replace(/^postgres(ql)?:\/\//, '');
  const [, before = '', path = '', query = ''] = /^([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/s.exec(rest) ?? [];
  const at = before.lastIndexOf('@');
  const credentials = at < 0 ? undefined : before.slice(0, at);
  const authority = before.slice(at + 1);
  if (path.includes('@') || /^[^=&]*@/.test(query))
    throw new PostgresAddressFault(
      `cannot be read: a / or ? in user name or password ends it too early: ${special}`,
    );
  const parameters = new Map<string, string>();
  const set = (name: string, text: string | undefined): void => {
    if (text !== undefined && text !== '') parameters.set(name, text);
  };
  if (credentials !== undefined) {
    const colon = credentials.indexOf(':');
    set('user', decode(colon < 0 ? credentials : credentials.slice(0, colon)));
    if (colon >= 0) set('password', decode(credentials.slice(colon + 1)));
  }
  const places = authority.split(',').map((text) => {
    const match = /^(\[[^\]]*\]|[^:[\]]*)(?::(.*))?$/.exec(text);
    if (match === null)
      throw new PostgresAddressFault('has a host that cannot be read; an IPv6 address stands in [ ]');
    const [, host = '', port = ''] = match;
    return { host: decode(host.replace(/^\[(.*)\]$/, '$1')), port };
  });
  set('host', places.map(({ host }) => host).join(','));
  if (places.some(({ port }) => port !== '')) set('port', places.map(({ port }) => port).join(','));
  set('dbname', decode(path));
  const listed = new Map<string, string[]>();
  for (const pair of query.split('&').filter((part) => part !== '')) {
    const [name = '', ...words] = pair.split('=');
    const key = decode(name);
    // In an option a + has always meant a space, as in any query.
    const text = key === 'options' ? words.join('=').replaceAll('+', ' ') : words.join('=');
    listed.set(key, [...(listed.get(key) ?? []), decode(text)]);
  }
  // Some operators write a list of hosts by repeating the name; for other options the last one counts.
  for (const [name, values] of listed)
    set(name, name === 'host' || name === 'port' ? values.join(',') : values.at(-1));
  return parameters;
}

/** `host=a,b port=5432 dbname=nijo password='it''s'`: libpq's other form. */
function readPairs(value: string): Map<string, string> {
  const parameters = new Map<string, string>();
  const pair = /\s*([a-z_]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.)*))(?=\s|$)/sy;
  let end = 0;
  for (let match = pair.exec(value); match !== null; match = pair.exec(value)) {
    const [, name = '', quoted, plain = ''] = match;
    parameters.set(name, (quoted ?? plain).replace(/\\(.)/gs, '$1'));
    end = pair.lastIndex;
  }
  if (parameters.size === 0 || value.slice(end).trim() !== '')
    throw new PostgresAddressFault('must begin with postgres://, or be made of host=… dbname=… user=…');
  const unknown = [...parameters.keys()].find((name) => !knownParameters.has(name));
  if (unknown !== undefined) throw new PostgresAddressFault(`has a parameter that is not known: ${unknown}`);
  return parameters;
}

const knownParameters: ReadonlySet<string> = new Set(
  (
    'host hostaddr port dbname user password passfile options application_name connect_timeout ' +
    'target_session_attrs load_balance_hosts client_encoding keepalives sslmode sslcert sslkey ' +
    'sslrootcert sslpassword sslnegotiation uselibpqcompat'
  ).split(' '),
);

// Options that this program handles, or that do not concern the driver.
const notForTheDriver: ReadonlySet<string> = new Set(
  (
    'host hostaddr port dbname user password target_session_attrs connect_timeout load_balance_hosts ' +
    'passfile keepalives'
  ).split(' '),
);

/** The URL of one server, with all other options. */
function urlOf(place: { host: string; port: string }, parameters: ReadonlyMap<string, string>): string {
  const encoded = (name: string): string => encodeURIComponent(parameters.get(name) ?? '');
  const password = parameters.has('password') ? `:${encoded('password')}` : '';
  const credentials = parameters.has('user') || password !== '' ? `${encoded('user')}${password}@` : '';
  const query = [
    ...(place.host === '' ? [] : [['host', place.host]]),
    ...(place.port === '' ? [] : [['port', place.port]]),
    ...[...parameters].filter(([name]) => !notForTheDriver.has(name)),
  ].map(([name = '', text = '']) => `${name}=${encodeURIComponent(text)}`);
  // The host goes into the query, where a socket's folder and an IPv6 address need no special form. Without
  // any host the driver decides, from PGHOST.
  const host = place.host === '' ? '' : 'localhost';
  return `postgres://${credentials}${host}/${encoded('dbname')}${query.length === 0 ? '' : `?${query.join('&')}`}`;
}
