import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { databaseSchema } from '../../src/config/sections/database.ts';
import { migrate } from '../../src/db/migrate.ts';
import { type Db, openPostgres } from '../../src/db/open.ts';
import { openEmptyPostgres, type TestDatabase } from '../support/databases.ts';

/** A database as an operator sets it up: one role owns the tables, another one serves. */
export interface RoledDatabase {
  superuser: TestDatabase;
  owner: { name: string; db: Db };
  /** With quotes in its name: no statement may fall for it. Has no rights until they are given. */
  runtime: { name: string; url: string; db: Db };
  /** The same as the runtime role has it; for a cluster. */
  asRuntime: TestDatabase;
  close(): Promise<void>;
}

function connect(url: string): Db {
  const timeouts = { connect_timeout_ms: 20_000, query_timeout_ms: 20_000, statement_timeout_ms: 15_000 };
  return openPostgres({ ...databaseSchema.parse(timeouts), url }, () => undefined);
}

export async function openRoledDatabase(): Promise<RoledDatabase> {
  const superuser = await openEmptyPostgres();
  const mark = randomBytes(4).toString('hex');
  const password = randomBytes(12).toString('hex');
  const names = { owner: `owner_${mark}`, runtime: `Serves "${mark}"; --` };
  const database = new URL(String(superuser.url)).pathname.slice(1);
  for (const name of [names.owner, names.runtime])
    await sql`create role ${sql.id(name)} login password ${sql.lit(password)}`.execute(superuser.db);
  await sql`alter database ${sql.id(database)} owner to ${sql.id(names.owner)}`.execute(superuser.db);
  const urlOf = (name: string): string => {
    const url = new URL(String(superuser.url));
    url.username = encodeURIComponent(name);
    url.password = password;
    return url.href;
  };
  const owner = connect(urlOf(names.owner));
  await migrate(owner);
  const runtimeUrl = urlOf(names.runtime);
  const runtime = connect(runtimeUrl);
  const handles = [owner, runtime];
  return {
    superuser,
    owner: { name: names.owner, db: owner },
    runtime: { name: names.runtime, url: runtimeUrl, db: runtime },
    asRuntime: {
      db: runtime,
      kind: 'postgres',
      url: runtimeUrl,
      connect: async () => {
        const further = connect(runtimeUrl);
        handles.push(further);
        return further;
      },
      close: async () => undefined,
    },
    async close() {
      await Promise.all(handles.map((handle) => handle.destroy()));
      // The roles outlive the database: all that depends on them goes first.
      for (const name of [names.runtime, names.owner])
        await sql`drop owned by ${sql.id(name)} cascade`.execute(superuser.db);
      await sql`alter database ${sql.id(database)} owner to current_user`.execute(superuser.db);
      for (const name of [names.runtime, names.owner])
        await sql`drop role ${sql.id(name)}`.execute(superuser.db);
      await superuser.close();
    },
  };
}
