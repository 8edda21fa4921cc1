import { isDeepStrictEqual } from 'node:util';
import { type Selectable, sql } from 'kysely';
import { type AuditEventName, recordAudit } from '../../audit/audit.ts';
import { newSecret } from '../../base/ids.ts';
import { equalSecrets, type Sealer } from '../../base/sealing.ts';
import type { Db } from '../../db/open.ts';
import type { ClientsTable } from '../../db/schema.ts';
import { checkDeclarations, type ClientDeclaration, type ClientMetadata, needsSecret } from './metadata.ts';

/** The result of applying one declaration. */
export interface AppliedClient {
  clientId: string;
  change: 'created' | 'updated' | 'unchanged';
  version: number;
  /** A newly generated secret. It is shown only now and cannot be read again. */
  generatedSecret: string | undefined;
}

/** A client as operators see it, without its secret. */
export interface ClientView {
  clientId: string;
  metadata: ClientMetadata;
  version: number;
  hasSecret: boolean;
  disabledAt: Date | undefined;
  updatedAt: Date;
}

export function clientSecretPlace(clientId: string): string {
  return `clients:${clientId}:secret`;
}

function toView(row: Selectable<ClientsTable>): ClientView {
  return {
    clientId: row.client_id,
    metadata: row.metadata as unknown as ClientMetadata,
    version: row.version,
    hasSecret: row.secret_sealed !== null,
    disabledAt: row.disabled_at ?? undefined,
    updatedAt: row.updated_at,
  };
}

const plain = (metadata: ClientMetadata): Record<string, unknown> =>
  JSON.parse(JSON.stringify(metadata)) as Record<string, unknown>;

async function lockClient(trx: Db, clientId: string): Promise<Selectable<ClientsTable> | undefined> {
  // The row may not exist yet: two nodes that create it wait for each other here.
  await sql`select pg_advisory_xact_lock(hashtextextended(${`clients:${clientId}`}::text, 0))`.execute(trx);
  return trx.selectFrom('clients').selectAll().where('client_id', '=', clientId).executeTakeFirst();
}

/** Writes the next version into the history. @returns its number. */
async function addVersion(
  trx: Db,
  clientId: string,
  metadata: Record<string, unknown> | null,
  actor: string,
): Promise<number> {
  const { version } = await trx
    .insertInto('client_versions')
    .values({
      client_id: clientId,
      version: sql<number>`(select coalesce(max(version), 0) + 1 from client_versions where client_id = ${clientId})`,
      metadata: metadata === null ? null : JSON.stringify(metadata),
      changed_by: actor,
    })
    .returning('version')
    .executeTakeFirstOrThrow();
  return version;
}

async function audit(
  trx: Db,
  event: AuditEventName,
  clientId: string,
  actor: string,
  version: number,
): Promise<void> {
  await recordAudit(trx, undefined, { event, result: 'success', actor, clientId, details: { version } });
}

function chooseSecret(
  sealer: Sealer,
  declaration: ClientDeclaration,
  present: Selectable<ClientsTable> | undefined,
): { sealed: Buffer | null; changed: boolean; generated: string | undefined } {
  const clientId = declaration.client_id;
  const before = present?.secret_sealed ?? null;
  if (!needsSecret(declaration)) return { sealed: null, changed: before !== null, generated: undefined };
  const given = declaration.client_secret;
  if (given === undefined && before !== null) return { sealed: before, changed: false, generated: undefined };
  const known = before === null ? undefined : sealer.open(before, clientSecretPlace(clientId)).toString();
  if (given !== undefined && known !== undefined && equalSecrets(given, known)) {
    return { sealed: before, changed: false, generated: undefined };
  }
  const generated = given === undefined ? newSecret(32) : undefined;
  const secret = given ?? generated ?? '';
  return { sealed: sealer.seal(secret, clientSecretPlace(clientId)), changed: true, generated };
}

