/** Why a mail was not handed over, in the server's words where it said any. */
export interface MailFault {
  /** Whether the same mail may go through later. */
  temporary: boolean;
  /** Whether the mail system as a whole is unusable, which an operator must mend. */
  relay: boolean;
  /** Whether the whole mail had been sent and only the answer is missing: the server may have it. */
  unconfirmed: boolean;
  /** Whether what was said is about this recipient, and not about the mail or its sender. */
  recipient: boolean;
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

// Bad sequence of commands; and sign-in or TLS that is wanted before any mail (RFC 4954 §6, RFC 3207 §4).
const aboutTheSession: ReadonlySet<number> = new Set([503, 530, 534, 535, 538]);
// "Addressing" and "mailbox" status (RFC 3463 §3.2, §3.3), for servers that look at the recipient after the text.
const addressStatus = /^[45]\d\d[ -][45]\.[12]\.\d/;

/**
 * Reads what the mail library threw. A reply of the 5yz class to the mail or its recipient is final
 * (RFC 5321 §4.2.1); everything else may pass: 4yz, a broken or silent connection, and also a 5yz
 * before the mail was even named (greeting, TLS, sign-in), since an operator mends that meanwhile.
 */
export function faultOf(error: unknown, secrets: readonly string[]): MailFault {
  const smtp: SmtpError = error instanceof Error ? error : { message: String(error) };
  const said = smtp.code === 'EABORT' ? 'no answer in time' : smtp.message;
  const answer = typeof smtp.response === 'string' ? smtp.response : undefined;
  const reply = oneLine(answer ?? said, secrets);
  const status = typeof smtp.responseCode === 'number' ? smtp.responseCode : 0;
  const aboutTheMail = smtp.code === 'EENVELOPE' || smtp.code === 'EMESSAGE';
  const refused = aboutTheMail && status >= 500 && !aboutTheSession.has(status);
  const unacceptable = aboutTheMail && smtp.command === 'API';
  const unconfirmed = smtp.unconfirmed === true;
  return {
    unconfirmed,
    recipient:
      aboutTheMail &&
      status >= 400 &&
      !aboutTheSession.has(status) &&
      (smtp.command === 'RCPT TO' || (answer !== undefined && addressStatus.test(answer))),
    temporary: !refused && !unacceptable,
    relay: !aboutTheMail || aboutTheSession.has(status),
    reply,
  };
}

/**
 * Words of a foreign server as one bounded line. It may quote what we sent: the recipient and the
 * code are taken out (the code also where it is written in groups).
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
