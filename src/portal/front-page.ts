import { shownAddress } from '../factors/mail/address.ts';
import type { Overview } from '../factors/enrolled/overview.ts';
import type { AccountFrontPage, Standing } from '../pages/account.ts';
import { openingShown } from '../pages/support.ts';
import type { PortalDependencies } from './dependencies.ts';
import { takeFlash } from './done.ts';
import { createTimes, type Times } from '../i18n/times.ts';
import { chromeOf, frontPath, type PortalPage } from './visit.ts';

/** At this number of recovery codes or fewer, the page asks for new ones. */
const fewCodes = 3;

/** Notices for which the support centre can help: their words name it. */
const leadsToCentre: ReadonlySet<Standing['kind']> = new Set(['frozen', 'address-frozen', 'app-only']);

/** What is set up, since when, last used; one clear action for each. */
export const frontPage: PortalPage = {
  path: frontPath,
  fresh: false,
  async show(dependencies, visit, shown) {
    const { ctx, locale, overview } = visit;
    const done = takeFlash(dependencies.cookies, ctx);
    const staff = await dependencies.staffHomeOf(overview.account.id);
    const front = frontOf(overview, createTimes(dependencies.timeZone), locale, dependencies.secondFactor);
    const asks = front.standing.some(({ kind }) => leadsToCentre.has(kind));
    dependencies.responder.page(
      ctx,
      'account',
      {
        ...front,
        ...(asks ? { opening: openingShown(await dependencies.opening(), locale) } : {}),
        ...(staff === undefined ? {} : { staff }),
      },
      {
        ...chromeOf(dependencies, visit, shown, 'link'),
        ...(done === undefined || shown.fault !== undefined ? {} : { notice: done }),
      },
    );
  },
};

function frontOf(
  overview: Overview,
  times: Times,
  locale: 'en' | 'ja',
  { passkeys, recoveryCodes }: Pick<PortalDependencies['secondFactor'], 'passkeys' | 'recoveryCodes'>,
): AccountFrontPage {
  const { mail, recoveryCodes: sheet } = overview;
  return {
    standing: standingOf(overview, times, locale),
    ...(mail === undefined
      ? {}
      : { mail: { address: shownAddress(mail.address), ...used(mail, times, locale) } }),
    apps: overview.apps.map((app) => ({ id: app.id, name: app.name, ...used(app, times, locale) })),
    // Existing ones can be viewed and removed even where no more can be added.
    ...(passkeys.available || overview.passkeys.length > 0
      ? {
          passkeys: overview.passkeys.map((passkey) => ({
            id: passkey.id,
            name: passkey.name,
            backedUp: passkey.backedUp,
            ...used(passkey, times, locale),
          })),
        }
      : {}),
    passkeysOffered: passkeys.available,
    recoveryCodesOffered: recoveryCodes.available,
    ...(sheet === undefined
      ? {}
      : {
          recoveryCodes: {
            number: sheet.number,
            left: sheet.left,
            since: times.day(sheet.createdAt, locale),
          },
        }),
    trustedBrowsers: overview.trustedBrowsers.length,
    timeZone: times.timeZone,
  };
}

/** Since when it is set up and when it was last used, in words. */
export function used(
  thing: { provenAt: Date; lastUsedAt?: Date },
  times: Times,
  locale: 'en' | 'ja',
): { since: string; lastUsed?: string } {
  return {
    since: times.day(thing.provenAt, locale),
    ...(thing.lastUsedAt === undefined ? {} : { lastUsed: times.moment(thing.lastUsedAt, locale) }),
  };
}

/** Notices that stay until the user acts on them, the most urgent first. */
export function standingOf(overview: Overview, times: Times, locale: 'en' | 'ja'): Standing[] {
  const { mail, apps, frozen, recoveryCodes: sheet } = overview;
  const standing: Standing[] = [];
  if (frozen.changesUntil !== undefined)
    standing.push({ kind: 'frozen', params: { until: times.moment(frozen.changesUntil, locale) } });
  else if (frozen.addressUntil !== undefined)
    standing.push({ kind: 'address-frozen', params: { until: times.moment(frozen.addressUntil, locale) } });
  if (mail?.disabled === true) standing.push({ kind: 'mail-disabled', params: {}, to: '/account/mail' });
  if (overview.appsDisabled) standing.push({ kind: 'apps-disabled', params: {}, to: '/account/new-phone' });
  if (mail?.failing === true)
    standing.push({
      kind: 'address-failing',
      params: { address: shownAddress(mail.address) },
      to: '/account/mail',
    });
  // Stays until there is an address (R23, R24).
  if (mail === undefined && apps.length > 0)
    standing.push({ kind: 'app-only', params: {}, to: '/account/mail' });
  else if (onlyOneWay(overview)) standing.push({ kind: 'one-way', params: {}, to: '/account/app' });
  if (sheet !== undefined && sheet.left <= fewCodes)
    standing.push({
      kind: sheet.left === 0 ? 'codes-none' : 'codes-few',
      params: { left: sheet.left },
      to: '/account/recovery-codes',
    });
  return standing;
}

/** One lost phone or one full mailbox away from losing access (D9). */
export function onlyOneWay(overview: Overview): boolean {
  const working = overview.ways.filter((way) => way !== 'recovery-code');
  const codes = overview.recoveryCodes?.left ?? 0;
  return working.length + (codes > 0 ? 1 : 0) <= 1 && overview.apps.length <= 1;
}
