import { domainToASCII, domainToUnicode } from 'node:url';

/** A rule of the operator's list (R17): mailboxes of these domains are no second factor. */
export interface ForbiddenDomainRule {
  domain: string;
  include_subdomains: boolean;
}

export type CanonicalAddress =
  | { address: string; domain: string }
  | { fault: 'missing' | 'malformed' }
  | { fault: 'forbidden'; rule: ForbiddenDomainRule };

const longestInput = 320;
// RFC 5321 dot-atom without `%` (disguised source routing) and without quotes or comments.
const localPart = /^[A-Za-z0-9!#$&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$&'*+/=?^_`{|}~-]+)*$/;
// Letters, digits, marks, hyphen and the dots of UTS #46; nothing invisible, which domainToASCII would drop.
const domainInput = /^[\p{L}\p{N}\p{M}.。-]+$/u;
const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

function canonicalDomain(input: string): string | undefined {
  const plain = input.endsWith('.') ? input.slice(0, -1) : input;
  if (!domainInput.test(plain)) return undefined;
  const ascii = domainToASCII(plain);
  const labels = ascii.split('.');
  if (ascii.length > 253 || labels.length < 2 || !labels.every((part) => label.test(part))) return undefined;
  // No top-level domain begins with a digit; an IP address in another notation does.
  if (!/^[a-z]/.test(labels.at(-1) ?? '')) return undefined;
  return ascii;
}

function matches(domain: string, rule: ForbiddenDomainRule): boolean {
  const forbidden = canonicalDomain(rule.domain.normalize('NFKC')) ?? rule.domain.toLowerCase();
  return domain === forbidden || (rule.include_subdomains && domain.endsWith(`.${forbidden}`));
}

/**
 * One plain address in canonical form, or why not (E10): no names, comments, quotes, groups or lists.
 * Full-width input, as a Japanese keyboard types it, is converted to ASCII first. The returned address is
 * stored, and is the only thing passed to SMTP as recipient.
 */
export function canonicalAddress(input: unknown, rules: readonly ForbiddenDomainRule[]): CanonicalAddress {
  if (typeof input !== 'string') return { fault: 'missing' };
  if (input.length > longestInput) return { fault: 'malformed' };
  const text = input.normalize('NFKC').trim();
  if (text === '') return { fault: 'missing' };
  const parts = text.split('@');
  const [local = '', domainPart = ''] = parts;
  if (parts.length !== 2 || local.length > 64 || !localPart.test(local)) return { fault: 'malformed' };
  const domain = canonicalDomain(domainPart);
  if (domain === undefined) return { fault: 'malformed' };
  const address = `${local}@${domain}`;
  if (address.length > 254) return { fault: 'malformed' };
  const rule = rules.find((candidate) => matches(domain, candidate));
  return rule === undefined ? { address, domain } : { fault: 'forbidden', rule };
}

// Japanese characters beside ASCII: letters of other scripts could be mistaken for these.
const japaneseLabel =
  /^[a-z0-9-]*[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}ー々][\p{sc=Han}\p{sc=Hira}\p{sc=Kana}ー々a-z0-9-]*$/u;

/**
 * A domain as its owner writes it: `大学.jp` and not `xn--pss25c.jp`. Only Japanese names, only whole labels,
 * and only where they convert back to the same domain: in a notice, a name in look-alike letters would hide
 * whose address it is.
 */
export function shownDomain(ascii: string): string {
  const unicode = domainToUnicode(ascii);
  const honest = unicode.split('.').every((part) => label.test(part) || japaneseLabel.test(part));
  return unicode !== '' && honest && domainToASCII(unicode) === ascii ? unicode : ascii;
}

/** An address as its owner writes it. */
export function shownAddress(address: string): string {
  const at = address.lastIndexOf('@');
  return at === -1 ? address : `${address.slice(0, at)}@${shownDomain(address.slice(at + 1))}`;
}

/** An address as it is shown after the password: enough to recognise, too little to learn. */
export function maskAddress(address: string): string {
  const [local = '', ascii = ''] = address.split('@');
  const domain = shownDomain(ascii);
  if (local.length <= 2) return `${local.charAt(0)}•••@${domain}`;
  return `${local.charAt(0)}•••${local.slice(-1)}@${domain}`;
}
