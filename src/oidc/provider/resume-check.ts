import Provider, { type Adapter, type AdapterPayload, type KoaContextWithOIDC } from 'oidc-provider';

/** What the outer application knows of the browser that asks, by the cookies that nobody else can set. */
export interface RequestingBrowser {
  /** The digest of the browser's own secret; undefined when it has none. */
  digestOf(ctx: KoaContextWithOIDC): string | undefined;
  /** The same; makes the secret when there is none. */
  ensureDigest(ctx: KoaContextWithOIDC): string;
  /** Whether this browser finished the pages of this login. */
  mayResume(ctx: KoaContextWithOIDC, uid: string): boolean;
  /** Takes away what our pages have left of this login in the browser. */
  forgetLogin(ctx: KoaContextWithOIDC, uid: string): void;
}

/** What the login's pages record beside a result: whose browser it was proven, consented or cancelled in. */
export interface ResultOfBrowser {
  browser?: string;
}

/**
 * Lets the provider find a login only in the browser that finished it. The provider looks a login up for one
 * reason, to go on with it, and goes by its cookie alone: whatever address, method or spelling led there, what
 * is compared here is the very login that it would act on. It is not found otherwise, and nothing is used up.
 */
export function findOnlyOwnLogins(adapter: Adapter, browser: RequestingBrowser): Adapter {
  return {
    ...adapter,
    async find(id) {
      const payload = await adapter.find(id);
      // Outside of the provider's own routes there is no context: our pages have checks of their own.
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
