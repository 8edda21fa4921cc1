import type { Sealer } from '../base/sealing.ts';
import type { Db } from './open.ts';

/** Binds a sealed secret of the instance to its name. */
export function instanceSecretPlace(name: string): string {
  return `instance_secrets:${name}`;
}

/**
 * A secret of the whole instance, created on the first call; of nodes that call at once, one creates it. It
 * is stored sealed in the database and not in `NIJO_SECRET`, so that what depends on it stays the same when
 * `NIJO_SECRET` changes.
 * @param fresh a new value, used only where there is none yet.
 */
export async function ensureInstanceSecret(
  db: Db,
  sealer: Sealer,
  name: string,
  fresh: () => string,
): Promise<Buffer> {
  await db
    .insertInto('instance_secrets')
    .values({ name, value_sealed: sealer.seal(fresh(), instanceSecretPlace(name)) })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute();
  const value = await findInstanceSecret(db, sealer, name);
  if (value === undefined) throw new Error(`the instance's secret ${name} is not there`);
  return value;
}

/** A secret of the whole instance; undefined before its first use. */
export async function findInstanceSecret(db: Db, sealer: Sealer, name: string): Promise<Buffer | undefined> {
  const row = await db
    .selectFrom('instance_secrets')
    .select('value_sealed')
    .where('name', '=', name)
    .executeTakeFirst();
  return row === undefined
    ? undefined
    : sealer.open(Buffer.from(row.value_sealed), instanceSecretPlace(name));
}
