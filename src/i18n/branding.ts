import type { Locale, Localised } from './locale.ts';

/** The operator's own words: pages and mails take every name, hour and link from here. */
export interface Branding {
  organisation: Localised;
  /** What people call the ID they sign in with, such as "ECS-ID / SPS-ID". */
  loginIdLabel: Localised;
  inquiryUrl: Localised;
  supportCentre: {
    name: Localised;
    hours: Localised;
    /** Where the desk is, and its telephone, where the operator gives them. */
    place?: Localised;
    telephone?: string;
  };
  /** The name of the sign-in itself, such as "Single sign-on"; stands beside the organisation. */
  issuerName?: Localised;
  /** The address mails come from, named where a user must let it through a filter. */
  mailSender?: string;
  /** Where a forgotten ID or password is helped; without it the sign-in page names the inquiry form. */
  passwordHelpUrl?: Localised;
}

/** The same words in one language. */
export interface LocalBranding {
  organisation: string;
  loginIdLabel: string;
  inquiryUrl: string;
  centre: string;
  hours: string;
  place: string | undefined;
  telephone: string | undefined;
  issuerName: string | undefined;
  mailSender: string | undefined;
  passwordHelpUrl: string | undefined;
}

export function localBranding(branding: Branding, locale: Locale): LocalBranding {
  return {
    organisation: branding.organisation[locale],
    loginIdLabel: branding.loginIdLabel[locale],
    inquiryUrl: branding.inquiryUrl[locale],
    centre: branding.supportCentre.name[locale],
    hours: branding.supportCentre.hours[locale],
    place: branding.supportCentre.place?.[locale],
    telephone: branding.supportCentre.telephone,
    issuerName: branding.issuerName?.[locale],
    mailSender: branding.mailSender,
    passwordHelpUrl: branding.passwordHelpUrl?.[locale],
  };
}
