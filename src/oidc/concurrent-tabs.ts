import Provider from 'oidc-provider';

interface Session {
  exp?: number;
  resetIdentifier: (this: Session) => void;
}
interface SessionModel {
  prototype: Session;
  get: (this: SessionModel, ctx: unknown) => Promise<Session>;
}

/**
 * Lets the tabs of one browser share its session (S11). A request in flight while another request gives the
 * session a new identifier carries the old one. The library would answer it with the cookie of an empty
 * session, which signs the browser out. A login that only starts over proves nothing, so it keeps the
 * identifier: restored tabs start over at the same moment.
 */
export function keepSessionAcrossTabs(provider: Provider): void {
  const model = provider.Session as unknown as SessionModel;
  const { get } = model;
  model.get = async function getOrNew(this: SessionModel, ctx): Promise<Session> {
    const session = await get.call(this, ctx);
    // Only a stored session has `exp`. A stand-in for a missing session is as new as without a cookie.
    if (session.exp === undefined) Object.defineProperty(session, 'new', { value: true });
    return session;
  };
  const { resetIdentifier } = model.prototype;
  model.prototype.resetIdentifier = function resetWhereProven(this: Session): void {
    const result = Provider.ctx?.oidc.entities.Interaction?.result;
    const startsOver = result !== undefined && result.login === undefined && result.consent === undefined;
    if (!startsOver) resetIdentifier.call(this);
  };
}
