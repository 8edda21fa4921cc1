import { subjectOfReply } from './reply-subject.ts';

/** Why a mail was not handed over, in the server's words if it gave any. */
export interface MailFault {
  /** Whether the same mail may go through later. */
  temporary: boolean;
  /** Whether it is a problem of our own mail system, which an operator must fix. */
  relay: boolean;
  /** Whether the whole mail had been sent and only the answer is missing: the server may have it. */
  unconfirmed: boolean;
  /** Whether the reply is about this recipient's mailbox or address. */
  recipient: boolean;
  /** The reply code of the server; 0 where there was none. */
  status: number;
  /** One line for operators, without the recipient and without the code. */
  reply: string;
}

interface SmtpError {
  message: string;
  code?: unknown;
  response?: unknown;
  responseCode?: unknown;
  /** The SMTP command that failed; `API` where the mail itself was not acceptable. */
  command?: unknown;
  /** Set by our transport. */
  unconfirmed?: unknown;
}

// Bad sequence of commands; or authentication or TLS required before any mail (RFC 4954 §6, RFC 3207 §4).
const aboutTheSession: ReadonlySet<number> = new Set([503, 530, 534, 535, 538]);

/**
 * Reads what the mail library threw. Only a 5yz reply (RFC 5321 §4.2.1) about the recipient's mailbox or
 * address is final. Every other error is temporary, whichever command it answers: 4yz, a broken or silent
 * connection, and 5yz for the relay's own reasons (it rejects the HELO, sender, client or a policy), since an
 * operator can fix those meanwhile. Postfix gives such replies at `RCPT`, so the command does not show what a
 * reply is about, except that no reply before `RCPT` can be about the recipient.
 */
export function faultOf(error: unknown, secrets: readonly string[]): MailFault {
  const smtp: SmtpError = error instanceof Error ? error : { message: String(error) };
  const said = smtp.code === 'EABORT' ? 'no answer in time' : smtp.message;
  const answer = typeof smtp.response === 'string' ? smtp.response : undefined;
  const status = typeof smtp.responseCode === 'number' ? smtp.responseCode : 0;
  const aboutTheMail = smtp.code === 'EENVELOPE' || smtp.code === 'EMESSAGE';
  const unacceptable = aboutTheMail && smtp.command === 'API';
  const subject =
    aboutTheMail && smtp.command !== 'MAIL FROM' && status >= 400 && !aboutTheSession.has(status)
      ? subjectOfReply(answer ?? '')
      : 'other';
  const recipient = subject === 'recipient';
  return {
    unconfirmed: smtp.unconfirmed === true,
    recipient,
    temporary: !unacceptable && !(recipient && status >= 500),
    relay: !unacceptable && subject === 'other',
    status,
    // A reply that only reads as if it were about the recipient is stored with its command in front, so that
    // `delivery.ts` does not misread it later.
    reply: oneLine(
      answer === undefined || recipient || subjectOfReply(answer) !== 'recipient'
        ? (answer ?? said)
        : `${typeof smtp.command === 'string' ? smtp.command : 'connection'}: ${answer}`,
      secrets,
    ),
  };
}

/**
 * A remote server's reply as one line of bounded length. The reply may quote what we sent, so the
 * recipient and the code are removed (the code also if it is written in groups).
 */
export function oneLine(text: string, secrets: readonly string[], max = 500): string {
  let line = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029\s]+/gu, ' ').trim();
  for (const secret of secrets) {
    if (secret === '') continue;
    const spaced = Array.from(secret, (char) => char.replace(/[^A-Za-z0-9]/, '\\$&')).join('[ -]?');
    line = line.replace(new RegExp(spaced, 'gi'), '[…]');
  }
  return line.length > max ? `${line.slice(0, max - 1)}…` : line;
}
