import { randomBytes } from 'node:crypto';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { pathOf } from '../endpoints.ts';
import type { ServiceName } from '../../login/ports.ts';
import type { OidcPages, SignOutTrouble } from '../pages.ts';

const names = ['end_session', 'end_session_confirm', 'end_session_success'];
const routes: ReadonlySet<string> = new Set(names);
const paths: ReadonlySet<string> = new Set(names.map(pathOf));

/** What is needed to explain the error. */
export interface SignOutHelp {
  pages: OidcPages;
  nameOf: (clientId: string) => Promise<ServiceName>;
  /** Ids of the keys that are published now. */
  keyIds: readonly string[];
}

/** What was wrong with a service's sign-out request, from the library's own error. */
function troubleOf(
  ctx: KoaContextWithOIDC,
  error: Error,
  keyIds: readonly string[],
): { trouble: SignOutTrouble; refused: boolean } {
  const { error: code, error_description: description } = error as Error & Record<string, unknown>;
  // The service is disabled or removed: its request is not at fault.
  if (code === 'invalid_client') return { trouble: 'service', refused: false };
  if (String(description).startsWith('post_logout_redirect_uri')) return { trouble: 'return', refused: true };
  return { trouble: 'hint', refused: !isOfRetiredKey(ctx, error, keyIds) };
}

// Our key ids are long and of plain characters; a forged id of another form is refused as a forgery.
const keyId = /^[\w-]{16,}$/;

/** Whether a hint names a key that is no longer published, as the hint of an old sign-in does. */
function isOfRetiredKey(ctx: KoaContextWithOIDC, error: Error, keyIds: readonly string[]): boolean {
  const { cause } = error as Error & { cause?: { code?: unknown } };
  if (cause?.code !== 'ERR_JWKS_NO_MATCHING_KEY') return false;
  const { IdTokenHint: hint } = ctx.oidc.entities as {
    IdTokenHint?: { header?: { alg?: unknown; kid?: unknown } };
  };
  const { alg, kid } = hint?.header ?? {};
  return /^(RS|ES)256$/.test(String(alg)) && keyId.test(String(kid)) && !keyIds.includes(String(kid));
}

/**
 * A sign-out never ends in an error with the user still signed in (R58): the page says what is wrong with the
 * service's request, still offers to sign out, and the user stays on our pages afterwards.
 * @returns false where this is no such request: the error's own page is shown.
 */
export async function offerSignOut(
  ctx: KoaContextWithOIDC,
  error: Error,
  { pages, nameOf, keyIds }: SignOutHelp,
): Promise<boolean> {
  const { route, session, client } = ctx.oidc as Partial<KoaContextWithOIDC['oidc']>;
  if (!routes.has(route ?? '') || ctx.status >= 500) return false;
  const { trouble, refused } = troubleOf(ctx, error, keyIds);
  const status = refused ? ctx.status : 200;
  if (session?.accountId === undefined || route === 'end_session_success') {
    await pages.signedOut(ctx, route === 'end_session' ? { trouble } : {});
    ctx.status = route === 'end_session' ? status : 200;
    return true;
  }
  // An outdated form gets a page of its own that says so and links back to the question.
  if (route !== 'end_session') return false;
  const secret = randomBytes(24).toString('hex');
  session.state = { secret, ...(client === undefined ? {} : { clientId: client.clientId }) };
  await session.persist();
  await pages.signOut(ctx, {
    formAction: ctx.oidc.urlFor('end_session_confirm'),
    xsrf: secret,
    trouble,
    ...(client === undefined ? {} : { service: await nameOf(client.clientId) }),
  });
  ctx.status = status;
  return true;
}

/** The addresses of a sign-out are opened in a browser, whatever its Accept header says. */
export function answerSignOutsByPage() {
  return async (ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> => {
    if (paths.has(ctx.path)) ctx.req.headers.accept = 'text/html';
    await next();
  };
}
