import { sql } from 'kysely';
import type { AdapterPayload } from 'oidc-provider';
import type { Sealer } from '../../base/sealing.ts';
import type { Db } from '../../db/open.ts';
import type { ClientSource } from '../storage/adapter.ts';
import type { ClientMetadata } from './metadata.ts';
import { clientSecretPlace } from './clients.ts';
import { builtInClients } from './first-party-metadata.ts';

/** The clients at one moment; immutable. */
type Snapshot = ReadonlyMap<string, { metadata: ClientMetadata; forProvider: AdapterPayload }>;

export interface ClientCache extends ClientSource {
  /** Nijo's own settings of a client; disabled clients have none. */
  settings(clientId: string): Promise<ClientMetadata | undefined>;
}

/** The metadata that the provider reads; it would drop Nijo's own settings. */
function forProvider(metadata: ClientMetadata, secret: string | undefined): AdapterPayload {
  const {
    'client_name#en': _en,
    'client_name#ja': _ja,
    // The provider accepts https only, but the trial uses http; the login pages read it from here.
    initiate_login_uri: _initiate,
    second_factor: _factor,
    essential_acr_values: _essential,
    trusted_browser_days: _days,
    passkey_sign_in: _passkey,
    consent: _consent,
    claims: _claims,
    owner: _owner,
    ...known
  } = metadata;
  const grants = metadata.response_types.includes('code') ? ['authorization_code'] : [];
  return {
    ...known,
    grant_types: metadata.grant_types ?? grants,
    ...(secret === undefined ? {} : { client_secret: secret }),
  };
}

/**
 * The clients in this node's memory, at most `ttlMs` old (default: one second), so that a change is live on
 * every node within that time without a restart. A look-up that finds no change costs one small statement.
 * When the database is unreachable, the last answer still expires after `ttlMs`.
 */
export function createClientCache(db: Db, sealer: Sealer, issuer: string, ttlMs = 1000): ClientCache {
  const builtIn = builtInClients(issuer).map(
    (metadata) => [metadata.client_id, { metadata, forProvider: forProvider(metadata, undefined) }] as const,
  );
  let snapshot: { clients: Snapshot; fingerprint: string; at: number } | undefined;
  let loading: Promise<Snapshot> | undefined;

  async function load(): Promise<Snapshot> {
    const at = performance.now();
    const { rows } = await sql<{ fingerprint: string }>`
      select concat(count(*), ' ', sum(version), ' ', extract(epoch from max(updated_at))) as fingerprint
      from clients`.execute(db);
    const fingerprint = rows[0]?.fingerprint ?? '';
    if (snapshot?.fingerprint === fingerprint) {
      snapshot = { ...snapshot, at };
      return snapshot.clients;
    }
    const clients = await db.selectFrom('clients').selectAll().where('disabled_at', 'is', null).execute();
    const entries = clients.map((row) => {
      const metadata = row.metadata as unknown as ClientMetadata;
      const secret =
        row.secret_sealed === null
          ? undefined
          : sealer.open(row.secret_sealed, clientSecretPlace(row.client_id)).toString();
      return [row.client_id, { metadata, forProvider: forProvider(metadata, secret) }] as const;
    });
    snapshot = { clients: new Map([...entries, ...builtIn]), fingerprint, at };
    return snapshot.clients;
  }

  async function current(): Promise<Snapshot> {
    if (snapshot !== undefined && performance.now() - snapshot.at < ttlMs) return snapshot.clients;
    // All waiting requests share one look-up.
    loading ??= load().finally(() => {
      loading = undefined;
    });
    return loading;
  }

  return {
    find: async (clientId) => (await current()).get(clientId)?.forProvider,
    settings: async (clientId) => (await current()).get(clientId)?.metadata,
  };
}
