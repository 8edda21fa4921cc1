import { z } from 'zod';
import { acrValues } from '../../factors/assurance.ts';
import { releasableClaims, scopeNames } from '../claims.ts';
import { isBuiltIn } from './first-party.ts';
import { redirectUri, typeFaultOf, webUrl } from './redirect-uri.ts';

/** An address of the service: https, or http on this machine for development. */
const serviceUrl = z
  .string()
  .max(2000)
  .refine((value) => webUrl(value) !== undefined, 'must be https:// (or http:// on loopback)')
  .refine((value) => !value.includes('#'), 'must have no fragment')
  .refine((value) => {
    const url = webUrl(value);
    return url === undefined || (url.username === '' && url.password === '');
  }, 'must hold no user name and no password');

const printable = /^[\x20-\x7e]+$/;
const name = z.string().trim().min(1).max(100);

/** RFC 7591 and OpenID Connect Registration names, and Nijo's own below. Unknown names are rejected. */
const fields = {
  client_id: z
    .string()
    .min(1)
    .max(200)
    .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces')
    .refine((id) => !isBuiltIn(id), 'is reserved for pages of ours, which are built in'),
  client_name: name,
  'client_name#en': name.optional(),
  'client_name#ja': name.optional(),
  client_secret: z
    .string()
    .min(32, 'is shorter than 32 characters: leave it out to have one made')
    .max(500)
    .regex(printable, 'must be printable ASCII')
    .optional(),
  client_uri: serviceUrl.optional(),
  logo_uri: serviceUrl.optional(),
  policy_uri: serviceUrl.optional(),
  tos_uri: serviceUrl.optional(),
  initiate_login_uri: serviceUrl.optional(),
  application_type: z.enum(['web', 'native']).default('web'),
  redirect_uris: z.array(redirectUri).min(1, 'must name at least one address').max(50),
  post_logout_redirect_uris: z.array(redirectUri).max(50).default([]),
  response_types: z
    .array(z.enum(['code', 'none']))
    .min(1)
    .default(['code']),
  grant_types: z.array(z.enum(['authorization_code', 'refresh_token'])).optional(),
  response_modes: z
    .array(z.enum(['query', 'form_post']))
    .min(1)
    .optional(),
  token_endpoint_auth_method: z
    .enum(['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'])
    .default('client_secret_basic'),
  token_endpoint_auth_signing_alg: z.enum(['RS256', 'PS256', 'ES256']).optional(),
  jwks: z.looseObject({ keys: z.array(z.looseObject({ kty: z.string() })).min(1) }).optional(),
  jwks_uri: serviceUrl.optional(),
  scope: z
    .string()
    .refine(
      (value) => value.split(' ').every((scope) => scopeNames.includes(scope)),
      `can only name ${scopeNames.join(', ')}`,
    )
    .refine((value) => value.split(' ').includes('openid'), 'must contain openid')
    .optional(),
  subject_type: z.enum(['public', 'pairwise']).default('public'),
  sector_identifier_uri: serviceUrl.optional(),
  id_token_signed_response_alg: z.enum(['RS256', 'ES256']).default('RS256'),
  default_max_age: z.int().min(0).optional(),
  default_acr_values: z.array(z.enum(Object.values(acrValues))).optional(),
  require_auth_time: z.boolean().optional(),
  require_pushed_authorization_requests: z.boolean().optional(),
  backchannel_logout_uri: serviceUrl.optional(),
  backchannel_logout_session_required: z.boolean().optional(),
  contacts: z.array(z.email()).max(20).default([]),
  // Nijo's own.
  second_factor: z.enum(['required', 'optional', 'off']).default('required'),
  trusted_browser_days: z.int().min(0).max(30).default(0),
  passkey_sign_in: z.boolean().optional(),
  consent: z.enum(['implicit', 'explicit']).default('implicit'),
  claims: z.array(z.enum(releasableClaims)).optional(),
  owner: z.string().trim().max(200).optional(),
} as const;

const usesSecret = (method: string): boolean =>
  method === 'client_secret_basic' || method === 'client_secret_post';

