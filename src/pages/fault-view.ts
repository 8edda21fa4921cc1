import { addressRule } from '../i18n/address-rule.ts';
import type { MessageKey, Translate } from '../i18n/translate.ts';
import type { Fault } from './pages.ts';
import type { ForbiddenDomain } from './shared.ts';

/** A fault in words. */
export interface FaultView {
  code: string;
  field: string | undefined;
  /** What happened: shown in the summary and at the field. */
  title: string;
  /** What to do now: shown in the summary. */
  message: string;
  /** The rule that was broken, where there is one to name (R17). */
  rule: string | undefined;
}

/** The words for a fault; a message with placeholders is used only if the routes supplied them all. */
export function faultView(t: Translate, fault: Fault | undefined, model: object): FaultView | undefined {
  if (fault === undefined) return undefined;
  const details = fault.details ?? {};
  // The page of an expired code has no field for it: there is no field to link to.
  const hasField = !(fault.field === 'code' && 'minutesLeft' in model && model.minutesLeft === 0);
  const detailed = `errors.${fault.code}.detailed`;
  const message: MessageKey =
    t.has(detailed) && t.complete(detailed, details) ? detailed : `errors.${fault.code}.message`;
  return {
    code: fault.code,
    field: hasField ? fault.field : undefined,
    title: t(`errors.${fault.code}.title`),
    message: t(message, details),
    rule: fault.code === 'address_forbidden' ? addressRule(t, forbiddenOf(model)) : undefined,
  };
}

function forbiddenOf(model: object): readonly ForbiddenDomain[] {
  return 'forbidden' in model && Array.isArray(model.forbidden)
    ? (model.forbidden as readonly ForbiddenDomain[])
    : [];
}
