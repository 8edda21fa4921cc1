import path from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { migrate, pendingMigrations } from '../../src/db/migrate.ts';
import { loadMigrations, type LoadedMigration } from '../../src/db/migrations/load.ts';
import { runPending } from '../../src/db/migrations/run.ts';
import type { Db } from '../../src/db/open.ts';
import { catalogOf } from '../support/catalog.ts';
import { openEmptyEmbedded, openEmptyPostgres } from '../support/databases.ts';

const released = await loadMigrations(path.join(import.meta.dirname, 'released'));
const today = await loadMigrations();
const names = released.map(({ name }) => name);
const carryOut = (db: Db, migrations: readonly LoadedMigration[]) =>
  runPending(db, migrations, { report: () => undefined, lockTimeoutMs: 100, patienceMs: 20_000 });

describe.each([
  ['PGlite', openEmptyEmbedded, [2, 5]],
  ['Postgres', openEmptyPostgres, [1, 2, 3, 4, 5]],
])('S21: upgrades on %s', (_, open, stages) => {
  let ofNew: string[];
  beforeAll(async () => {
    const fresh = await open();
    await migrate(fresh.db);
    ofNew = await catalogOf(fresh.db);
    await fresh.close();
  });

  test('each migration of release 0.1.0 makes the schema that it made there', async () => {
    const [then, now] = await Promise.all([open(), open()]);
    try {
      for (const name of names) {
        const one = ({ name: of }: LoadedMigration) => of === name;
        await carryOut(then.db, released.filter(one));
        await carryOut(now.db, today.filter(one));
        expect({ name, catalog: await catalogOf(now.db) }).toEqual({
          name,
          catalog: await catalogOf(then.db),
        });
      }
    } finally {
      await Promise.all([then.close(), now.close()]);
    }
  });

  test('S30: nothing stays of what was typed as an ID that is nobody’s, whatever it begins with', async () => {
    const old = await open();
    try {
      await carryOut(old.db, released);
      for (const typed of ['hunter2', '?hunter2', '?'])
        await sql`insert into desk_cases (id, number, login_id, reason, source, locale)
          values (${typed}, ${typed}, ${typed}, 'other', 'user', 'en')`.execute(old.db);
      await migrate(old.db);
      const { rows } = await sql<{ kept: string }>`select distinct login_id as kept from desk_cases`.execute(
        old.db,
      );
      expect(rows).toEqual([{ kept: '?' }]);
    } finally {
      await old.close();
    }
  });

  test.each(stages)(
    'a database of release 0.1.0 that stands at its migration %i ends as a new one does',
    async (count) => {
      const old = await open();
      try {
        await carryOut(old.db, released.slice(0, count));
        await sql`insert into audit_events (event, result) select 'x', 'success' from generate_series(1, 12000)`.execute(
          old.db,
        );
        expect(await migrate(old.db)).toEqual(today.map(({ name }) => name).slice(count));
        expect(await catalogOf(old.db)).toEqual(ofNew);
        expect(await pendingMigrations(old.db)).toEqual([]);
        if (count < 5) {
          // Every event that was there waits for its link, and those to come are noted once.
          await sql`insert into audit_events (event, result) values ('y', 'success')`.execute(old.db);
          const { rows } = await sql<{ waiting: number; events: number }>`select
            (select count(*)::int from audit_unlinked) as waiting, (select count(*)::int from audit_events) as events`.execute(
            old.db,
          );
          expect(rows[0]).toEqual({ waiting: 12_001, events: 12_001 });
        }
      } finally {
        await old.close();
      }
    },
  );
});
