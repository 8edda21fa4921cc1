import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { Anchor } from '../../src/audit/anchors.ts';
import { createAuditChain } from '../../src/audit/chain.ts';
import type { Finding } from '../../src/audit/findings.ts';
import { linkSome } from '../../src/audit/linking.ts';
import { findInstanceSecret } from '../../src/db/instance-secrets.ts';
import type { Db } from '../../src/db/open.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { silentLogger } from '../support/logger.ts';
import { testSealer } from '../support/sealer.ts';
import { tampered, verify, writeEvents } from './helpers.ts';

const columns = sql`at, event, result, actor, account_id, client_id, method, request_id, address, node, details`;

describeOnEveryDatabase('an audit log that somebody laid hands on', (open) => {
  let database: TestDatabase;
  let db: Db;
  let ids: string[];
  /** Of the eighth event, which stands in the middle. */
  let position: number;
  let anchor: Anchor;

  beforeAll(async () => {
    database = await open();
    ({ db } = database);
    ids = await writeEvents(db, 15);
    await createAuditChain({ db, sealer: testSealer(), logger: silentLogger() }).linkWaiting();
    const { findings, verified } = await verify(db);
    expect(findings).toEqual([]);
    anchor = { ...verified.head, at: verified.at };
    position = verified.head.position - 7;
  });
  afterAll(() => database.close());

  /** As a node would, with the instance's own key. */
  const linkNow = async (trx: Db): Promise<void> => {
    const key = await findInstanceSecret(trx, testSealer(), 'audit-chain-key');
    await linkSome(trx, key ?? Buffer.alloc(0), 500);
  };
  const id = (index: number): string => ids[index] ?? '';
  const event = sql<string>`(select ${columns} from audit_events where id = `;
  const afterTampering = (tamper: (trx: Db) => Promise<unknown>, anchors: readonly Anchor[] = []) =>
    tampered(db, tamper, async (trx) => (await verify(trx, anchors)).findings);
  /** Gives an event the content of another one. */
  const give = (trx: Db, to: string, from: string) =>
    sql`update audit_events set (${columns}) = ${event} ${from}::bigint) where id = ${to}::bigint`.execute(
      trx,
    );

  test.each([
    ['at', sql`at + interval '1 microsecond'`],
    ['event', sql`'password.refused'`],
    ['result', sql`'failure'`],
    ['actor', sql`'account-9'`],
    ['account_id', sql`null`],
    ['client_id', sql`''`],
    ['method', sql`'app'`],
    ['request_id', sql`'r-2'`],
    ['address', sql`'192.0.2.8'`],
    ['node', sql`'node-b'`],
    ['details', sql`details || '{"zeta": 9007199254740993}'`],
  ])('C42: a changed %s is found', async (column, value) => {
    const change = (trx: Db) =>
      sql`update audit_events set ${sql.ref(column)} = ${value} where id = ${id(7)}::bigint`.execute(trx);
    expect(await afterTampering(change)).toEqual([{ kind: 'changed', position, event: id(7) }]);
  });

  test('C42: two rows that exchanged what they say are named, with each other', async () => {
    const swap = async (trx: Db): Promise<void> => {
      await sql`create temporary table kept on commit drop as
        select * from audit_events where id = ${id(7)}::bigint`.execute(trx);
      await give(trx, id(7), id(10));
      await sql`update audit_events set (${columns}) = (select ${columns} from kept)
        where id = ${id(10)}::bigint`.execute(trx);
    };
    expect(await afterTampering(swap)).toEqual([
      { kind: 'reordered', position, event: id(7), other: id(10) },
      { kind: 'reordered', position: position + 3, event: id(10), other: id(7) },
    ]);
  });

  test('C42: two rows that exchanged their numbers are named', async () => {
    const swap = async (trx: Db): Promise<void> => {
      await sql`create temporary table kept on commit drop as select * from audit_events
        where id in (${id(7)}::bigint, ${id(8)}::bigint)`.execute(trx);
      await sql`delete from audit_events where id in (select id from kept)`.execute(trx);
      await sql`insert into audit_events (id, ${columns}) overriding system value
        select (select sum(k.id) from kept k) - id, ${columns} from kept`.execute(trx);
    };
    expect(await afterTampering(swap)).toEqual([
      { kind: 'reordered', position, event: id(7), other: id(8) },
      { kind: 'reordered', position: position + 1, event: id(8), other: id(7) },
    ]);
  });

  test('C42: links that exchanged what they name are named', async () => {
    const swap = async (trx: Db): Promise<void> => {
      const point = (link: number, to: string) =>
        sql`update audit_links set event_id = ${to}::bigint where position = ${link}::bigint`.execute(trx);
      await point(position, '-1');
      await point(position + 2, id(7));
      await point(position, id(9));
    };
    expect(await afterTampering(swap)).toEqual([
      { kind: 'reordered', position, event: id(9), other: id(7) },
      { kind: 'reordered', position: position + 2, event: id(7), other: id(9) },
    ]);
  });

  const removeEvent = (trx: Db, which: string) =>
    sql`delete from audit_events where id = ${which}::bigint`.execute(trx);
  const removeLink = (trx: Db, which: string) =>
    sql`delete from audit_links where event_id = ${which}::bigint`.execute(trx);

  test('C42: a row that is gone is named, alone, with its link, and its link alone', async () => {
    expect(await afterTampering((trx) => removeEvent(trx, id(7)))).toEqual([
      { kind: 'missing', position, event: id(7) },
    ]);
    const both = async (trx: Db): Promise<void> => {
      for (const index of [7, 8]) {
        await removeEvent(trx, id(index));
        await removeLink(trx, id(index));
      }
    };
    expect(await afterTampering(both)).toEqual([{ kind: 'gap', position, other: String(position + 1) }]);
    expect(await afterTampering((trx) => removeLink(trx, id(7)))).toEqual([
      { kind: 'gap', position },
      { kind: 'added', event: id(7) },
    ]);
  });

  test('C42, D15: what is cut off at the end is found by an anchor kept elsewhere, also when more came after', async () => {
    const cut = async (trx: Db): Promise<void> => {
      for (const index of [13, 14]) {
        await removeEvent(trx, id(index));
        await removeLink(trx, id(index));
      }
    };
    expect(await afterTampering(cut)).toEqual([]);
    expect(await afterTampering(cut, [anchor])).toEqual([
      { kind: 'cut-off', position: anchor.position, other: anchor.at },
    ]);
    const goOn = async (trx: Db): Promise<void> => {
      await cut(trx);
      // Linked with the right key: somebody who holds the secret, too, cannot make the anchor fit.
      await sql`alter table audit_events enable trigger all`.execute(trx);
      await writeEvents(trx, 4, 'later');
      await linkNow(trx);
    };
    expect(await afterTampering(goOn)).toEqual([]);
    expect(await afterTampering(goOn, [anchor])).toEqual([
      { kind: 'rewritten', position: anchor.position, other: anchor.at },
    ]);
  });

  test('D15: what was deleted on purpose up to an anchor is not missed from there on, and everything later is', async () => {
    const since: Anchor = await db
      .selectFrom('audit_links')
      .select(['digest', sql<number>`position::int`.as('position')])
      .where('position', '=', position)
      .executeTakeFirstOrThrow()
      .then((link) => ({ ...link, at: anchor.at }));
    const prune = async (trx: Db): Promise<void> => {
      await sql`delete from audit_events where id in
        (select event_id from audit_links where position <= ${position}::bigint)`.execute(trx);
      await sql`delete from audit_links where position <= ${position}::bigint`.execute(trx);
    };
    const found = (tamper: (trx: Db) => Promise<unknown>, start?: Anchor) =>
      tampered(db, tamper, async (trx) => (await verify(trx, [since, anchor], testSealer(), start)).findings);
    expect(await found(prune, since)).toEqual([]);
    expect(await found(prune)).toEqual([{ kind: 'gap', position: 1, other: String(position) }]);
    const more = async (trx: Db): Promise<void> => {
      await prune(trx);
      await sql`update audit_events set result = 'failure' where id = ${id(8)}::bigint`.execute(trx);
    };
    expect(await found(more, since)).toEqual([{ kind: 'changed', position: position + 1, event: id(8) }]);
  });

  test('C42: a row put there past the program is named', async () => {
    const forge = (trx: Db) =>
      sql`insert into audit_events (event, result, account_id)
        values ('desk.approved', 'success', 'account-3')`.execute(trx);
    const found = await afterTampering(forge);
    expect(found.map(({ kind }) => kind)).toEqual(['added']);
    expect(ids).not.toContain(found[0]?.event);
  });

  test('C42: a row that waits too long for its link, and one of another time, are named', async () => {
    const at = (trx: Db, when: ReturnType<typeof sql>) =>
      sql`insert into audit_events (event, result, at) values ('desk.approved', 'success', ${when})`.execute(
        trx,
      );
    const kinds = async (when: ReturnType<typeof sql>, linked: boolean): Promise<Finding['kind'][]> =>
      (
        await afterTampering(async (trx) => {
          await sql`alter table audit_events enable trigger all`.execute(trx);
          await at(trx, when);
          if (linked) await linkNow(trx);
        })
      ).map(({ kind }) => kind);
    expect(await kinds(sql`now()`, false)).toEqual([]);
    expect(await kinds(sql`now() - interval '2 minutes'`, false)).toEqual(['unlinked']);
    expect(await kinds(sql`now() + interval '1 day'`, false)).toEqual(['unlinked']);
    expect(await kinds(sql`now() - interval '2 minutes'`, true)).toEqual([]);
    expect(await kinds(sql`now() - interval '2 hours'`, true)).toEqual(['backdated']);
  });

  test('C42: a changed link is named, and told from a changed event', async () => {
    const change = (where: number) => (trx: Db) =>
      sql`update audit_links set digest = 'x' where position = ${where}::bigint`.execute(trx);
    expect(await afterTampering(change(position))).toEqual([
      { kind: 'link-changed', position, event: id(7) },
    ]);
    expect(await afterTampering(change(anchor.position), [anchor])).toEqual([
      { kind: 'rewritten', position: anchor.position, other: anchor.at },
      { kind: 'changed', position: anchor.position, event: id(14) },
    ]);
  });

  test('C42: without the secret nobody makes a link that fits', async () => {
    const other = testSealer('another secret that somebody guessed, 32 characters');
    await expect(verify(db, [], other)).rejects.toThrow();
    const replaceKey = (trx: Db) =>
      sql`delete from instance_secrets where name = 'audit-chain-key'`.execute(trx);
    await expect(afterTampering(replaceKey)).rejects.toThrow('The key of the audit chain is gone');
  });
});
