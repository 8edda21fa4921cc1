import { NijoError } from '../base/errors.ts';
import { faultOfProof } from './outcomes.ts';
import { chromeOf, type Decision, frontPath, go, type PortalPage, redisplay } from './visit.ts';
import { longestDeviceName, readDeviceName } from '../factors/device-name.ts';

/**
 * A passkey is created and named on one page. Viewing the page creates a challenge and changes nothing else;
 * the script sends the browser's answer, and without a script the page says what to do.
 */
export const passkeyPage: PortalPage = {
  path: '/account/passkey',
  fresh: true,

  async show(dependencies, visit, shown) {
    const { id, options } = await dependencies.secondFactor.passkeys.registerOptions(visit.changer);
    const deviceName = shown.typed?.get('device_name') ?? visit.changer.device;
    const model = { options, change: id, deviceName };
    dependencies.responder.page(visit.ctx, 'account-passkey', model, chromeOf(dependencies, visit, shown));
  },

  async submit({ secondFactor }, { form, action, changer }): Promise<Decision> {
    if (action !== 'continue') return redisplay('action_unknown');
    const name = readDeviceName(form.get('device_name'), changer.device.slice(0, longestDeviceName));
    if (name === undefined)
      return redisplay('device_name_too_long', 'device_name', { max: longestDeviceName });
    const answer = form.get('passkey') ?? '';
    if (answer === '') return redisplay('passkey_unsupported');
    const outcome = await secondFactor.passkeys.register(changer, form.get('change') ?? '', answer, name);
    if (outcome === 'registered') return go(frontPath, 'passkey-added');
    return redisplay(outcome === 'expired' ? 'change_expired' : 'passkey_refused');
  },
};

/** One of the factors that can be tried at once (D9). */
export const passkeyCheckPage: PortalPage = {
  path: '/account/check-passkey',
  fresh: true,

  async show(dependencies, visit, shown) {
    if (visit.overview.passkeys.length === 0) throw new NijoError('factor_unknown');
    const options = await dependencies.secondFactor.passkeys.checkOptions(visit.changer);
    dependencies.responder.page(
      visit.ctx,
      'account-check-passkey',
      { options },
      chromeOf(dependencies, visit, shown),
    );
  },

  async submit({ secondFactor }, { form, action, changer }): Promise<Decision> {
    if (action !== 'continue') return redisplay('action_unknown');
    const answer = form.get('passkey') ?? '';
    if (answer === '') return redisplay('passkey_unsupported');
    const proof = await secondFactor.passkeys.check(changer, answer);
    if (proof.outcome === 'wrong' || proof.outcome === 'expired') return redisplay('passkey_refused');
    const fault = faultOfProof(proof);
    return fault === undefined ? go('/account/check', 'checked-passkey') : { kind: 'stay', fault };
  },
};
