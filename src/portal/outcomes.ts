import type { SendOutcome } from '../factors/mail/codes.ts';
import type { VerificationOutcome } from '../factors/verification/verify.ts';
import { readCode } from '../factors/verification/code-input.ts';
import type { Form } from '../web/forms.ts';
import type { Fault } from '../pages/pages.ts';

/** The code in a form, or the fault in what was typed. */
export function codeIn(form: Form, digits: 6 | 8): { digits: string } | { fault: Fault } {
  const code = readCode(form.get('code'), digits);
  if ('digits' in code) return code;
  return {
    fault:
      code.fault === 'missing'
        ? { code: 'code_missing', field: 'code' }
        : { code: 'code_malformed', field: 'code', details: { digits } },
  };
}

/** What a page says about a code; undefined where it was right. */
export function faultOfProof(proof: VerificationOutcome): Fault | undefined {
  switch (proof.outcome) {
    case 'proven':
      return undefined;
    case 'wrong':
      return {
        code: 'code_wrong',
        field: 'code',
        ...(proof.attemptsLeft === undefined ? {} : { details: { attemptsLeft: proof.attemptsLeft } }),
      };
    case 'used':
      return { code: 'code_used', field: 'code' };
    case 'exhausted':
      return { code: 'code_attempts_exhausted', field: 'code' };
    case 'expired':
    case 'none':
      return { code: 'code_expired', field: 'code' };
    case 'paused':
      return { code: 'factor_paused', details: waitOf(proof.retryAfterSeconds) };
    case 'disabled':
      return { code: 'factor_disabled' };
  }
}

/** What a page says after a mail was requested; undefined where it is on its way. */
export function faultOfSending(sent: SendOutcome): Fault | undefined {
  if (sent.outcome === 'sent') return undefined;
  const codes = {
    'too-soon': 'resend_too_soon',
    limited: 'mail_limit_reached',
    paused: 'factor_paused',
  } as const;
  return { code: codes[sent.outcome], details: waitOf(sent.retryAfterSeconds) };
}

function waitOf(seconds: number): Record<string, number> {
  return { minutes: Math.max(1, Math.ceil(seconds / 60)), seconds, retryAfterSeconds: seconds };
}
