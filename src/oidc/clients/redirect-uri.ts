import { z } from 'zod';
import { isLoopback } from '../../config/sections/values.ts';

/**
 * Schemes that a browser or the operating system handles itself, or that open a program that is not a
 * client's app: what is sent there would be executed, shown, stored or forwarded and never reach the client.
 */
const dangerousSchemes: ReadonlySet<string> = new Set(
  [
    'javascript vbscript livescript mocha data blob file filesystem about view-source cid mid content jar',
    'ws wss ftp ftps sftp ssh telnet gopher ldap ldaps smb nfs dav',
    'chrome chrome-extension chrome-search moz-extension safari-extension edge opera resource res ms-browser-extension',
    'ms-msdt ms-officecmd ms-appinstaller ms-settings ms-search ms-cxh ms-cxh-full ms-word ms-excel ms-powerpoint',
    'itms-services itms-apps applescript shortcuts prefs app-prefs x-apple.systempreferences microsoft-edge',
    'afp vnc rdp tftp dict finger git svn php phar jdbc magnet',
    'mailto tel sms mms geo callto intent android-app market shell search-ms hcp help its mk ms-its urn feed',
  ].flatMap((line) => line.split(' ')),
);

/** The library's own list: a native client may listen on these hosts only (RFC 8252 §7.3). */
const nativeLoopbacks: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** A web address: https, or http on this machine for development. Undefined for everything else. */
export function webUrl(value: string): URL | undefined {
  const url = URL.parse(value);
  if (url === null || !/^https?:\/\/[^/]/i.test(value)) return undefined;
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))
    ? url
    : undefined;
}

const notWeb = 'must be https:// (or http:// on loopback)';
const unreachable = 'is no address that a browser can be sent to';

/** What is wrong with a redirect URI of any client type; undefined where nothing is. */
function faultOf(value: string): string | undefined {
  // Compared character by character (RFC 9700 §2.1): anything that looks like a pattern is a mistake.
  if (value.includes('*')) return 'must be one exact address: wildcards are not supported';
  // oxlint-disable-next-line no-control-regex
  if (/[\s\\\u0000-\u001f\u007f]/.test(value))
    return 'must hold no space, no backslash and no control character';
  if (value.includes('#')) return 'must have no fragment';
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(value)?.[1]?.toLowerCase();
  if (scheme === undefined) return 'must be a whole address that begins with its scheme, such as https://';
  const isWeb = scheme === 'http' || scheme === 'https';
  if (/^https?:\/\/[^/]/i.test(value) && !URL.canParse(value)) return unreachable;
  if (isWeb && webUrl(value) === undefined) return notWeb;
  if (dangerousSchemes.has(scheme) || (!isWeb && /^s?https?(?:$|[+.-])/.test(scheme)))
    return `must not use the scheme ${scheme}: which is not an app's own`;
  if (!isWeb && (scheme.length < 2 || !value.startsWith('/', scheme.length + 1)))
    return `must have a slash after its scheme, as in com.example.app:/callback`;
  const url = URL.parse(value);
  if (url === null) return unreachable;
  if (url.username !== '' || url.password !== '') return 'must hold no user name and no password';
  return undefined;
}

/** An address that leads back to a service or an app: web, or an app's own scheme (RFC 8252 §7.1). */
export const redirectUri = z
  .string()
  .max(2000)
  .superRefine((value, context) => {
    const message = faultOf(value);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });

/** What is wrong with an address for this type of client; the provider applies the same rules. */
export function typeFaultOf(value: string, applicationType: 'web' | 'native'): string | undefined {
  if (faultOf(value) !== undefined) return undefined;
  const web = webUrl(value);
  if (applicationType === 'web') {
    if (web !== undefined) return undefined;
    const scheme = value.slice(0, value.indexOf(':'));
    return `has the scheme ${scheme}: of an app: declare application_type: native, or use https://`;
  }
  if (web?.protocol === 'http:' && !nativeLoopbacks.has(web.hostname))
    return 'must be on localhost, 127.0.0.1 or [::1] for a native client';
  if (web?.protocol === 'https:' && nativeLoopbacks.has(web.hostname))
    return 'must be http:// on loopback for a native client';
  return undefined;
}
