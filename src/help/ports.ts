import type { RequestOrigin } from '../audit/audit.ts';
import type { Locale } from '../i18n/locale.ts';
import type { Opening } from '../i18n/opening.ts';
import type { ConfiguredCheck, SupportReason } from '../pages/support.ts';

/** What pages outside a login need of the support centre (R36), without its calendar and its cases. */
export interface PublicSupport {
  opening(): Promise<Opening>;
  /** How staff checks a person's identity. */
  checks: readonly ConfiguredCheck[];
  /**
   * Files a case for an ID as typed; work and answer are the same whether or not it exists (C12, C13).
   * @throws NijoError `support_limit_reached`.
   */
  file(request: {
    loginId: string;
    reason: SupportReason;
    /** The id of the form that was shown: sent twice, it is one request with one number. */
    form: string;
    origin: RequestOrigin;
    locale: Locale;
  }): Promise<{ number: string }>;
}
