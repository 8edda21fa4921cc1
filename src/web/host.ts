const written = /^(\[[0-9a-f:.]+\]|[^[\]:@/\\?#\s,]+?)\.?(?::(\d{1,5})?)?$/;

/**
 * Whether a `Host` header names the issuer's host. Case, the dot of a fully qualified name and the scheme's
 * default port, which proxies and some clients add, do not make it another host (RFC 9110 §4.2.3).
 */
export function namesHost(header: string, issuer: URL): boolean {
  const match = written.exec(header.toLowerCase());
  if (match === null) return false;
  const standard = issuer.protocol === 'https:' ? '443' : '80';
  const port = match[2] ?? standard;
  return match[1] === issuer.hostname && port === (issuer.port === '' ? standard : issuer.port);
}
