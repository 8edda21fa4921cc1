import type { ServiceName } from '../../login/ports.ts';
import type { ClientMetadata } from './metadata.ts';

/** A client's name in each language (`client_name`, `client_name#ja`); its id where it has no name. */
export function serviceNameOf(clientId: string, settings: ClientMetadata | undefined): ServiceName {
  const name = settings?.client_name ?? clientId;
  return { en: settings?.['client_name#en'] ?? name, ja: settings?.['client_name#ja'] ?? name };
}
