import { NijoError } from '../base/errors.ts';
import { maskAddress, shownAddress } from '../factors/mail/address.ts';
import { codePageOf } from './address-pages.ts';
import { takeFlash } from './done.ts';
import { onlyOneWay } from './front-page.ts';
import { codeIn, faultOfProof, faultOfSending } from './outcomes.ts';
import { createTimes } from '../i18n/times.ts';
import { chromeOf, go, type PortalPage, redisplay } from './visit.ts';

const path = '/account/check';

/** "Check my ways now" (D9): each factor is tried at once, and nothing changes. */
export const checkPage: PortalPage = {
  path,
  fresh: true,
  async show(dependencies, visit, shown) {
    const { ctx, locale, overview } = visit;
    const { mail, apps, passkeys, recoveryCodes: sheet } = overview;
    const times = createTimes(dependencies.timeZone);
    const latest = (things: readonly { lastUsedAt?: Date }[]): { lastUsed?: string } => {
      const at = Math.max(...things.map(({ lastUsedAt }) => lastUsedAt?.getTime() ?? 0), 0);
      return at === 0 ? {} : { lastUsed: times.moment(new Date(at), locale) };
    };
    const done = takeFlash(dependencies.cookies, ctx);
    dependencies.responder.page(
      ctx,
      'account-check',
      {
        ...(mail === undefined ? {} : { mail: { address: shownAddress(mail.address), ...latest([mail]) } }),
        ...(apps.length === 0 ? {} : { app: { names: apps.map(({ name }) => name), ...latest(apps) } }),
        passkeys: passkeys.length,
        passkeysTried: dependencies.secondFactor.passkeys.available,
        ...(sheet === undefined ? {} : { recoveryCodes: { number: sheet.number, left: sheet.left } }),
        onlyOne: onlyOneWay(overview),
      },
      {
        ...chromeOf(dependencies, visit, shown, 'link'),
        ...(done === undefined || shown.fault !== undefined ? {} : { notice: done }),
      },
    );
  },
  async submit(dependencies, visit) {
    const { changes } = dependencies.secondFactor;
    if (visit.action === 'use-mail') {
      const { id, sent } = await changes.beginMailCheck(visit.changer);
      const fault = sent.outcome === 'too-soon' ? undefined : faultOfSending(sent);
      return fault === undefined ? go(`${path}/${id}`) : { kind: 'stay', fault };
    }
    if (visit.action !== 'continue') return redisplay('action_unknown');
    const code = codeIn(visit.form, 6);
    if ('fault' in code) return { kind: 'stay', fault: code.fault };
    const proof = await changes.checkApp(visit.changer, code.digits);
    // A code that was just used, at the sign-in or by a double click, also shows that the app works.
    const fault = proof.outcome === 'used' ? undefined : faultOfProof(proof);
    return fault === undefined ? go(path, 'checked-app') : { kind: 'stay', fault };
  },
};

/** The code that was mailed to test the address. */
export const checkCodePage: PortalPage = {
  path: `${path}/:id`,
  fresh: true,
  async show(dependencies, visit, shown) {
    const awaited = await dependencies.secondFactor.changes.mail(visit.changer, visit.params.id ?? '');
    if (awaited === undefined) throw new NijoError('change_expired');
    const page = codePageOf(awaited);
    dependencies.responder.page(
      visit.ctx,
      'account-check-code',
      { ...page, address: maskAddress(page.address) },
      chromeOf(dependencies, visit, shown),
    );
  },
  async submit(dependencies, visit) {
    const { changes } = dependencies.secondFactor;
    const id = visit.params.id ?? '';
    if (visit.action === 'resend') {
      const fault = faultOfSending(await changes.resendMail(visit.changer, id));
      return fault === undefined ? go(visit.ctx.path) : { kind: 'stay', fault };
    }
    if (visit.action !== 'continue') return redisplay('action_unknown');
    const code = codeIn(visit.form, 8);
    if ('fault' in code) return { kind: 'stay', fault: code.fault };
    const proof = await changes.confirmMailCheck(visit.changer, id, code.digits);
    const fault = proof.outcome === 'used' ? undefined : faultOfProof(proof);
    return fault === undefined ? go(path, 'checked-mail') : { kind: 'stay', fault };
  },
};
