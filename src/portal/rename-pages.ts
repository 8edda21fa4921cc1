import { NijoError } from '../base/errors.ts';
import { chromeOf, frontPath, go, type PortalPage, redisplay, type PageRequest } from './visit.ts';
import { longestDeviceName, readDeviceName } from '../factors/device-name.ts';

function renamePage(way: 'app' | 'passkey'): PortalPage {
  const nameOf = ({ overview, params }: PageRequest): string => {
    const things = way === 'app' ? overview.apps : overview.passkeys;
    const found = things.find(({ id }) => id === params.id);
    if (found === undefined) throw new NijoError('factor_unknown');
    return found.name;
  };
  return {
    path: `/account/rename/${way}/:id`,
    fresh: true,
    async show(dependencies, visit, shown) {
      const name = nameOf(visit);
      dependencies.responder.page(
        visit.ctx,
        'account-rename',
        { way, name, deviceName: shown.typed?.get('device_name') ?? name },
        chromeOf(dependencies, visit, shown),
      );
    },
    async submit(dependencies, visit) {
      if (visit.action !== 'continue') return redisplay('action_unknown');
      // An empty name keeps the present one.
      const name = readDeviceName(visit.form.get('device_name'), nameOf(visit));
      if (name === undefined)
        return redisplay('device_name_too_long', 'device_name', { max: longestDeviceName });
      await dependencies.secondFactor.changes.rename(visit.changer, way, visit.params.id ?? '', name);
      return go(frontPath, 'renamed');
    },
  };
}

export const renameAppPage = renamePage('app');
export const renamePasskeyPage = renamePage('passkey');
