import { describe, expect, test } from '@jest/globals';
import { namesHost } from '../../src/web/host.ts';

const https = new URL('https://idp.example');
const trial = new URL('http://127.0.0.1:3000');
const sixth = new URL('https://[2001:db8::1]');

describe('a Host header', () => {
  test.each([
    [https, 'idp.example'],
    [https, 'IDP.Example'],
    [https, 'idp.example:443'],
    [https, 'idp.example.'],
    [https, 'IDP.EXAMPLE.:443'],
    [https, 'idp.example:'],
    [new URL('http://idp.example'), 'idp.example:80'],
    [new URL('https://idp.example:8443'), 'idp.example:8443'],
    [trial, '127.0.0.1:3000'],
    [sixth, '[2001:DB8::1]:443'],
  ])('S20: %s is named by %s', (issuer, header) => expect(namesHost(header, issuer)).toBe(true));

  test.each([
    [https, ''],
    [https, '.'],
    [https, 'idp.example..'],
    [https, '.idp.example'],
    [https, 'idp.example:80'],
    [https, 'idp.example:4430'],
    [https, 'idp.example:0443'],
    [https, 'idp.example:443:443'],
    [https, 'idp.example:443@evil.test'],
    [https, 'evil.test:x@idp.example'],
    [https, 'idp.example, evil.test'],
    [https, 'idp.example.evil.test'],
    [https, 'idp.example/evil.test'],
    [https, 'idp.example evil.test'],
    [https, 'idp\u3002example'],
    [new URL('https://idp.example:8443'), 'idp.example'],
    [new URL('https://idp.example:8443'), 'idp.example:443'],
    [trial, '127.0.0.1'],
    [trial, 'localhost:3000'],
    [sixth, '2001:db8::1'],
  ])('C25: %s is not named by %j', (issuer, header) => expect(namesHost(header, issuer)).toBe(false));
});
