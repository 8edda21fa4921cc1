import { randomBytes } from 'node:crypto';
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
  /** Its OAuth client, which is also the name of its cookie: cookies do not know ports. */
  clientId: string;
  clientSecret: string;
  issuer: string;
  /** 0 lets the system choose. */
  port: number;
}

/** What a service may ask for with the login it starts (OpenID Connect Core §3.1.2.1). */
const passedThrough = ['acr_values', 'prompt', 'max_age', 'ui_locales', 'login_hint', 'claims'];
const kept = 1000;

/** A map that forgets its oldest entries, so that a demo left running stays small. */
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
 * trial and for tests. It starts also while the provider is not up. Its sessions live in memory.
 */
export async function startDemoService(settings: DemoServiceSettings): Promise<LocalSite> {
  const { clientId, clientSecret, issuer, port } = settings;
  const sessions = new Map<string, SignedIn>();
  // By state and not by browser, so that logins begun in two tabs can both end.
  const logins = new Map<string, LoginStarted & { browser: string }>();
  const browserCookie = `${clientId}-login`;
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
    // A user who chose a language here meets the login pages in it.
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
    const browser = request.cookies.get(browserCookie) ?? randomBytes(16).toString('base64url');
    remember(logins, started.state, { ...started, browser });
    return redirect(started.address, [cookie(browserCookie, browser)]);
  }

  async function callback(request: LocalRequest): Promise<LocalAnswer> {
    const text = demoTexts[localeOf(request)];
    const state = request.url.searchParams.get('state') ?? '';
    const started = logins.get(state);
    // Somebody else's login must not end in this browser (OAuth's state, RFC 9700 §4.7).
    if (started === undefined || started.browser !== request.cookies.get(browserCookie)) {
      return failed(request, 400, 'login_unknown', text.unknown);
    }
    logins.delete(state);
    try {
      const session = randomBytes(16).toString('base64url');
      remember(sessions, session, await party.finish(request.url, started));
      sessions.delete(request.cookies.get(clientId) ?? '');
      return redirect('/', [cookie(clientId, session)]);
    } catch (error) {
      const told = protocolError(error);
      if (told !== undefined) return failed(request, 400, told.error, told.description);
      const reason = error instanceof Error ? error.message : String(error);
      return failed(request, 400, 'not_verified', `${text.unverified} (${reason})`);
    }
  }

  async function signOut(request: LocalRequest): Promise<LocalAnswer> {
    const signedIn = sessionOf(request);
    if (signedIn === undefined) return redirect('/');
    sessions.delete(request.cookies.get(clientId) ?? '');
    // Whatever the provider does, this service has let the user go.
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
