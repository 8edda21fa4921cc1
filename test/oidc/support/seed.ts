import { newId } from '../../../src/base/ids.ts';
import type { Sealer } from '../../../src/base/sealing.ts';
import type { Db } from '../../../src/db/open.ts';
import { applyClients } from '../../../src/oidc/clients/clients.ts';
import type { Service } from './browser.ts';

export async function addAccount(
  db: Db,
  loginId: string,
  factors: readonly ('mail' | 'app')[] = [],
): Promise<string> {
  const id = newId();
  await db
    .insertInto('accounts')
    .values({
      id,
      login_id: loginId,
      kind: 'ecs',
      name_en: 'Hanako Nijo',
      name_ja: '二条 花子',
      email: `${loginId}@uni.example`,
      affiliation: 'student',
      locale: 'ja',
      first_enrolled_at: factors.length > 0 ? new Date() : null,
    })
    .execute();
  if (factors.includes('mail')) {
    await db
      .insertInto('mail_factors')
      .values({ id: newId(), account_id: id, address: 'x@mail.example' })
      .execute();
  }
  if (factors.includes('app')) {
    await db
      .insertInto('app_factors')
      .values({ id: newId(), account_id: id, name: 'phone', secret_sealed: Buffer.from('x'), last_step: 0 })
      .execute();
  }
  return id;
}

export const secret = 'a-secret-of-the-tests-with-more-than-32-characters';

/** Declares a confidential service. */
export async function addService(
  db: Db,
  sealer: Sealer,
  id: string,
  metadata: Readonly<Record<string, unknown>> = {},
): Promise<Service> {
  const redirectUri = `https://${id}.example/cb`;
  const usesSecret = metadata.token_endpoint_auth_method !== 'none';
  await applyClients(
    db,
    sealer,
    [
      {
        client_id: id,
        client_name: `Service ${id}`,
        redirect_uris: [redirectUri],
        ...(usesSecret ? { client_secret: secret } : {}),
        ...metadata,
      },
    ],
    'test',
  );
  return { id, redirectUri, ...(usesSecret ? { secret } : {}) };
}
