import { errors, type KoaContextWithOIDC } from 'oidc-provider';

/** The parts of a request that are read here. */
export interface AskedRequest {
  readonly method: string;
  get(header: string): string;
}

/**
 * How a browser makes a request:
 * - `navigation`: a user goes there and sees the answer. A request without Fetch Metadata counts as one: it
 *   comes from an older browser (Safari before 16.4) or from a program that is no browser.
 * - `speculation`: the browser loads a page in advance, and shows it if the user goes there.
 * - `part`: an image, a script, a script's call, a frame, or a link check. Nobody can sign in there: our
 *   pages are never shown in a frame.
 */
export function kindOfRequest(request: AskedRequest): 'navigation' | 'speculation' | 'part' {
  const destination = request.get('sec-fetch-dest');
  const told = request.get('sec-fetch-mode');
  // Node's own fetch sends "cors" with everything and no other header; a browser sends all of them or none.
  const mode = told === 'cors' && destination === '' && request.get('sec-fetch-site') === '' ? '' : told;
  const purpose = `${request.get('sec-purpose')} ${request.get('purpose')} ${request.get('x-moz')}`;
  // Only a navigation has the destination "document", even where the client (Node's fetch) sets its own mode.
  // A service worker that forwards a navigation leaves its destination empty.
  const navigates =
    request.method === 'GET' &&
    (destination === 'document' ||
      (destination === '' && (mode === 'navigate' || (mode === '' && !asksForPart(request)))) ||
      (destination === 'empty' && mode === 'navigate'));
  const early = /\b(prefetch|prerender)\b/.test(purpose);
  if (!early) return navigates ? 'navigation' : 'part';
  return navigates && mode === 'navigate' ? 'speculation' : 'part';
}

/** What browsers before Fetch Metadata send for an image, a font, a style sheet or a script's call. */
function asksForPart(request: AskedRequest): boolean {
  return (
    /^(?:image|audio|video|font)\/|^text\/css\b/i.test(request.get('accept')) ||
    request.get('x-requested-with').toLowerCase() === 'xmlhttprequest'
  );
}

/**
 * Refuses to begin a login that no user would see. Each login costs the browser four cookies and the database
 * a row, and a page of images behind single sign-on would displace the cookies of every other service of the
 * university. The service gets the answer of `prompt=none`. A page loaded in advance gets an error that
 * browsers discard: the service must not hear "nobody is signed in" from a page that is shown later.
 * @throws errors.LoginRequired, errors.ConsentRequired.
 */
export function refuseUnseen(ctx: KoaContextWithOIDC, prompt: string): void {
  const kind = kindOfRequest(ctx);
  if (kind === 'navigation') return;
  const Refused = prompt === 'consent' ? errors.ConsentRequired : errors.LoginRequired;
  const refused = new Refused('nobody would see the login: the request is no navigation of a browser');
  const toService = kind === 'part';
  const status = toService ? 303 : 403;
  throw Object.assign(refused, { allow_redirect: toService, status, statusCode: status, expose: true });
}
