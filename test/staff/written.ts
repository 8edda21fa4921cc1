import { roles as allRoles, type Role } from '../../src/desk/actor.ts';
import { signedInPath, staffRoutes } from '../../src/staff/routes.ts';
import type { UserAgent } from '../support/user-agent.ts';

/** Who may do what, written down a second time: a change of the table in the program shows here. */
export const written: Record<string, readonly Role[]> = {
  'GET /desk': ['desk', 'desk-lead', 'auditor'],
  'POST /desk': ['desk', 'desk-lead'],
  'GET /desk/accounts/:id': ['desk', 'desk-lead'],
  'POST /desk/accounts/:id': ['desk', 'desk-lead'],
  'GET /desk/cases/:id': ['desk', 'desk-lead', 'auditor'],
  'POST /desk/cases/:id': ['desk', 'desk-lead'],
  'GET /desk/closed': ['desk-lead', 'auditor'],
  'GET /desk/figures': ['desk-lead', 'auditor', 'operator'],
  'GET /desk/figures.csv': ['desk-lead', 'auditor', 'operator'],
  'GET /desk/trail': ['desk-lead', 'auditor'],
  'GET /operator': ['operator'],
  'GET /operator/calendar': ['operator', 'desk-lead'],
  'POST /operator/calendar': ['operator', 'desk-lead'],
};

/** Every route there is, as the router has them: one that is added is tried with the others. */
export const routes = staffRoutes({} as never)
  .stack.filter(({ path }) => path !== signedInPath)
  .flatMap(({ path, methods }) =>
    methods.filter((method) => method !== 'HEAD').map((method) => `${method} ${String(path)}`),
  );
export const paths = [...new Set(routes.map((route) => route.split(' ')[1] ?? ''))];

/** No role, each alone, every pair. */
export const combinations: readonly (readonly Role[])[] = [
  [],
  ...allRoles.map((role) => [role]),
  ...allRoles.flatMap((one, index) => allRoles.slice(index + 1).map((other) => [one, other])),
];
export const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** What would be an act, if it were let in. */
export const forms: Record<string, Record<string, string>> = {
  '/desk': { action: 'search', login_id: 'mail1' },
  '/desk/accounts/:id': { action: 'open', reason: 'lost-device' },
  '/desk/cases/:id': { action: 'check', check: 'in-person:university-card', note: 'seen', seen: '1' },
  '/operator/calendar': { action: 'continue', day: '2099-01-05', name_en: 'Closed', name_ja: '休み' },
};

/** One request of the matrix, in a word: `sign in`, the fault's code, or else the status. */
export async function ask(
  browser: UserAgent,
  method: string,
  path: string,
  to: { real: (path: string) => string; token: string },
): Promise<string> {
  const form = method === 'POST' ? { ...(forms[path] ?? { action: 'continue' }), csrf: to.token } : undefined;
  const answer = await browser.request(to.real(path), form === undefined ? { method } : { form });
  const { location } = answer.headers;
  if (answer.status === 303 && typeof location === 'string' && location.startsWith('/authorize?'))
    return 'sign in';
  return method === 'HEAD' ? String(answer.status) : (answer.fault ?? String(answer.status));
}

/** Whether the door stood open: what the page itself then says does not matter here. */
export function letIn(outcome: string): boolean {
  const shut = [
    'sign in',
    'staff_role_missing',
    'staff_factor_needed',
    'method_not_allowed',
    '403',
    '404',
    '405',
  ];
  return !shut.includes(outcome);
}
