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
 * Keeps the tabs of one browser from taking its session from each other (S11). A request that was on its way while
 * another one gave the session a new identifier comes with the old one: the library would answer with a cookie of
 * an empty session, and the browser be signed out. And where a login only starts over nothing was proven, so the
 * identifier stays: restored tabs do that at the same moment.
 */
export function keepSessionAcrossTabs(provider: Provider): void {
  const model = provider.Session as unknown as SessionModel;
  const { get } = model;
  model.get = async function getOrNew(this: SessionModel, ctx): Promise<Session> {
    const session = await get.call(this, ctx);
    // What was stored has its end. The stand-in for one that is gone is as new as where there was no cookie.
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
