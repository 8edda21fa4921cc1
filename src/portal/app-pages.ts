import { NijoError } from '../base/errors.ts';
import type { PortalDependencies } from './dependencies.ts';
import { used } from './front-page.ts';
import { codeIn, faultOfProof } from './outcomes.ts';
import { createTimes } from '../i18n/times.ts';
import {
  chromeOf,
  type Decision,
  frontPath,
  go,
  type PortalPage,
  redirect,
  type Shown,
  type Submission,
  redisplay,
  type PageRequest,
} from './visit.ts';
import { longestDeviceName, readDeviceName } from '../factors/device-name.ts';
import type { AppKey } from '../pages/shared.ts';

/**
 * "Add an app" on the front page is a link. It creates a secret that counts for nothing until it is proven;
 * the page that shows it has its own URL, so that a reload, or a sign-in in between, returns to the same
 * QR code.
 */
export const appBeginning: PortalPage = {
  path: '/account/app',
  fresh: true,
  async show(dependencies, visit) {
    // A HEAD request that checks the link creates nothing.
    if (visit.ctx.method !== 'GET') return;
    const { id } = await dependencies.secondFactor.changes.beginApp(visit.changer);
    redirect(visit.ctx, `/account/app/${id}`);
  },
};

/** The QR code and the first correct code of a further app (R21, R25). */
export const appPage: PortalPage = {
  path: '/account/app/:id',
  fresh: true,
  async show(dependencies, visit, shown) {
    const key = await keyOf(dependencies, visit, shown);
    dependencies.responder.page(visit.ctx, 'set-up-app', key, chromeOf(dependencies, visit, shown));
  },
  submit: (dependencies, visit) => confirm(dependencies, visit, undefined),
};

/** As `appBeginning`. The earliest app frees its place, so the limit of devices does not block it (R27). */
export const newPhoneBeginning: PortalPage = {
  path: '/account/new-phone',
  fresh: true,
  async show(dependencies, visit) {
    if (visit.ctx.method !== 'GET') return;
    const [first] = visit.overview.apps;
    // Without an earlier app there is nothing to replace: this is the first one.
    if (first === undefined) return redirect(visit.ctx, appBeginning.path);
    const { id } = await dependencies.secondFactor.changes.beginApp(visit.changer, first.id);
    redirect(visit.ctx, `/account/new-phone/${id}`);
  },
};

/** "I have a new phone and the old one still works": one change adds the new app and removes the old one. */
export const newPhonePage: PortalPage = {
  path: '/account/new-phone/:id',
  fresh: true,
  async show(dependencies, visit, shown) {
    const { locale, overview } = visit;
    const times = createTimes(dependencies.timeZone);
    const key = await keyOf(dependencies, visit, shown);
    const apps = overview.apps.map((app) => ({ id: app.id, name: app.name, ...used(app, times, locale) }));
    dependencies.responder.page(
      visit.ctx,
      'account-new-phone',
      // A single old app is the one that is removed; of several, the user chooses.
      {
        ...key,
        apps,
        replaces: shown.typed?.get('replaces') ?? (apps.length === 1 ? (apps[0]?.id ?? '') : 'none'),
      },
      chromeOf(dependencies, visit, shown),
    );
  },
  submit(dependencies, visit) {
    const replaces = visit.form.get('replaces');
    return confirm(dependencies, visit, replaces === 'none' ? undefined : replaces);
  },
};

async function confirm(
  dependencies: PortalDependencies,
  visit: Submission,
  replaces: string | undefined,
): Promise<Decision> {
  if (visit.action !== 'continue') return redisplay('action_unknown');
  const name = readDeviceName(visit.form.get('device_name'), dependencies.defaultDeviceName(visit.locale));
  if (name === undefined) return redisplay('device_name_too_long', 'device_name', { max: longestDeviceName });
  const code = codeIn(visit.form, 6);
  if ('fault' in code) return { kind: 'stay', fault: code.fault };
  const { changes } = dependencies.secondFactor;
  const proof = await changes.confirmApp(visit.changer, visit.params.id ?? '', code.digits, name, replaces);
  // Used up by this change: the second request of a double click finds it done.
  const fault = proof.outcome === 'used' ? undefined : faultOfProof(proof);
  if (fault !== undefined) return { kind: 'stay', fault };
  return go(frontPath, replaces === undefined ? 'app-added' : 'app-replaced');
}

async function keyOf(dependencies: PortalDependencies, visit: PageRequest, shown: Shown): Promise<AppKey> {
  const key = await dependencies.secondFactor.changes.app(visit.changer, visit.params.id ?? '');
  if (key === undefined) throw new NijoError('change_expired');
  return {
    secret: key.secret,
    secretGrouped: key.secret.replace(/(.{4})(?=.)/g, '$1 '),
    otpauthUrl: key.otpauthUrl,
    qrSvg: await dependencies.qrSvg(key.otpauthUrl),
    deviceName: shown.typed?.get('device_name') ?? dependencies.defaultDeviceName(visit.locale),
  };
}
