import { expect, test } from '@jest/globals';
import { canonicalAddress, maskAddress, shownAddress } from '../../src/factors/mail/address.ts';

test.each([
  ['taro@大学.jp', 'taro@大学.jp', 't•••o@大学.jp'],
  ['taro@ｶﾅ-1.例え.jp', 'taro@カナ-1.例え.jp', 't•••o@カナ-1.例え.jp'],
  ['taro@Mail.Example', 'taro@mail.example', 't•••o@mail.example'],
  // Look-alikes stay in the form in which nobody takes them for the real one.
  ['taro@gmаil.com', 'taro@xn--gmil-63d.com', 't•••o@xn--gmil-63d.com'],
  ['taro@bücher.example', 'taro@xn--bcher-kva.example', 't•••o@xn--bcher-kva.example'],
  ['taro@大学.gmаil.com', 'taro@xn--pss25c.xn--gmil-63d.com', 't•••o@xn--pss25c.xn--gmil-63d.com'],
])('%s is shown as %s and %s, and kept in ASCII', (typed, shown, masked) => {
  const canonical = canonicalAddress(typed, []);
  if (!('address' in canonical)) throw new Error(canonical.fault);
  expect(canonical.address).toMatch(/^[!-~]+$/);
  expect([shownAddress(canonical.address), maskAddress(canonical.address)]).toEqual([shown, masked]);
});