/** One client as an operator declares it. */
export const clientSchema = z.strictObject(fields).superRefine((client, context) => {
  const fault = (field: string, message: string): void => {
    context.addIssue({ code: 'custom', path: [field], message });
  };
  for (const field of ['redirect_uris', 'post_logout_redirect_uris'] as const) {
    for (const [index, uri] of client[field].entries()) {
      const message = typeFaultOf(uri, client.application_type);
      if (message !== undefined) context.addIssue({ code: 'custom', path: [field, index], message });
    }
  }
  if (client.grant_types?.includes('refresh_token') === true && !client.response_types.includes('code')) {
    fault('grant_types', 'refresh_token needs the response type code');
  }
  if (client.jwks !== undefined && client.jwks_uri !== undefined)
    fault('jwks_uri', 'jwks and jwks_uri exclude each other');
  const privateKey = client.token_endpoint_auth_method === 'private_key_jwt';
  if (privateKey && client.jwks === undefined && client.jwks_uri === undefined) {
    fault('jwks', 'private_key_jwt needs jwks or jwks_uri');
  }
  for (const jwk of client.jwks?.keys ?? []) {
    if ('d' in jwk || 'k' in jwk) fault('jwks', 'must hold public keys only');
  }
  if (client.client_secret !== undefined && !usesSecret(client.token_endpoint_auth_method)) {
    fault('client_secret', `is not used with ${client.token_endpoint_auth_method}: leave it out`);
  }
  // Counted as the provider counts them: an app's own scheme has a host too.
  const hosts = new Set(client.redirect_uris.map((uri) => URL.parse(uri)?.host));
  if (client.subject_type === 'pairwise' && hosts.size > 1 && client.sector_identifier_uri === undefined) {
    fault(
      'sector_identifier_uri',
      'is needed for pairwise subjects with redirect addresses on several hosts',
    );
  }
  if (client.second_factor === 'off' && client.trusted_browser_days > 0) {
    fault('trusted_browser_days', 'has no meaning without a second factor');
  }
});

/** A checked client; it is stored as this, without the secret. */
export type ClientDeclaration = z.output<typeof clientSchema>;
export type ClientMetadata = Omit<ClientDeclaration, 'client_secret'> & {
  /** Of a built-in client: its least assurance, whatever a request says (`first-party-metadata.ts`). */
  essential_acr_values?: readonly string[];
};

/** Whether the client authenticates with a secret. */
export function needsSecret(metadata: Pick<ClientMetadata, 'token_endpoint_auth_method'>): boolean {
  return usesSecret(metadata.token_endpoint_auth_method);
}

/** One error in a declaration. */
export interface ClientFault {
  /** The client's id, or its position in the list where it has none. */
  client: string;
  field: string;
  problem: string;
}

/** Every error of a set of declarations at once. */
export class ClientDeclarationError extends Error {
  readonly faults: readonly ClientFault[];

  constructor(faults: readonly ClientFault[]) {
    super(
      [
        `The declaration has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}; nothing was changed:`,
        ...faults.map((fault) => `  ${fault.client}: ${fault.field} ${fault.problem}`),
      ].join('\n'),
    );
    this.name = 'ClientDeclarationError';
    this.faults = faults;
  }
}

function faultsOf(client: string, issues: readonly z.core.$ZodIssue[]): ClientFault[] {
  return issues.flatMap((issue) => {
    const [field = '(client)', ...rest] = issue.path.map(String);
    const at = rest.length === 0 ? field : `${field}[${rest.join('.')}]`;
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((unknown) => ({
        client,
        field: unknown,
        problem: 'is not a setting of a client',
      }));
    }
    if (issue.code === 'invalid_union') {
      const messages = issue.errors.flat().map((inner) => inner.message);
      return [{ client, field: at, problem: messages[0] ?? 'is not valid' }];
    }
    return [{ client, field: at, problem: issue.message.replace(/^Invalid (input|option): /, '') }];
  });
}

/**
 * Checks declarations. Accepts a list, or an object with a list under `clients`.
 * @throws ClientDeclarationError with every error of every client at once.
 */
export function checkDeclarations(document: unknown): ClientDeclaration[] {
  const list =
    typeof document === 'object' && document !== null && 'clients' in document ? document.clients : document;
  if (!Array.isArray(list)) {
    throw new ClientDeclarationError([
      { client: '(file)', field: 'clients', problem: 'must be a list of clients' },
    ]);
  }
  const faults: ClientFault[] = [];
  const declarations: ClientDeclaration[] = [];
  const seen = new Set<string>();
  for (const [index, entry] of (list as unknown[]).entries()) {
    const id = (entry as { client_id?: unknown } | null)?.client_id;
    const label = typeof id === 'string' && id !== '' ? id : `client ${index + 1}`;
    const parsed = clientSchema.safeParse(entry);
    if (!parsed.success) faults.push(...faultsOf(label, parsed.error.issues));
    else declarations.push(parsed.data);
    if (seen.has(label)) faults.push({ client: label, field: 'client_id', problem: 'is declared twice' });
    seen.add(label);
  }
  if (faults.length > 0) throw new ClientDeclarationError(faults);
  return declarations;
}
