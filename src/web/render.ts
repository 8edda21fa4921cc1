import { join } from 'node:path';
import { addressRule } from '../i18n/address-rule.ts';
import { localBranding, type Branding, type LocalBranding } from '../i18n/branding.ts';
import { otherLocale, type Locale } from '../i18n/locale.ts';
import { compileTemplates } from '../i18n/templates.ts';
import { translator, type Translate } from '../i18n/translate.ts';
import { accountHeadings, accountPagesWithForm } from '../pages/account-headings.ts';
import type { AssetUrls } from './assets.ts';
import { faultView, type FaultView } from '../pages/fault-view.ts';
import type { Chrome, PageModels, PageName } from '../pages/pages.ts';
import { staffHeadings, staffPagesWithForm } from '../pages/staff-headings.ts';
import { supportHeadings, supportPagesWithForm } from '../pages/support.ts';

export type { Branding } from '../i18n/branding.ts';

export interface RendererOptions {
  /** The folder that holds `layout.eta`, `pages/` and `parts/`. */
  viewsFolder: string;
  assets: { urls: AssetUrls };
  branding: Branding;
}

export interface Renderer {
  /** A whole HTML document. Throws only for an error in a template or catalogue. */
  page<N extends PageName>(name: N, model: PageModels[N], chrome: Chrome): string;
}

/** What a template sees as `it`. */
interface View<N extends PageName> {
  page: N;
  model: PageModels[N];
  chrome: Chrome;
  t: Translate;
  brand: LocalBranding;
  /** Words in both languages, for what is printed in both. */
  languages: Readonly<Record<Locale, { t: Translate; brand: LocalBranding }>>;
  assets: AssetUrls;
  heading: string;
  title: string;
  fault: FaultView | undefined;
  toggle: Toggle;
  /** The rule on addresses, in its only wording (R50). */
  addressRule: typeof addressRule;
  qr: typeof safeQr;
}

/** The language toggle: a submit button of the page's form, or a link where there is no such form. */
interface Toggle {
  locale: Locale;
  inForm: boolean;
  href: string;
}

const names: Readonly<Record<Locale, string>> = { en: 'English', ja: '日本語' };

export function createRenderer(options: RendererOptions): Renderer {
  const { viewsFolder, assets, branding } = options;
  const render = compileTemplates([viewsFolder, join(viewsFolder, 'pages'), join(viewsFolder, 'parts')]);
  const languages = {
    en: { t: translator('en'), brand: localBranding(branding, 'en') },
    ja: { t: translator('ja'), brand: localBranding(branding, 'ja') },
  };

  return {
    page: (name, model, chrome) => {
      const { t, brand } = languages[chrome.locale];
      const fault = faultView(t, chrome.fault, model);
      const heading = headingOf(name, model, chrome, t, brand);
      const titleKey = fault === undefined ? 'common.pageTitle' : 'common.pageTitleFault';
      const view: View<typeof name> = {
        page: name,
        model,
        chrome,
        t,
        brand,
        languages,
        assets: assets.urls,
        heading,
        title: t(titleKey, { page: heading, organisation: brand.organisation }),
        fault,
        toggle: toggleOf(name, chrome),
        addressRule,
        qr: safeQr,
      };
      const body = render(name, view);
      return render('layout', { ...view, body, languageNames: names });
    },
  };
}

/** The pages whose form is our own and posts to the page's URL. */
const pagesWithForm: ReadonlySet<PageName> = new Set<PageName>([
  'sign-in',
  'mail-code',
  'app-code',
  'set-up-mail',
  'set-up-mail-code',
  'set-up-app-only',
  'set-up-app',
  'recovery-code',
  'passkey',
  'reset',
  'reset-done',
  'set-up-pass',
  'confirm-address',
  'codes-low',
  'consent',
  ...accountPagesWithForm,
  ...staffPagesWithForm,
  ...supportPagesWithForm,
]);

function toggleOf(name: PageName, chrome: Chrome): Toggle {
  const locale = otherLocale(chrome.locale);
  const separator = chrome.url.includes('?') ? '&' : '?';
  // Shown once and in both languages: the page contains the words of both, and nothing is requested again.
  if (name === 'desk-pass') return { locale, inForm: false, href: `#pass-${locale}` };
  if (name === 'continue') return { locale, inForm: false, href: `#continue-${locale}` };
  return {
    locale,
    // A button without a form does nothing: a page without a form gets the link.
    inForm: chrome.languageToggle === 'form' && pagesWithForm.has(name),
    href: `${chrome.url}${separator}lang=${locale}`,
  };
}

/** The heading of a page, which is also the first part of its title. */
function headingOf<N extends PageName>(
  name: N,
  model: PageModels[N],
  chrome: Chrome,
  t: Translate,
  brand: LocalBranding,
): string {
  const headings: { readonly [P in PageName]: (model: PageModels[P]) => string } = {
    'sign-in': () => t('signIn.title'),
    'mail-code': ({ minutesLeft }) => t(minutesLeft > 0 ? 'mailCode.title' : 'mailCode.titleUnsent'),
    'app-code': () => t('appCode.title'),
    'recovery-code': () => t('recoveryCode.title'),
    passkey: () => t('passkey.title'),
    reset: () => t('reset.title'),
    'reset-done': () => t('resetDone.title'),
    'confirm-address': () => t('confirmAddress.title'),
    'codes-low': ({ left }) => t('codesLow.title', { left }),
    'set-up-mail': ({ skippable, own }) => {
      if (own !== undefined)
        return t(own.present === undefined ? 'accountMail.titleAdd' : 'accountMail.titleChange');
      return t(skippable === true ? 'offerMail.title' : 'setUpMail.title');
    },
    'set-up-mail-code': ({ minutesLeft }) =>
      t(minutesLeft > 0 ? 'setUpMailCode.title' : 'mailCode.titleUnsent'),
    'set-up-pass': () => t('setUpPass.title'),
    'set-up-app-only': () => t('setUpAppOnly.title'),
    'set-up-app': ({ skippable }) => t(skippable === true ? 'offerApp.title' : 'setUpApp.title'),
    consent: () =>
      chrome.service === undefined
        ? t('consent.titlePlain')
        : t('consent.title', { service: chrome.service }),
    'sign-out': () => t('signOut.title'),
    'signed-out': () => t('signedOut.title'),
    continue: () =>
      chrome.service === undefined
        ? t('continue.titlePlain')
        : t('continue.title', { service: chrome.service }),
    'not-me': () => t('notMe.title'),
    'not-me-done': ({ reach }) => t(reach === 'code' ? 'notMeDone.titleCode' : 'notMeDone.title'),
    error: ({ code }) => t(`errors.${code}.title`),
    home: () => t('home.title', { organisation: brand.organisation }),
    ...accountHeadings(t),
    ...staffHeadings(t),
    ...supportHeadings(t),
  };
  return headings[name](model);
}

/**
 * The QR code is the only markup from outside the templates: only one `<svg>` of `<path>`s is accepted, so
 * that an error elsewhere cannot put a script on the page.
 */
function safeQr(svg: string): string {
  const attribute = `\\s+[\\w:-]+="[^"<>]*"`;
  const shape = `<(?:path|rect)(?:${attribute})*\\s*(?:/>|></(?:path|rect)>)`;
  if (!new RegExp(`^\\s*<svg(?:${attribute})*\\s*>(?:\\s*${shape})*\\s*</svg>\\s*$`).test(svg)) {
    throw new Error('the QR code is not a plain SVG');
  }
  if (/\s(?:on\w+|style|href|[\w]+:href)=/i.test(svg)) throw new Error('the QR code is not plain');
  return svg;
}
