import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider';
import type { Pool } from 'pg';

export const floorTables = `
  create table oidc_payloads (
    id text not null, type text not null, payload jsonb not null, grant_id text, user_code text, uid text,
    expires_at timestamptz, consumed_at timestamptz, primary key (id, type));
  create index on oidc_payloads (grant_id);
  create index on oidc_payloads (uid);
  create table accounts (
    login_id text primary key, name text not null, phc text not null, totp_secret text not null,
    last_step bigint not null default 0);
`;

/** The library's adapter as its example has it: one table, one statement a call. */
export function floorAdapter(pool: Pool): AdapterFactory {
  interface Row {
    payload: AdapterPayload;
    expires_at: Date | null;
    consumed_at: Date | null;
  }
  const found = ({ rows }: { rows: Row[] }): AdapterPayload | undefined => {
    const [row] = rows;
    if (row === undefined || (row.expires_at !== null && row.expires_at < new Date())) return undefined;
    return row.consumed_at === null ? row.payload : { ...row.payload, consumed: true };
  };
  const columns = 'payload, expires_at, consumed_at';
  return (type): Adapter => ({
    async upsert(id, payload, expiresIn = 0) {
      const expiresAt = expiresIn > 0 ? new Date(Date.now() + expiresIn * 1000) : null;
      await pool.query({
        name: 'upsert',
        text: `insert into oidc_payloads (id, type, payload, grant_id, user_code, uid, expires_at)
          values ($1, $2, $3, $4, $5, $6, $7) on conflict (id, type) do update set payload = excluded.payload,
          grant_id = excluded.grant_id, user_code = excluded.user_code, uid = excluded.uid, expires_at = excluded.expires_at`,
        values: [id, type, payload, payload.grantId, payload.userCode, payload.uid, expiresAt],
      });
    },
    find: async (id) =>
      found(
        await pool.query<Row>({
          name: 'find',
          text: `select ${columns} from oidc_payloads where id = $1 and type = $2`,
          values: [id, type],
        }),
      ),
    findByUid: async (uid) =>
      found(
        await pool.query<Row>({
          name: 'find-by-uid',
          text: `select ${columns} from oidc_payloads where uid = $1 and type = $2`,
          values: [uid, type],
        }),
      ),
    findByUserCode: async (userCode) =>
      found(
        await pool.query<Row>(`select ${columns} from oidc_payloads where user_code = $1 and type = $2`, [
          userCode,
          type,
        ]),
      ),
    async consume(id) {
      await pool.query({
        name: 'consume',
        text: 'update oidc_payloads set consumed_at = now() where id = $1 and type = $2',
        values: [id, type],
      });
    },
    async destroy(id) {
      await pool.query({
        name: 'destroy',
        text: 'delete from oidc_payloads where id = $1 and type = $2',
        values: [id, type],
      });
    },
    async revokeByGrantId(grantId) {
      await pool.query('delete from oidc_payloads where grant_id = $1', [grantId]);
    },
  });
}
