import { hashSync } from '@node-rs/argon2';
import { sql } from 'kysely';
import pg from 'pg';
import { newId } from '../src/base/ids.ts';
import { createSealer } from '../src/base/sealing.ts';
import { checkConfiguration } from '../src/config/load.ts';
import { secretGenerations } from '../src/config/secret-generations.ts';
import { migrate } from '../src/db/migrate.ts';
import { openPostgres } from '../src/db/open.ts';
import { appSecretPlace } from '../src/factors/app/codes.ts';
import { applyClients } from '../src/oidc/clients/clients.ts';
import type { ContenderSettings } from './contender.ts';
import { floorTables } from './floor-adapter.ts';

export const benchPassword = 'correct horse battery';
export const benchTotpSecret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';

export const loginIdOf = (number: number): string => `bench${String(number).padStart(6, '0')}`;

const phcWith = ({ memoryKib, passes }: ContenderSettings['argon2']): string =>
  hashSync(benchPassword, {
    algorithm: 2,
    memoryCost: memoryKib,
    timeCost: passes,
    parallelism: 1,
    outputLen: 32,
  });

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** The same accounts for the floor. */
export async function seedFloor({ databaseUrl, argon2 }: ContenderSettings, count: number): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(floorTables);
  await client.query(
    `insert into accounts (login_id, name, phc, totp_secret) select id, 'Bench ' || id, $2, $3 from unnest($1::text[]) id`,
    [numbers(count).map(loginIdOf), phcWith(argon2), benchTotpSecret],
  );
  await client.query('analyze');
  await client.end();
}

/** Migrates, and makes accounts with an authenticator app and the service. */
export async function seedProduct(settings: ContenderSettings, count: number): Promise<void> {
  const { databaseUrl, argon2, client, secret, issuer } = settings;
  const config = checkConfiguration({
    issuer,
    database: { url: databaseUrl },
    secrets: { current: secret },
    mail: { smtp_url: 'smtp://127.0.0.1:9', from_address: 'no-reply@idp.example' },
  });
  const sealer = createSealer(secretGenerations(config.secrets));
  const db = openPostgres(config.database, () => undefined);
  await migrate(db);
  await applyClients(
    db,
    sealer,
    [
      {
        client_id: client.id,
        client_secret: client.secret,
        client_name: 'Bench',
        redirect_uris: [client.redirectUri],
        scope: 'openid profile',
      },
    ],
    'system',
  );
  const phc = phcWith(argon2);
  const accounts = numbers(count).map((number) => ({ id: newId(), login_id: loginIdOf(number) }));
  for (let start = 0; start < count; start += 1000) {
    const batch = accounts.slice(start, start + 1000);
    await db
      .insertInto('accounts')
      .values(
        batch.map(({ id, login_id }) => ({
          id,
          login_id,
          kind: 'sps' as const,
          name_en: `Bench ${login_id}`,
          first_enrolled_at: sql<Date>`now()`,
        })),
      )
      .execute();
    await db
      .insertInto('passwords')
      .values(batch.map(({ id }) => ({ account_id: id, phc })))
      .execute();
    await db
      .insertInto('app_factors')
      .values(
        batch.map(({ id }) => {
          const factor = newId();
          const sealed = sealer.seal(benchTotpSecret, appSecretPlace(factor, id));
          return { id: factor, account_id: id, name: 'bench', secret_sealed: sealed, last_step: 0 };
        }),
      )
      .execute();
  }
  await sql`analyze`.execute(db);
  await db.destroy();
}
