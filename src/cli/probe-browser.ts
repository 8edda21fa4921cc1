import { type HTMLElement, parse } from 'node-html-parser';
import { CookieJar } from 'tough-cookie';

/** A page of the identity provider, read by the names that the page contract promises. */
export interface ProbePage {
  /** `<main data-page>`; empty for a page that is not ours. */
  name: string;
  url: URL;
  status: number;
  /** Code of the error shown (`data-fault`), or of the error page (`data-error`). */
  fault: string | undefined;
  /** Submits the page's form with its own hidden fields and these. */
  submit(fields: Readonly<Record<string, string>>): Promise<ProbeStop>;
  /** Whether the form offers this `action`. */
  offers(action: string): boolean;
}

/** Where the browser has arrived: a page, or the service's own address. */
export type ProbeStop = { page: ProbePage } | { callback: URL };

/** Keeps cookies and follows redirects as a browser does, and stops at the service's address. */
export interface ProbeBrowser {
  open(url: URL): Promise<ProbeStop>;
}

export interface ProbeBrowserSettings {
  /** The service's redirect URI: the browser stops there and never requests it. */
  redirectUri: string;
  /** For each request. */
  timeoutMs: number;
}

const maxRedirects = 20;

export function createProbeBrowser({ redirectUri, timeoutMs }: ProbeBrowserSettings): ProbeBrowser {
  const jar = new CookieJar();
  const service = new URL(redirectUri);

  async function request(start: URL, body?: URLSearchParams, from?: URL): Promise<ProbeStop> {
    let url = start;
    let form = body;
    for (let redirects = 0; redirects <= maxRedirects; redirects += 1) {
      if (url.origin === service.origin && url.pathname === service.pathname) return { callback: url };
      const response = await fetch(url, {
        method: form === undefined ? 'GET' : 'POST',
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutMs),
        headers: {
          cookie: await jar.getCookieString(url.href),
          accept: 'text/html',
          'user-agent': 'nijo probe',
          // As a browser sends them with a form of the provider's own page.
          ...(from === undefined ? {} : { origin: from.origin, 'sec-fetch-site': 'same-origin' }),
        },
        ...(form === undefined ? {} : { body: form }),
      });
      for (const cookie of response.headers.getSetCookie()) {
        await jar.setCookie(cookie, url.href, { ignoreError: true });
      }
      const location = response.headers.get('location');
      if (location === null) return { page: pageOf(url, response.status, await response.text()) };
      await response.body?.cancel();
      url = new URL(location, url);
      form = undefined;
    }
    throw new Error(`was redirected more than ${maxRedirects} times`);
  }

  function pageOf(url: URL, status: number, text: string): ProbePage {
    const main = parse(text).querySelector('main[data-page]');
    const form = main?.querySelector('form');
    return {
      name: main?.getAttribute('data-page') ?? '',
      url,
      status,
      fault:
        main?.querySelector('[data-fault]')?.getAttribute('data-fault') ??
        main?.querySelector('[data-error]')?.getAttribute('data-error'),
      offers: (action) => (form?.querySelector(`button[name="action"][value="${action}"]`) ?? null) !== null,
      submit: async (fields) => {
        if (form === null || form === undefined) throw new Error('the page has no form');
        const target = new URL(form.getAttribute('action') ?? url.href, url);
        return request(target, new URLSearchParams({ ...hiddenFields(form), ...fields }), url);
      },
    };
  }

  return { open: (url) => request(url) };
}

function hiddenFields(form: HTMLElement): Record<string, string> {
  return Object.fromEntries(
    form
      .querySelectorAll('input[type="hidden"][name]')
      .map((input) => [input.getAttribute('name') ?? '', input.getAttribute('value') ?? '']),
  );
}
