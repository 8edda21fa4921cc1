import * as client from 'openid-client';
import { appCodeAt } from '../factors/app/code-value.ts';
import { createProbeBrowser, type ProbePage, type ProbeStop } from './probe-browser.ts';

export interface ProbeSettings {
  issuer: string;
  clientId: string;
  /** Absent for a public client. */
  clientSecret?: string;
  redirectUri: string;
  loginId: string;
  password: string;
  /** Base32; absent for a service that asks for no second factor. */
  totpSecret?: string;
  /** The `acr` that the ID token has to have. */
  expectedAcr: string;
  /** For each request. */
  timeoutMs: number;
}

export type ProbeStep = 'discovery' | 'authorize' | 'password' | 'code' | 'token' | 'userinfo';

export interface ProbeResult {
  ok: boolean;
  steps: { step: ProbeStep; ms: number }[];
  failed?: { step: ProbeStep; problem: string };
  /** Claims of the verified ID token; none of them is secret. */
  claims?: Readonly<Record<string, unknown>>;
}

/** A failed step, described for the operator without any secret. */
class ProbeFailure extends Error {}

function describePage(page: ProbePage): string {
  const fault = page.fault === undefined ? '' : `, which says ${page.fault}`;
  return page.name === ''
    ? `got status ${page.status} from ${page.url.pathname}, which is no page of Nijo`
    : `came to the page ${page.name}${fault} (status ${page.status})`;
}

// A URL or a body may contain a code or a token: only what is known to contain none is reported.
function problemOf(error: unknown): string {
  if (error instanceof ProbeFailure) return error.message;
  if (error instanceof client.AuthorizationResponseError || error instanceof client.ResponseBodyError) {
    return `the provider answered ${error.error}: ${error.error_description ?? ''}`;
  }
  // Client libraries wrap errors into "something went wrong": the root cause says why.
  let root: unknown = error;
  while (root instanceof Error && root.cause instanceof Error) root = root.cause;
  if (!(root instanceof Error)) return 'failed';
  if (root.name === 'TimeoutError') return 'got no answer in time';
  const { code } = root as { code?: unknown };
  return [typeof code === 'string' ? code : '', root.message].filter((part) => part !== '').join(' ');
}

const stepSeconds = 30;

/** Waits until the authenticator app would show its next code. */
async function nextTotpStep(): Promise<void> {
  const untilNext = stepSeconds * 1000 - (Date.now() % (stepSeconds * 1000));
  await new Promise((resolve) => {
    setTimeout(resolve, untilNext + 250);
  });
}

/**
 * Performs one whole login in the roles of the browser and of the service, and times each step. It
 * never throws: the result says what failed. The probe needs an account of its own, since each app
 * code counts once.
 */
export async function probeLogin(settings: ProbeSettings): Promise<ProbeResult> {
  const steps: ProbeResult['steps'] = [];
  let current: ProbeStep = 'discovery';
  let since = performance.now();
  const enter = (step: ProbeStep): void => {
    steps.push({ step: current, ms: Math.round((performance.now() - since) * 10) / 10 });
    current = step;
    since = performance.now();
  };
  try {
    const claims = await walk(settings, enter);
    enter(current);
    return { ok: true, steps, claims };
  } catch (error) {
    enter(current);
    return { ok: false, steps, failed: { step: current, problem: problemOf(error) } };
  }
}

async function walk(
  settings: ProbeSettings,
  enter: (step: ProbeStep) => void,
): Promise<Readonly<Record<string, unknown>>> {
  const { clientId, clientSecret, redirectUri, expectedAcr, timeoutMs } = settings;
  const issuer = new URL(settings.issuer);
  const provider = await client.discovery(
    issuer,
    clientId,
    clientSecret,
    clientSecret === undefined ? client.None() : client.ClientSecretBasic(clientSecret),
    {
      execute: [
        client.enableNonRepudiationChecks,
        ...(issuer.protocol === 'http:' ? [client.allowInsecureRequests] : []),
      ],
      timeout: timeoutMs / 1000,
    },
  );

  enter('authorize');
  const checks = {
    pkceCodeVerifier: client.randomPKCECodeVerifier(),
    expectedState: client.randomState(),
    expectedNonce: client.randomNonce(),
  };
  const browser = createProbeBrowser({ redirectUri, timeoutMs });
  const start = await browser.open(
    client.buildAuthorizationUrl(provider, {
      scope: 'openid',
      redirect_uri: redirectUri,
      state: checks.expectedState,
      nonce: checks.expectedNonce,
      code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
      code_challenge_method: 'S256',
    }),
  );
  const callback = await signIn(start, settings, enter);

  enter('token');
  const tokens = await client.authorizationCodeGrant(provider, callback, checks);
  const claims = tokens.claims();
  if (claims === undefined) throw new ProbeFailure('got no ID token');
  if (claims.acr !== expectedAcr) {
    throw new ProbeFailure(`the ID token says acr ${JSON.stringify(claims.acr)}, expected is ${expectedAcr}`);
  }

  enter('userinfo');
  await client.fetchUserInfo(provider, tokens.access_token, claims.sub);
  return claims;
}

const maxPages = 8;
const otherFactors: ReadonlySet<string> = new Set(['mail-code', 'passkey', 'recovery-code']);

/** Goes through the pages as they come, until the browser is sent back to the service. */
async function signIn(
  start: ProbeStop,
  settings: ProbeSettings,
  enter: (step: ProbeStep) => void,
): Promise<URL> {
  const { loginId, password, totpSecret } = settings;
  let stop = start;
  let triedPassword = false;
  let codes = 0;
  for (let pages = 0; pages < maxPages; pages += 1) {
    if ('callback' in stop) {
      const error = stop.callback.searchParams.get('error');
      if (error === null) return stop.callback;
      const description = stop.callback.searchParams.get('error_description') ?? '';
      throw new ProbeFailure(`the provider answered ${error}: ${description}`);
    }
    const { page } = stop;
    if (page.name === 'sign-in' && !triedPassword) {
      enter('password');
      triedPassword = true;
      stop = await page.submit({ login_id: loginId, password, action: 'continue' });
    } else if (page.name === 'app-code' && totpSecret !== undefined && codes < 2) {
      if (codes === 0) enter('code');
      // Another login in these 30 seconds has used the present code, which counts only once.
      else if (page.fault === 'code_used' || page.fault === 'code_wrong') await nextTotpStep();
      else throw new ProbeFailure(describePage(page));
      codes += 1;
      stop = await page.submit({
        code: appCodeAt(totpSecret, Math.floor(Date.now() / 1000)),
        action: 'continue',
      });
    } else if (otherFactors.has(page.name) && page.offers('use-app')) {
      stop = await page.submit({ action: 'use-app' });
    } else if (page.offers('skip')) {
      // The probe skips whatever users are offered now and then.
      stop = await page.submit({ action: 'skip' });
    } else if (page.name === 'consent') {
      stop = await page.submit({ action: 'continue' });
    } else {
      throw new ProbeFailure(describePage(page));
    }
  }
  throw new ProbeFailure(`was not sent back to the service after ${maxPages} pages`);
}
