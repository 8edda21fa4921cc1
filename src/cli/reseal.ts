import { sql } from 'kysely';
import type { Sealer } from '../base/sealing.ts';
import type { Db } from '../db/open.ts';
import { appSecretPlace } from '../factors/app/codes.ts';
import { clientSecretPlace } from '../oidc/clients/clients.ts';
import { signingKeyPlace } from '../oidc/keys.ts';
import { instanceSecretPlace } from '../db/instance-secrets.ts';

/** A column of sealed values that outlive a change of the secret. */
interface SealedColumn {
  table: string;
  key: string;
  column: string;
  /** A second column that is part of the place, if there is one. */
  owner?: string;
  place(key: string, owner: string): string;
}

// The protocol's rows are not included: they expire, and until then every configured secret opens them.
const sealedColumns: readonly SealedColumn[] = [
  { table: 'app_factors', key: 'id', column: 'secret_sealed', owner: 'account_id', place: appSecretPlace },
  { table: 'signing_keys', key: 'kid', column: 'private_sealed', place: signingKeyPlace },
  { table: 'clients', key: 'client_id', column: 'secret_sealed', place: clientSecretPlace },
  { table: 'instance_secrets', key: 'name', column: 'value_sealed', place: instanceSecretPlace },
];

export interface ResealCount {
  table: string;
  resealed: number;
  kept: number;
}

const batch = 500;

/**
 * Seals every stored value under the present secret. Nodes may run meanwhile: a value that changes in
 * between is left alone. Afterwards the earlier secret can be removed from `secrets.previous`.
 * @throws Error naming the row, when its value opens under no configured secret.
 */
export async function resealAll(db: Db, sealer: Sealer): Promise<ResealCount[]> {
  const counts: ResealCount[] = [];
  for (const target of sealedColumns) counts.push(await resealColumn(db, sealer, target));
  return counts;
}

async function resealColumn(db: Db, sealer: Sealer, target: SealedColumn): Promise<ResealCount> {
  const table = sql.table(target.table);
  const key = sql.ref(target.key);
  const column = sql.ref(target.column);
  const owner = target.owner === undefined ? sql`''` : sql.ref(target.owner);
  const count = { table: target.table, resealed: 0, kept: 0 };
  let after = '';
  for (;;) {
    const { rows } = await sql<{ key: string; owner: string; sealed: Uint8Array }>`
      select ${key} as key, ${owner} as owner, ${column} as sealed from ${table}
      where ${key} > ${after} and ${column} is not null order by ${key} limit ${batch}`.execute(db);
    const last = rows.at(-1);
    if (last === undefined) return count;
    for (const row of rows) {
      const sealed = Buffer.from(row.sealed);
      if (sealer.isCurrent(sealed)) {
        count.kept += 1;
        continue;
      }
      const place = target.place(row.key, row.owner);
      const fresh = sealer.seal(open(sealer, sealed, place, target.table), place);
      // Only if the value is still what was read: a node that has changed it has sealed it again.
      const changed = await sql`
        update ${table} set ${column} = ${fresh} where ${key} = ${row.key} and ${column} = ${sealed}`.execute(
        db,
      );
      if (changed.numAffectedRows === 1n) count.resealed += 1;
      else count.kept += 1;
    }
    after = last.key;
  }
}

function open(sealer: Sealer, sealed: Buffer, place: string, table: string): Buffer {
  try {
    return sealer.open(sealed, place);
  } catch (error) {
    throw new Error(
      `A value in ${table} (${place}) opens under no configured secret: put the one it was sealed under into secrets.previous.`,
      { cause: error },
    );
  }
}
