import { shownAddress, shownDomain } from '../factors/mail/address.ts';
import { NijoError } from '../base/errors.ts';
import type { AwaitedCode } from '../factors/changes/changer.ts';
import { codeIn, faultOfProof, faultOfSending } from './outcomes.ts';
import { chromeOf, frontPath, go, type PortalPage, redisplay } from './visit.ts';
import type { MailCodePage } from '../pages/shared.ts';

/** Adds or changes an address: the present one stays until the new one is proven (R18, R24). */
export const addressPage: PortalPage = {
  path: '/account/mail',
  fresh: true,
  async show(dependencies, visit, shown) {
    const { mail, frozen } = visit.overview;
    // Shown before anything is typed (R37, D11).
    if (shown.fault === undefined && frozen.changesUntil !== undefined) throw new NijoError('changes_frozen');
    if (shown.fault === undefined && frozen.addressUntil !== undefined) throw new NijoError('address_frozen');
    dependencies.responder.page(
      visit.ctx,
      'set-up-mail',
      {
        email: shown.typed?.get('email') ?? '',
        appOffered: false,
        forbidden: dependencies.forbidden.map((rule) => ({
          domain: rule.domain,
          includeSubdomains: rule.include_subdomains,
          label: rule.label,
        })),
        own: mail === undefined ? {} : { present: shownAddress(mail.address) },
      },
      chromeOf(dependencies, visit, shown),
    );
  },
  async submit(dependencies, visit) {
    if (visit.action !== 'continue') return redisplay('action_unknown');
    try {
      const { id, sent } = await dependencies.secondFactor.changes.beginMail(
        visit.changer,
        visit.form.get('email'),
      );
      // `too-soon` means that a concurrent request (a double click) has just sent it.
      const fault = sent.outcome === 'too-soon' ? undefined : faultOfSending(sent);
      return fault === undefined ? go(`/account/mail/${id}`) : { kind: 'stay', fault };
    } catch (error) {
      if (error instanceof NijoError && error.code.startsWith('address_') && error.code !== 'address_frozen')
        return redisplay(error.code, 'email', error.details);
      throw error;
    }
  },
};

/** The code that proves the new address. */
export const addressCodePage: PortalPage = {
  path: '/account/mail/:id',
  fresh: true,
  async show(dependencies, visit, shown) {
    const awaited = await dependencies.secondFactor.changes.mail(visit.changer, visit.params.id ?? '');
    if (awaited === undefined) throw new NijoError('change_expired');
    dependencies.responder.page(
      visit.ctx,
      'set-up-mail-code',
      { ...codePageOf(awaited), own: true },
      chromeOf(dependencies, visit, shown),
    );
  },
  async submit(dependencies, visit) {
    const { changes } = dependencies.secondFactor;
    const id = visit.params.id ?? '';
    if (visit.action === 'change-address') return go(addressPage.path);
    if (visit.action === 'resend') {
      const fault = faultOfSending(await changes.resendMail(visit.changer, id));
      return fault === undefined ? go(visit.ctx.path) : { kind: 'stay', fault };
    }
    if (visit.action !== 'continue') return redisplay('action_unknown');
    const code = codeIn(visit.form, 8);
    if ('fault' in code) return { kind: 'stay', fault: code.fault };
    const proof = await changes.confirmMail(visit.changer, id, code.digits);
    // Used up by this change: the second request of a double click finds it done.
    if (proof.outcome === 'used') return go(frontPath, 'mail-added');
    const fault = faultOfProof(proof);
    if (fault !== undefined) return { kind: 'stay', fault };
    return go(frontPath, visit.overview.mail === undefined ? 'mail-added' : 'mail-changed');
  },
};

/** What the page that waits for a mailed code says about it. */
export function codePageOf(awaited: AwaitedCode): MailCodePage {
  const { delivery } = awaited;
  return {
    address: shownAddress(awaited.address),
    reference: awaited.reference,
    minutesLeft: awaited.open ? Math.max(1, awaited.minutesLeft) : 0,
    delivery: delivery?.state ?? 'sending',
    ...(delivery?.domain === undefined ? {} : { deliveryDomain: shownDomain(delivery.domain) }),
    resendInSeconds: awaited.resendInSeconds,
    otherWays: [],
  };
}
