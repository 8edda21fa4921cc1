import { expect } from '@jest/globals';
import type { Answer } from './user-agent.ts';

/** What a page's policy says, by directive. */
export function policyOf(answer: Answer): Map<string, string[]> {
  const policy = answer.headers['content-security-policy'];
  if (typeof policy !== 'string') throw new Error('no policy, or more than one');
  return new Map(
    policy.split(/;\s*/).map((directive): [string, string[]] => {
      const [name = '', ...sources] = directive.split(' ');
      return [name, sources];
    }),
  );
}

/**
 * The headers of C24, exactly, on an answer that a browser shows.
 * @param options.formLeadsAway whether the answer to the page's form may lead on to a service: browsers
 *   apply `form-action` to every redirect after it, so such a page has none (S9).
 */
export function expectPageHeaders(
  answer: Answer,
  options: { https: boolean; formLeadsAway?: boolean },
): void {
  const { headers } = answer;
  expect({
    type: headers['content-type'],
    nosniff: headers['x-content-type-options'],
    referrer: headers['referrer-policy'],
    frames: headers['x-frame-options'],
    opener: headers['cross-origin-opener-policy'],
    cache: headers['cache-control'],
    powered: headers['x-powered-by'],
    server: headers.server,
  }).toEqual({
    type: 'text/html; charset=utf-8',
    nosniff: 'nosniff',
    referrer: 'no-referrer',
    frames: 'DENY',
    opener: 'same-origin',
    cache: 'no-store',
    powered: undefined,
    server: undefined,
  });
  const transport = /^max-age=(\d+)/.exec(String(headers['strict-transport-security'] ?? ''))?.[1];
  if (options.https) expect(Number(transport)).toBeGreaterThanOrEqual(31_536_000);
  else expect(transport).toBeUndefined();

  const policy = policyOf(answer);
  const script = policy.get('script-src') ?? [];
  expect(policy.get('default-src')).toEqual(["'none'"]);
  expect(policy.get('frame-ancestors')).toEqual(["'none'"]);
  expect(policy.get('base-uri')).toEqual(["'none'"]);
  expect(policy.get('style-src')).toEqual(["'self'"]);
  expect(policy.get('img-src')).toEqual(["'self'", 'data:']);
  expect(policy.get('form-action')).toEqual(options.formLeadsAway === true ? undefined : ["'self'"]);
  expect(script).toEqual(["'self'"]);
  expect([...policy.keys()].toSorted()).toEqual([
    'base-uri',
    'default-src',
    ...(options.formLeadsAway === true ? [] : ['form-action']),
    'frame-ancestors',
    'img-src',
    'script-src',
    'style-src',
  ]);
}

/** Nothing on the page is loaded from anywhere else, and nothing runs that the policy would have to allow. */
export function expectNothingForeign({ html, body }: Answer): void {
  for (const element of html.querySelectorAll('[src], link[href]')) {
    const address = element.getAttribute('src') ?? element.getAttribute('href') ?? '';
    expect(address).toMatch(/^\/assets\//);
  }
  expect(
    html.querySelectorAll('[style], style, [onclick], [onload], [onerror], [onsubmit], iframe, object'),
  ).toEqual([]);
  expect(body).not.toMatch(/javascript:/i);
}
