import Provider, { type Adapter, type AdapterPayload, type KoaContextWithOIDC } from 'oidc-provider';

/** What the outer application knows about the requesting browser, from cookies that nobody else can set. */
export interface RequestingBrowser {
  /** The digest of the browser's own secret; undefined when it has none. */
  digestOf(ctx: KoaContextWithOIDC): string | undefined;
  /** The same, but creates the secret when there is none. */
  ensureDigest(ctx: KoaContextWithOIDC): string;
  /** Whether this browser finished the pages of this login. */
  mayResume(ctx: KoaContextWithOIDC, uid: string): boolean;
  /** Deletes what our pages have left of this login in the browser. */
  forgetLogin(ctx: KoaContextWithOIDC, uid: string): void;
}

/** What the login's pages record with a result: the browser in which the user gave it. */
export interface ResultOfBrowser {
  browser?: string;
}

/**
 * Lets the provider find a login only in the browser that finished it. The provider looks up a login only to
 * resume it, and reads only its cookie. Whatever address, method or spelling was used, this check sees the
 * login that the provider would act on. In another browser it is not found, and nothing is used up.
 */
export function findOnlyOwnLogins(adapter: Adapter, browser: RequestingBrowser): Adapter {
  return {
    ...adapter,
    async find(id) {
      const payload = await adapter.find(id);
      // Outside the provider's own routes there is no context: our pages have checks of their own.
      const ctx = Provider.ctx;
      if (payload === undefined || ctx === undefined) return payload;
      return isOwn(ctx, id, payload, browser) ? payload : undefined;
    },
  };
}

function isOwn(
  ctx: KoaContextWithOIDC,
  uid: string,
  payload: AdapterPayload,
  browser: RequestingBrowser,
): boolean {
  const digest = browser.digestOf(ctx);
  const { browser: provenBy } = (payload.result ?? {}) as ResultOfBrowser;
  const { uid: inPath } = ctx.params as { uid?: unknown };
  return digest !== undefined && digest === provenBy && inPath === uid && browser.mayResume(ctx, uid);
}
