import type { Configuration } from '../config/schema.ts';
import type { Branding } from '../i18n/branding.ts';
import type { Locale } from '../i18n/locale.ts';
import { weekInWords } from '../i18n/opening.ts';

/** The operator's own words for pages and mails; the opening hours come from the desk's calendar (R51). */
export function brandingOf({ branding, desk, mail }: Configuration): Branding {
  const { name, place, telephone } = branding.support_centre;
  const hours = (locale: Locale): string => weekInWords(desk.hours, locale, desk.holidays);
  return {
    organisation: branding.organisation,
    loginIdLabel: branding.login_id_label,
    inquiryUrl: branding.inquiry_url,
    supportCentre: {
      name,
      hours: { en: hours('en'), ja: hours('ja') },
      ...(place === undefined ? {} : { place }),
      ...(telephone === undefined ? {} : { telephone }),
    },
    mailSender: mail.from_address,
  };
}
