import { createHmac } from 'node:crypto';
import type { Localised } from '../i18n/locale.ts';
import type { DemoServiceSettings } from './demo-service.ts';
import { loopback } from './local-server.ts';

/** One of the trial's two services, as they are declared and as they run. */
interface TrialService {
  clientId: string;
  /** Added to the identity provider's port. */
  portOffset: number;
  secondFactor: 'required' | 'off';
  name: Localised;
}

export const importantService: TrialService = {
  clientId: 'demo-important',
  portOffset: 1,
  secondFactor: 'required',
  name: { en: 'Grades (important)', ja: '成績システム（重要）' },
};

export const ordinaryService: TrialService = {
  clientId: 'demo-ordinary',
  portOffset: 3,
  secondFactor: 'off',
  name: { en: 'Library (ordinary)', ja: '図書館（通常）' },
};

export const mailboxPortOffset = 2;

const services = [importantService, ordinaryService];

const addressOf = (service: TrialService, port: number): string =>
  `http://${loopback}:${port + service.portOffset}`;

// The same at every start, and unknown to anyone without the data folder.
function secretOf(service: TrialService, secret: string): string {
  return createHmac('sha256', secret).update(`trial client ${service.clientId}`).digest('base64url');
}

/** The services' clients, as `nijo clients apply` takes them. */
export function serviceDeclarations(port: number, secret: string): unknown[] {
  return services.map((service) => {
    const address = addressOf(service, port);
    return {
      client_id: service.clientId,
      client_secret: secretOf(service, secret),
      client_name: service.name.en,
      'client_name#ja': service.name.ja,
      client_uri: `${address}/`,
      redirect_uris: [`${address}/callback`],
      post_logout_redirect_uris: [`${address}/`],
      second_factor: service.secondFactor,
      scope: 'openid profile email',
    };
  });
}

/** What each service needs to run. */
export function serviceSettings(port: number, secret: string): DemoServiceSettings[] {
  return services.map((service) => {
    const other = service === importantService ? ordinaryService : importantService;
    return {
      clientId: service.clientId,
      clientSecret: secretOf(service, secret),
      issuer: `http://${loopback}:${port}`,
      port: port + service.portOffset,
      name: service.name,
      other: { name: other.name, url: addressOf(other, port) },
    };
  });
}