async function applyOne(
  trx: Db,
  sealer: Sealer,
  declaration: ClientDeclaration,
  actor: string,
): Promise<AppliedClient> {
  const { client_secret: _secret, ...declared } = declaration;
  const metadata = plain(declared);
  const clientId = declaration.client_id;
  const present = await lockClient(trx, clientId);
  const secret = chooseSecret(sealer, declaration, present);
  if (
    present !== undefined &&
    !secret.changed &&
    isDeepStrictEqual(plain(toView(present).metadata), metadata)
  ) {
    return { clientId, change: 'unchanged', version: present.version, generatedSecret: undefined };
  }
  const version = await addVersion(trx, clientId, metadata, actor);
  const values = { metadata: JSON.stringify(metadata), secret_sealed: secret.sealed, version };
  await trx
    .insertInto('clients')
    .values({ client_id: clientId, ...values })
    .onConflict((conflict) =>
      conflict.column('client_id').doUpdateSet({ ...values, updated_at: sql<Date>`clock_timestamp()` }),
    )
    .execute();
  await audit(trx, 'client.applied', clientId, actor, version);
  const change = present === undefined ? 'created' : 'updated';
  return { clientId, change, version, generatedSecret: secret.generated };
}

/**
 * Declares clients: all of them or, with any error, none. Clients that are not named stay as they are. An
 * unchanged declaration gets no new version.
 * @param document a list of clients, or an object with that list under `clients` (as read from YAML).
 * @param actor who applies it, such as `cli:alice`, for history and audit.
 * @throws ClientDeclarationError with every error at once.
 */
export async function applyClients(
  db: Db,
  sealer: Sealer,
  document: unknown,
  actor: string,
): Promise<AppliedClient[]> {
  const declarations = checkDeclarations(document);
  return db.transaction().execute(async (trx) => {
    const applied = new Map<string, AppliedClient>();
    // Ordered by id, so that two nodes cannot deadlock.
    for (const declaration of [...declarations].sort((a, b) => (a.client_id < b.client_id ? -1 : 1))) {
      applied.set(declaration.client_id, await applyOne(trx, sealer, declaration, actor));
    }
    return declarations.map((declaration) => applied.get(declaration.client_id) as AppliedClient);
  });
}

export async function listClients(db: Db): Promise<ClientView[]> {
  return (await db.selectFrom('clients').selectAll().orderBy('client_id').execute()).map(toView);
}

export async function showClient(db: Db, clientId: string): Promise<ClientView | undefined> {
  const row = await db.selectFrom('clients').selectAll().where('client_id', '=', clientId).executeTakeFirst();
  return row === undefined ? undefined : toView(row);
}

/** Removes a client; its history stays. @returns false when there is none. */
export async function removeClient(db: Db, clientId: string, actor: string): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    if ((await lockClient(trx, clientId)) === undefined) return false;
    await trx.deleteFrom('clients').where('client_id', '=', clientId).execute();
    await audit(trx, 'client.removed', clientId, actor, await addVersion(trx, clientId, null, actor));
    return true;
  });
}

async function setDisabled(db: Db, clientId: string, disabled: boolean, actor: string): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    const present = await lockClient(trx, clientId);
    if (present === undefined) return false;
    if ((present.disabled_at !== null) === disabled) return true;
    const version = await addVersion(trx, clientId, plain(toView(present).metadata), actor);
    await trx
      .updateTable('clients')
      .set({
        disabled_at: disabled ? sql<Date>`clock_timestamp()` : null,
        version,
        updated_at: sql<Date>`clock_timestamp()`,
      })
      .where('client_id', '=', clientId)
      .execute();
    await audit(trx, disabled ? 'client.disabled' : 'client.enabled', clientId, actor, version);
    return true;
  });
}

/** Disables a client: no login, no token. Its declaration stays. @returns false when there is none. */
export function disableClient(db: Db, clientId: string, actor: string): Promise<boolean> {
  return setDisabled(db, clientId, true, actor);
}

/** Enables a disabled client again. @returns false when there is none. */
export function enableClient(db: Db, clientId: string, actor: string): Promise<boolean> {
  return setDisabled(db, clientId, false, actor);
}
