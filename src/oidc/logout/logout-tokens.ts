import type Provider from 'oidc-provider';
import type { UnitsOfWork } from '../storage/units.ts';

/**
 * All uses of the library's unpublished back-channel logout functions are in this file. The library makes and
 * signs the token, with the subject that the service knows (pairwise where configured), and sends it through
 * `guardedFetch`.
 */
interface TellableClient {
  clientId: string;
  backchannelLogoutUri?: string;
  backchannelLogout: (this: TellableClient, accountId: string, sid: string | undefined) => Promise<void>;
}

/**
 * Sends logout notifications after the commit and not during the request: a service that is slow, faulty or
 * unreachable delays nobody (A50), and no service is notified of a sign-out that then fails.
 */
export function deferLogoutTokens(provider: Provider, units: UnitsOfWork): void {
  const prototype = provider.Client.prototype as unknown as TellableClient;
  const send = prototype.backchannelLogout;
  if (typeof (send as unknown) !== 'function')
    throw new Error('the provider sends logout tokens in another way now');
  prototype.backchannelLogout = async function (accountId, sid) {
    const unit = units.current();
    if (unit === undefined) await send.call(this, accountId, sid);
    else unit.queueLogout({ accountId, clientId: this.clientId, sid });
  };
}

/**
 * Notifies a service that a session is over. Not for use inside a unit of work.
 * @returns false when there is no such service, or it does not want notifications.
 * @throws when the notification failed: no answer within 2.5 seconds, or a status other than 200 or 204.
 */
export async function sendLogoutToken(
  provider: Provider,
  clientId: string,
  accountId: string,
  sid: string | undefined,
): Promise<boolean> {
  const client = (await provider.Client.find(clientId)) as unknown as TellableClient | undefined;
  if (client?.backchannelLogoutUri === undefined) return false;
  await client.backchannelLogout(accountId, sid);
  return true;
}
