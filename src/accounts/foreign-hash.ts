import { readPhc } from './password-hasher.ts';

/** A hash in the one spelling that is stored, or why it cannot be imported. */
export type ReadForeignHash = { phc: string } | { fault: string };

const shape = '$argon2id$v=19$m=…,t=…,p=…$salt$hash';

/**
 * What other programs put before the PHC string: OpenLDAP and Dovecot a scheme in braces (`{CRYPT}` where
 * the system makes it), Django a name.
 */
function withoutPrefix(text: string): string {
  return text.replace(/^\{(argon2(id|i|d)?|crypt)\}(?=\$?argon2)/i, '').replace(/^argon2(?=\$argon2)/i, '');
}

/** The kind of a hash, as far as the hash itself names it. */
function kindOf(text: string): string | undefined {
  const scheme = /^\{([\w.+-]{1,32})\}/.exec(withoutPrefix(text))?.[1];
  if (scheme !== undefined && !/^argon2/i.test(scheme)) return scheme.toUpperCase();
  const bare = withoutPrefix(text).replace(/^\$/, '');
  const named = /^(argon2i|argon2d|scrypt|pbkdf2[\w-]*|bcrypt[\w$]*?|md5|sha1)\$/i.exec(bare)?.[1];
  if (named !== undefined) return named.toLowerCase();
  const crypt = /^\$(2[abxy]?|1|5|6|7|y|gy)\$/.exec(text)?.[1];
  if (crypt === undefined) return undefined;
  return crypt.startsWith('2') ? 'bcrypt' : `crypt $${crypt}$`;
}

/**
 * Reads an argon2id hash as other programs write it: with OpenLDAP's `{ARGON2}` or Django's `argon2` before
 * it, Base64 padding, parameters in any order, no version. The result is what the verifying library reads,
 * so that no hash is imported that could never verify.
 */
export function readForeignHash(input: string): ReadForeignHash {
  const text = input.normalize('NFKC').trim();
  const kind = kindOf(text);
  if (kind !== undefined)
    return { fault: `password_hash is of another kind (${kind}): only argon2id can be taken over` };
  const unreadable = { fault: `password_hash is not an argon2id PHC string (${shape})` };
  const found = /^\$?argon2id\$(?:v=(\d+)\$)?([\w=,+/]+)\$([\w+/-]+)={0,2}\$([\w+/-]+)={0,2}$/i.exec(
    withoutPrefix(text),
  );
  if (found === null) return unreadable;
  const [, version, list = '', salt = '', output = ''] = found;
  if (version !== undefined && version !== '19')
    return {
      fault: `password_hash is of argon2 version ${version.slice(0, 4)}: only version 19 can be taken over`,
    };
  const parameters = new Map(
    list.split(',').map((one) => [one.split('=')[0] ?? '', one.split('=')[1] ?? '']),
  );
  if (parameters.has('data') || parameters.has('keyid'))
    return { fault: 'password_hash needs a key or data that is not known here' };
  const [m, t, p] = ['m', 't', 'p'].map((name) => parameters.get(name));
  if (m === undefined || t === undefined || p === undefined || list.split(',').length !== 3)
    return unreadable;
  // A hash without a version stays so: the first right password shows which version is meant.
  const phc = `$argon2id${version === undefined ? '' : '$v=19'}$m=${m},t=${t},p=${p}$${salt}$${output}`;
  const read = readPhc(phc);
  if (read === undefined) return unreadable;
  // What one login may cost: a hash that needs gigabytes would let its owner stop the server (F20).
  if (read.memoryKib > 262_144 || read.passes > 20 || read.parallelism > 16)
    return { fault: 'password_hash asks for too much work (at most m=262144, t=20, p=16)' };
  if (read.outputLength < 16 || read.saltLength < 8)
    return { fault: 'password_hash has too short a salt or hash' };
  return { phc };
}

/** Why a foreign hash cannot be imported; undefined when it can. */
export function faultOfForeignHash(text: string): string | undefined {
  const read = readForeignHash(text);
  return 'fault' in read ? read.fault : undefined;
}
