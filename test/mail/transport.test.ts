import { hostname } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Db } from '../../src/db/open.ts';
import { faultOf, oneLine } from '../../src/mail/fault.ts';
import { enqueueMail } from '../../src/mail/outbox.ts';
import { subjectOfReply } from '../../src/mail/reply-subject.ts';
import { isPlainAddress } from '../../src/mail/recipient.ts';
import type { MailTransport, OutgoingMail } from '../../src/mail/transport.ts';
import { type SmtpSink, startSmtpSink } from '../support/smtp-sink.ts';
import { openTransport, renderer } from './post-office.ts';
import { realReplies } from './real-replies.ts';

const model = { code: '01234567', reference: 'KQ7', service: '図書館', minutes: 10, at: '9:00' };

function mail(change: Partial<OutgoingMail> = {}): OutgoingMail {
  const locale = change.locale ?? 'en';
  return {
    id: '00000000-0000-4000-8000-000000000001',
    to: 'user@mail.example',
    locale,
    createdAt: new Date('2026-04-01T00:00:00Z'),
    ...renderer.render('sign-in-code', model, locale),
    ...change,
  };
}

describe('the mail transport', () => {
  let sink: SmtpSink;
  let transport: MailTransport;
  const signal = new AbortController().signal;
  beforeEach(async () => {
    sink = await startSmtpSink();
    transport = openTransport(sink);
  });
  afterEach(async () => {
    transport.close();
    await sink.close();
  });

  test('R10: text and HTML in the language of the page, from a name in it, over TLS where it is offered', async () => {
    expect(await transport.deliver(mail({ locale: 'ja' }), signal)).toContain('queued');
    const [received] = sink.mails;
    expect(received?.secure).toBe(true);
    expect(received?.from).toBe('login@idp.example');
    const parsed = await received?.parsed;
    expect(parsed?.from?.value).toEqual([{ name: '例示大学', address: 'login@idp.example' }]);
    expect(parsed?.messageId).toBe('<00000000-0000-4000-8000-000000000001@idp.example>');
    expect(parsed?.date).toEqual(new Date('2026-04-01T00:00:00Z'));
    expect(parsed?.headers.get('auto-submitted')).toBe('auto-generated');
    expect(parsed?.headers.get('content-language')).toBe('ja');
    expect(parsed?.subject).toContain('KQ7');
    expect(parsed?.text).toContain('01234567');
    expect(parsed?.html).toContain('lang="ja"');
    // No tracking: nothing is fetched when the mail is opened.
    expect(parsed?.html).not.toMatch(/<img|url\(/);
  });

  test('C47: nothing in a subject or a name adds a header, a recipient or a sender', async () => {
    const hostile = 'Hello\r\nBcc: x@evil.example\r\n\r\nbody';
    await transport.deliver(
      mail({ subject: hostile, text: `.\r\n${hostile}\r\n.\r\nRCPT TO:<y@evil.example>` }),
      signal,
    );
    const [received] = sink.mails;
    expect(sink.recipients).toEqual(['user@mail.example']);
    const parsed = await received?.parsed;
    expect(parsed?.bcc).toBeUndefined();
    expect(received?.raw.slice(0, received.raw.indexOf('\r\n\r\n'))).not.toMatch(/^bcc:/im);
    expect(parsed?.text).toContain('RCPT TO:<y@evil.example>');
  });

  test.each([
    '"u@evil.test x"@uni.example',
    '"u@uni.example x"@evil.test',
    'u@evil.test(x)uni.example',
    '<u@evil.test>u@uni.example',
    'u@uni .example',
    'Grp:u@uni.example;',
    'u@uni.example,v@evil.test',
    'u@uni.example\u200b',
    'u@uni.example\0@evil.test',
    'u@evil.test\r\nBcc: x@evil2.test',
    'u%evil.test@uni.example',
    'u@uni.example@evil.test',
    'u@[127.0.0.1]',
    'u@127.0.0.1',
    'u@uni。example',
    'u@ｕｎｉ.example',
    'u＠uni.example',
    ' u@uni.example',
    'u@uni.example.',
    'u@UNI.EXAMPLE',
    'u@xn--uni-.example',
    'u@localhost',
    '',
    '@uni.example',
    'u@',
    `${'u'.repeat(65)}@uni.example`,
    'u..v@uni.example',
    '.u@uni.example',
    'u@uni.example>\r\nRCPT TO:<x@evil.test',
    'u\n@uni.example',
    'u@uni.example\n',
  ])('I4, E10: %j is no recipient, neither in the outbox nor on the wire', async (to) => {
    expect(isPlainAddress(to)).toBe(false);
    const outbox = enqueueMail({} as Db, {
      accountId: undefined,
      kind: 'notice',
      locale: 'en',
      to,
      model: { notice: 'app-added', loginId: 'a•••1', at: '9:00', place: 'here' },
      lifetimeSeconds: 60,
    });
    await expect(outbox).rejects.toMatchObject({ code: 'address_malformed' });
    const fault = await transport.deliver(mail({ to }), signal).catch((error: unknown) => faultOf(error, []));
    expect(fault).toMatchObject({ temporary: false });
    expect(sink.recipients).toEqual([]);
  });

  test.each([
    'u@uni.example',
    "o'brien+tag@mail.example",
    'U.Ser@a.b.xn--wgv71a119e',
    'a{b}|c@x.jp',
    '=?utf-8?q?u?=@mail.example',
  ])('I4: %s is the recipient, to the letter', async (to) => {
    await transport.deliver(mail({ to }), signal);
    expect(sink.mails.map((received) => received.to)).toEqual([[to]]);
    expect(sink.mails[0]?.raw).toContain(`\r\nTo: ${to}\r\n`);
  });

  test('C58: a server that accepts and says nothing is given up within the timeout', async () => {
    sink.mode = 'stall';
    const before = performance.now();
    const fault = await transport.deliver(mail(), signal).catch((error: unknown) => faultOf(error, []));
    expect(fault).toMatchObject({ temporary: true, relay: true });
    expect(performance.now() - before).toBeLessThan(2_000);
  });

  test('a hand-over that is broken off ends at once', async () => {
    sink.mode = 'stall';
    const patient = openTransport(sink, { connect_timeout_ms: 20_000 });
    const given = patient
      .deliver(mail(), AbortSignal.timeout(100))
      .catch((error: unknown) => faultOf(error, []));
    expect(await given).toMatchObject({ temporary: true, reply: 'no answer in time' });
    patient.close();
  });

  test('the connection is found and kept: `check` for operators, one connection for mails in a row', async () => {
    await transport.check();
    for (const id of ['a', 'b', 'c']) await transport.deliver(mail({ id }), signal);
    expect(sink.mostConnections).toBeLessThanOrEqual(2);
    sink.mode = 'down';
    await expect(transport.check()).rejects.toThrow();
  });

  test('S20, B26: a relay hears a name that it can accept, or the one that the operator gives', async () => {
    const names: [Record<string, unknown>, string | undefined, string | RegExp][] = [
      [{ ehlo_name: 'node-1.uni.example' }, 'https://idp.uni.example', 'node-1.uni.example'],
      [
        { ehlo_name: 'node-1.uni.example', smtp_url: `${sink.url}?name=other.example` },
        undefined,
        'other.example',
      ],
      // A machine whose own name is a full one keeps it.
      [{}, 'https://idp.uni.example', hostname().includes('.') ? hostname() : 'idp.uni.example'],
    ];
    for (const [settings, issuer, expected] of names) {
      const named = openTransport(sink, settings, issuer);
      await named.deliver(mail(), signal);
      named.close();
      expect(sink.ehloNames.at(-1)).toBe(expected);
    }
  });

  test('options in the address that would print mails are taken out', async () => {
    const loud = openTransport(sink, { smtp_url: `${sink.url}?logger=true&debug=true&transactionLog=true` });
    await loud.deliver(mail(), signal);
    loud.close();
    expect(sink.mails).toHaveLength(1);
  });
});

/** As the mail library throws it. */
function smtp(code: string, response: string, command = 'RCPT TO'): Error {
  const responseCode = Number(response.slice(0, 3));
  return Object.assign(new Error('failed'), { code, response, responseCode, command });
}

describe('what a failure means', () => {
  test.each([
    ['a refused recipient', smtp('EENVELOPE', '550 5.1.1 no'), false, false],
    ['a refused mail', smtp('EMESSAGE', '552 5.2.2 full', 'DATA'), false, false],
    ['a refused HELO', smtp('EENVELOPE', '504 5.5.2 <x>: Helo command rejected'), true, true],
    ['refused relaying', smtp('EENVELOPE', '554 5.7.1 <u@x.example>: Relay access denied'), true, true],
    ['a refused sender', smtp('EENVELOPE', '550 5.1.1 user unknown', 'MAIL FROM'), true, true],
    ['taken for spam', smtp('EMESSAGE', '554 5.7.1 spam', 'DATA'), true, true],
    ['greylisting', smtp('EENVELOPE', '451 4.7.1 greylisted, later'), true, false],
    ['sign-in wanted', smtp('EENVELOPE', '530 5.7.0 sign in first', 'MAIL FROM'), true, true],
    ['sign-in refused', smtp('EAUTH', '535 5.7.8 bad', 'AUTH PLAIN'), true, true],
    ['a greeting that refuses', smtp('EPROTOCOL', '554 no SMTP service here', 'CONN'), true, true],
    ['no connection', Object.assign(new Error('refused'), { code: 'ESOCKET', command: 'CONN' }), true, true],
    ['a mail that cannot be written', new TypeError('a template is missing'), true, true],
    ['no error at all', 'a string', true, true],
  ])('%s', (_name, error, temporary, relay) => {
    expect(faultOf(error, [])).toMatchObject({ temporary, relay });
  });

  test('S19: what is kept of a reply says to which command it was said, where its words alone mislead', () => {
    const kept = (error: Error) => faultOf(error, []).reply;
    expect(kept(smtp('EENVELOPE', '550 5.1.1 user unknown', 'MAIL FROM'))).toBe(
      'MAIL FROM: 550 5.1.1 user unknown',
    );
    expect(kept(smtp('EAUTH', '535 invalid user or password', 'AUTH PLAIN'))).toMatch(/^AUTH PLAIN: 535/);
    expect(kept(smtp('EENVELOPE', '550 5.1.1 user unknown'))).toBe('550 5.1.1 user unknown');
    expect(kept(smtp('EENVELOPE', '554 5.7.1 Relay access denied', 'MAIL FROM'))).toMatch(/^554/);
  });

  test.each(realReplies)('S19: about %s: %s', (subject, reply) => {
    expect(subjectOfReply(reply)).toBe(subject);
    // As it is stored: one line.
    expect(subjectOfReply(oneLine(reply, ['u@mail.example']))).toBe(subject);
    expect(faultOf(smtp('EENVELOPE', reply), [])).toMatchObject({
      recipient: subject === 'recipient',
      temporary: subject !== 'recipient' || reply.startsWith('4'),
    });
  });

  test("C43: a server's words are one bounded line, without what is secret", () => {
    expect(oneLine('550-first\r\n550 second\u0000\u2028third', [])).toBe('550-first 550 second third');
    expect(oneLine('x'.repeat(9_000), [])).toHaveLength(500);
    expect(oneLine('to A.B@x.jp: 1234-5678 and 12345678', ['a.b@x.jp', '12345678'])).toBe(
      'to […]: […] and […]',
    );
  });
});
