import { errors, type KoaContextWithOIDC } from 'oidc-provider';

/** What is read of a request. */
export interface AskedRequest {
  readonly method: string;
  get(header: string): string;
}

/**
 * How a browser asks:
 * - `navigation`: somebody goes there, and will see what is answered. Whoever does not say otherwise is taken for
 *   one: browsers before Fetch Metadata (Safari before 16.4) and everything that is no browser.
 * - `speculation`: a page is loaded before anybody has gone there, and shown if somebody does.
 * - `part`: an image, a script, a call of a script, a frame, or a check of a link. Nobody can sign in there: our
 *   pages are shown in no frame.
 */
export function kindOfRequest(request: AskedRequest): 'navigation' | 'speculation' | 'part' {
  const destination = request.get('sec-fetch-dest');
  const told = request.get('sec-fetch-mode');
  // Node's own fetch says "cors" of everything, and nothing else; a browser says all of it or nothing.
  const mode = told === 'cors' && destination === '' && request.get('sec-fetch-site') === '' ? '' : told;
  const purpose = `${request.get('sec-purpose')} ${request.get('purpose')} ${request.get('x-moz')}`;
  // Only a navigation has the destination "document", also where the client (Node's fetch) writes a mode of its own.
  // A service worker that hands a navigation on calls its destination empty.
  const navigates =
    request.method === 'GET' &&
    (destination === 'document' ||
      (destination === '' && (mode === 'navigate' || (mode === '' && !asksForPart(request)))) ||
      (destination === 'empty' && mode === 'navigate'));
  const early = /\b(prefetch|prerender)\b/.test(purpose);
  if (!early) return navigates ? 'navigation' : 'part';
  return navigates && mode === 'navigate' ? 'speculation' : 'part';
}

/** What browsers before Fetch Metadata send with an image, a font or a style sheet, and scripts with their calls. */
function asksForPart(request: AskedRequest): boolean {
  return (
    /^(?:image|audio|video|font)\/|^text\/css\b/i.test(request.get('accept')) ||
    request.get('x-requested-with').toLowerCase() === 'xmlhttprequest'
  );
}

/**
 * Refuses to begin a login that nobody would see: each costs the browser four cookies and the database a row, and a
 * page of images behind single sign-on used to push out the cookies of every other service of the university. The
 * service is answered as `prompt=none` would be. A page loaded in advance is answered by an error that browsers
 * throw away: the service must not be told that nobody is signed in by a page that is shown to somebody later.
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
