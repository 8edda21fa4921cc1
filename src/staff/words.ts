import type { DeskSettings } from '../config/sections/desk.ts';
import type { AccountSheet, CaseSummary, WaySheet } from '../desk/cases/shapes.ts';
import { type Opening, openingInWords } from '../i18n/opening.ts';
import { createTimes, type Times } from '../i18n/times.ts';
import { translator } from '../i18n/translate.ts';
import type { CaseProgress, DeskAccount, DeskCaseRow, DeskOpening } from '../pages/desk.ts';

type Locale = 'en' | 'ja';

const tags = { en: 'en-GB', ja: 'ja-JP' } as const;

/** A duration in everyday words: "25 minutes", "3 hours", "2 days". */
export function spanInWords(minutes: number, locale: Locale): string {
  if (minutes < 1) return translator(locale)('desk.justNow');
  const [value, unit]: [number, string] =
    minutes < 120 ? [minutes, 'minute'] : minutes < 2880 ? [minutes / 60, 'hour'] : [minutes / 1440, 'day'];
  const words = new Intl.NumberFormat(tags[locale], { style: 'unit', unit, unitDisplay: 'long' });
  // Japanese writes no space there: 4時間.
  const written = words.format(Math.floor(value));
  return locale === 'ja' ? written.replaceAll(/\s/gu, '') : written;
}

/** What every page of the desk says about the opening hours. */
export function openingOf(opening: Opening, locale: Locale): DeskOpening {
  return { open: opening.open, words: openingInWords(opening, locale) };
}

/** The progress of a case. */
export function progressOf(summary: CaseSummary): CaseProgress {
  if (summary.state !== 'open') return 'issued';
  if (summary.approvals > 0) return 'second';
  return summary.checks > 0 ? 'checked' : 'unchecked';
}

/** A time in a list, short enough for a column: "4 Jan 2027, 09:05". */
export function shortMoment(at: Date, { timeZone }: Pick<Times, 'timeZone'>, locale: Locale): string {
  return new Intl.DateTimeFormat(tags[locale], { dateStyle: 'medium', timeStyle: 'short', timeZone }).format(
    at,
  );
}

/** A case as a line of a list. */
export function rowOf(summary: CaseSummary, times: Times, locale: Locale): DeskCaseRow {
  const { id, number, loginId, reason, state, privileged, breakGlass, closedAt } = summary;
  return {
    id,
    number,
    loginId,
    reason,
    state,
    since: shortMoment(summary.createdAt, times, locale),
    waited:
      closedAt === undefined
        ? spanInWords(summary.waitingMinutes, locale)
        : shortMoment(closedAt, times, locale),
    progress: progressOf(summary),
    privileged,
    breakGlass,
    known: summary.hasAccount,
  };
}

/** What the desk sees of an account; nothing in it can be used to sign in (R40). */
export function accountOf(sheet: AccountSheet, timeZone: string, locale: Locale): DeskAccount {
  const times = createTimes(timeZone);
  const { names, frozen, pass } = sheet;
  const name = locale === 'ja' ? (names.ja ?? names.en) : (names.en ?? names.ja);
  const held =
    frozen.changesUntil === undefined
      ? frozen.addressUntil && { what: 'address' as const, at: frozen.addressUntil }
      : { what: 'changes' as const, at: frozen.changesUntil };
  return {
    id: sheet.accountId,
    loginId: sheet.loginId,
    ...(name === undefined ? {} : { name }),
    kind: sheet.kind,
    active: sheet.status === 'active',
    privileged: sheet.privileged,
    roles: sheet.roles,
    enrolled: sheet.firstEnrolledAt !== undefined,
    ways: sheet.ways.map((way) => wayOf(way, times, locale)),
    recoveryCodes: sheet.recoverySheet,
    ...(held === undefined ? {} : { frozen: { what: held.what, until: times.moment(held.at, locale) } }),
    ...(pass === undefined
      ? {}
      : {
          pass: {
            caseId: pass.caseId,
            until: times.moment(pass.expiresAt, locale),
            claimed: pass.claimed,
          },
        }),
  };
}

function wayOf(way: WaySheet, times: Times, locale: Locale): DeskAccount['ways'][number] {
  const trouble = way.disabled ? 'disabled' : way.failing ? 'failing' : undefined;
  return {
    way: way.way,
    ...(way.address === undefined ? {} : { address: way.address }),
    since: times.day(way.since, locale),
    ...(way.lastUsedAt === undefined ? {} : { lastUsed: shortMoment(way.lastUsedAt, times, locale) }),
    ...(trouble === undefined ? {} : { trouble }),
  };
}

/** The configured names of a check; a method that is no longer configured is shown by its id. */
export function checkNames(
  settings: Pick<DeskSettings, 'identity_checks'>,
  check: { method: string; evidence: string },
  locale: Locale,
): { method: string; evidence: string } {
  const method = settings.identity_checks.find(({ id }) => id === check.method);
  const evidence = method?.evidence.find(({ id }) => id === check.evidence);
  return {
    method: method?.name[locale] ?? check.method,
    evidence: evidence?.name[locale] ?? check.evidence,
  };
}
