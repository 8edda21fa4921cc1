import { createHash, randomBytes } from 'node:crypto';
import { createSealer } from '../base/sealing.ts';
import { isLocale, type Locale } from '../i18n/locale.ts';
import { negotiateLocale } from '../i18n/negotiate.ts';
import { type DemoService, failedPage, whoAmIPage } from './demo-pages.ts';
import { demoTexts } from './demo-texts.ts';
import {
  json,
  type LocalAnswer,
  type LocalRequest,
  type LocalSite,
  redirect,
  serveLocally,
} from './local-server.ts';
import {
  createRelyingParty,
  type LoginStarted,
  protocolError,
  type RelyingParty,
  type SignedIn,
} from './relying-party.ts';

export interface DemoServiceSettings extends DemoService {
  /** Its OAuth client ID, which is also the name of its cookie: cookies do not distinguish ports. */
  clientId: string;
  clientSecret: string;
  issuer: string;
  /** 0 lets the system choose. */
  port: number;
}

/** What a service may ask for with the login it starts (OpenID Connect Core §3.1.2.1). */
const passedThrough = ['acr_values', 'prompt', 'max_age', 'ui_locales', 'login_hint', 'claims'];
const kept = 1000;
const mostUnfinished = 5;

/** Adds an entry and drops the oldest one beyond `kept`, so that a demo left running stays small. */
function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > kept && oldest !== undefined) map.delete(oldest);
}

/** A cookie that lives as long as the browser; an empty value ends it. */
function cookie(name: string, value: string): string {
  return `${name}=${value}; Path=/; HttpOnly; SameSite=Lax${value === '' ? '; Max-Age=0' : ''}`;
}

/**
 * A service that signs its users in through the identity provider: a real relying party, for the
 * trial and for tests. It can start before the provider. Its sessions live in memory.
 */
export async function startDemoService(settings: DemoServiceSettings): Promise<LocalSite> {
  const { clientId, clientSecret, issuer, port } = settings;
  const sessions = new Map<string, SignedIn>();
  // The state of an unfinished login is in a sealed cookie of its browser, so that the login survives a
  // restart of the trial. Each login has its own cookie, so that logins begun in two tabs can both finish.
  const sealer = createSealer([{ id: 'demo', secret: clientSecret }]);
  const loginCookie = `${clientId}-login-`;
  const cookieOf = (state: string): string =>
    `${loginCookie}${createHash('sha256').update(state).digest('base64url').slice(0, 16)}`;
  const languageCookie = 'demo-language';

  const localeOf = ({ url, cookies, headers }: LocalRequest): Locale =>
    negotiateLocale({
      query: url.searchParams.get('lang') ?? undefined,
      cookie: cookies.get(languageCookie),
      acceptLanguage: headers['accept-language'],
      fallback: 'en',
    });

  const sessionOf = ({ cookies }: LocalRequest): SignedIn | undefined =>
    sessions.get(cookies.get(clientId) ?? '');

  function failed(request: LocalRequest, status: number, error: string, description: string): LocalAnswer {
    return { status, body: failedPage(settings, localeOf(request), { error, description }) };
  }

  function home(request: LocalRequest): LocalAnswer {
    const locale = localeOf(request);
    const chosen = isLocale(request.url.searchParams.get('lang'));
    return {
      headers: chosen ? { 'set-cookie': cookie(languageCookie, locale) } : {},
      body: whoAmIPage(settings, locale, sessionOf(request)),
    };
  }

  async function signIn(request: LocalRequest): Promise<LocalAnswer> {
    const asked = passedThrough.flatMap((name) => {
      const value = request.url.searchParams.get(name);
      return value === null ? [] : [[name, value] as const];
    });
    // A user who chose a language here sees the login pages in it.
    const language = request.cookies.get(languageCookie);
    const parameters = {
      ...(isLocale(language) ? { ui_locales: language } : {}),
      ...Object.fromEntries(asked),
    };
    let started: LoginStarted;
    try {
      started = await party.start(parameters);
    } catch {
      const words = demoTexts[localeOf(request)].unreachable(issuer);
      return failed(request, 503, 'temporarily_unavailable', words);
    }
    const unfinished = [...request.cookies.keys()].filter((name) => name.startsWith(loginCookie));
    return redirect(started.address, [
      ...unfinished.slice(0, -mostUnfinished).map((name) => cookie(name, '')),
      cookie(
        cookieOf(started.state),
        sealer.seal(JSON.stringify({ ...started, address: '' }), clientId).toString('base64url'),
      ),
    ]);
  }

  function loginIn(sealed: string | undefined): LoginStarted | undefined {
    if (sealed === undefined) return undefined;
    try {
      return JSON.parse(sealer.open(Buffer.from(sealed, 'base64url'), clientId).toString()) as LoginStarted;
    } catch {
      return undefined;
    }
  }

  async function callback(request: LocalRequest): Promise<LocalAnswer> {
    const text = demoTexts[localeOf(request)];
    const state = request.url.searchParams.get('state') ?? '';
    const name = cookieOf(state);
    const started = loginIn(request.cookies.get(name));
    // Somebody else's login must not end in this browser (OAuth's state, RFC 9700 §4.7).
    if (started?.state !== state) return failed(request, 400, 'login_unknown', text.unknown);
    const ended = cookie(name, '');
    try {
      const session = randomBytes(16).toString('base64url');
      remember(sessions, session, await party.finish(request.url, started));
      sessions.delete(request.cookies.get(clientId) ?? '');
      return redirect('/', [cookie(clientId, session), ended]);
    } catch (error) {
      const told = protocolError(error);
      const reason = error instanceof Error ? error.message : String(error);
      const page =
        told === undefined
          ? failed(request, 400, 'not_verified', `${text.unverified} (${reason})`)
          : failed(request, 400, told.error, told.description);
      return { ...page, headers: { 'set-cookie': ended } };
    }
  }

  async function signOut(request: LocalRequest): Promise<LocalAnswer> {
    const signedIn = sessionOf(request);
    if (signedIn === undefined) return redirect('/');
    sessions.delete(request.cookies.get(clientId) ?? '');
    // Whatever the provider does, the user is signed out of this service.
    const address = await party.signOutAddress(signedIn.idToken).catch(() => '/');
    return redirect(address, [cookie(clientId, '')]);
  }

  async function answer(request: LocalRequest): Promise<LocalAnswer> {
    switch (`${request.method === 'HEAD' ? 'GET' : request.method} ${request.url.pathname}`) {
      case 'GET /':
        return home(request);
      case 'GET /sign-in':
        return signIn(request);
      case 'GET /callback':
        return callback(request);
      case 'GET /session.json': {
        const signedIn = sessionOf(request);
        return signedIn === undefined ? json({ error: 'not_signed_in' }, 401) : json(signedIn.claims);
      }
      case 'GET /sign-out':
      case 'POST /sign-out':
        return signOut(request);
      default:
        return failed(request, 404, 'not_found', request.url.pathname);
    }
  }

  const site = await serveLocally(port, answer);
  const party: RelyingParty = createRelyingParty({ issuer, clientId, clientSecret, url: site.url });
  return site;
}
