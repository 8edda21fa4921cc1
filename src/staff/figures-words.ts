import type { DeskSettings } from '../config/sections/desk.ts';
import type { CaseReason, CaseState } from '../desk/cases/shapes.ts';
import type { CaseSource } from '../desk/figure-shapes.ts';
import { type Translate, translator } from '../i18n/translate.ts';

/** The words of the figures, for the page and for the file. */
export interface FigureWords {
  t: Translate;
  number(
    name:
      | 'cases'
      | 'passes'
      | 'twoPeople'
      | 'breakGlass'
      | 'filingToCheck'
      | 'checkToPass'
      | 'waiting'
      | 'oldest'
      | 'passesOut',
  ): string;
  state(state: CaseState): string;
  reason(reason: CaseReason): string;
  source(source: CaseSource): string;
  /** The configured name; a method that is no longer configured is shown by its id. */
  method(method: string | undefined): string;
  month(month: string): string;
  span(minutes: number): string;
}

const tags = { en: 'en-GB', ja: 'ja-JP' } as const;

export function figureWords(locale: 'en' | 'ja', checks: DeskSettings['identity_checks']): FigureWords {
  const t = translator(locale);
  const monthFormat = new Intl.DateTimeFormat(tags[locale], {
    year: 'numeric',
    month: 'long',
    timeZone: 'UTC',
  });
  return {
    t,
    number: (name) => t(`figures.${name}`),
    state: (state) => t(`desk.state.${state}`),
    reason: (reason) => t(`desk.reason.${reason}`),
    source: (source) => t(`figures.source.${source}`),
    method: (method) =>
      method === undefined
        ? t('figures.method.none')
        : (checks.find(({ id }) => id === method)?.name[locale] ?? method),
    month: (month) => monthFormat.format(new Date(`${month}-01T00:00:00Z`)),
    span: (minutes) => spanInWords(t, Math.round(minutes)),
  };
}

function spanInWords(t: Translate, minutes: number): string {
  if (minutes < 1) return t('desk.justNow');
  if (minutes < 60) return t('figures.minutes', { minutes });
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return t('figures.hours', { hours, minutes: minutes % 60 });
  return t('figures.days', { days: Math.floor(hours / 24), hours: hours % 24 });
}
