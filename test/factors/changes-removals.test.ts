import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { newId } from '../../src/base/ids.ts';
import type { FactorChanges } from '../../src/factors/changes/changer.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import {
  appCodeOf,
  type ChangeStage,
  changesOf,
  faultOf,
  noticesOf,
  openChangeStage,
  type Owner,
  standing,
} from './changes-stage.ts';

describeOnEveryDatabase('removing and renaming', (open) => {
  let database: TestDatabase;
  let stage: ChangeStage;
  let changes: FactorChanges;
  beforeAll(async () => {
    database = await open();
    stage = await openChangeStage(database);
    changes = stage.nodes[0]!.changes;
  });
  afterAll(() => database.close());

  const begin = async ({ changer }: Owner, replaces?: string) => {
    const { id } = await changes.beginApp(changer, replaces);
    const secret = (await changes.app(changer, id))?.secret ?? '';
    return { id, secret, code: appCodeOf(secret) };
  };

  test('R23: removing the address is acknowledged and told to it; the only way that works cannot be removed', async () => {
    const owner = await stage.owner({ mail: true, apps: 1 });
    const { changer } = owner;
    await changes.removeMail(changer);
    expect(await standing(stage.db, owner)).toEqual({ mail: [], apps: ['Phone 1'] });
    const acknowledged = await stage.db
      .selectFrom('acknowledgements')
      .select(['locale', 'text_version'])
      .where('account_id', '=', owner.accountId)
      .execute();
    expect(acknowledged).toEqual([{ locale: 'en', text_version: expect.any(String) }]);
    expect(await changesOf(stage.db, owner)).toEqual(['factor.acknowledged', 'factor.mail-removed']);
    expect(await noticesOf(stage.db, owner)).toEqual([`mail-removed ${owner.address} en`]);
    expect(await faultOf(changes.removeMail(changer))).toBe('factor_unknown');
    expect(await faultOf(changes.removeApp(changer, owner.apps[0]!.id))).toBe('last_way');
    expect(await faultOf(changes.removeApp(changer, newId()))).toBe('factor_unknown');

    // A way that wrong codes have switched off is no way (C05).
    const locked = await stage.owner({ mail: true, apps: 1 });
    await stage.db
      .insertInto('factor_failures')
      .values({ account_id: locked.accountId, factor: 'mail', in_a_row: 50, disabled_at: sql<Date>`now()` })
      .execute();
    expect(await faultOf(changes.removeApp(locked.changer, locked.apps[0]!.id))).toBe('last_way');
    expect(await faultOf(changes.beginMailCheck(locked.changer))).toBe('factor_disabled');
    expect((await stage.nodes[0]!.overview(locked.accountId))?.mail).toMatchObject({ disabled: true });
    // … and a new address in its place works again.
    const wished = `new-${locked.address}`;
    const { id } = await changes.beginMail(locked.changer, wished);
    expect(await changes.confirmMail(locked.changer, id, await stage.codeOf(id))).toEqual({
      outcome: 'proven',
    });
    expect((await stage.nodes[0]!.overview(locked.accountId))?.ways).toContain('mail');
    expect(await faultOf(changes.removeApp(locked.changer, locked.apps[0]!.id))).toBe(
      'no fault but undefined',
    );
  });

  test('R25, A38: devices and passkeys are renamed by their owner alone, in one line of a fair length', async () => {
    const owner = await stage.owner({ mail: true, apps: 1 });
    const other = await stage.owner({ mail: true });
    const passkey = newId();
    await stage.db
      .insertInto('passkeys')
      .values({
        id: passkey,
        account_id: owner.accountId,
        name: 'Key',
        credential_id: passkey,
        public_key: Buffer.from('key'),
        counter: 0,
        backed_up: true,
        aaguid: '00000000-0000-0000-0000-000000000000',
      })
      .execute();
    const app = owner.apps[0]!.id;
    await changes.rename(owner.changer, 'app', app, '  My\n phone ');
    await changes.rename(owner.changer, 'passkey', passkey, '鍵');
    await changes.rename(owner.changer, 'app', app, ' ');
    expect(await faultOf(changes.rename(owner.changer, 'app', app, 'x'.repeat(61)))).toBe(
      'device_name_too_long',
    );
    expect(await faultOf(changes.rename(other.changer, 'app', app, 'Mine'))).toBe('factor_unknown');
    expect(await faultOf(changes.removeApp(other.changer, app))).toBe('factor_unknown');
    expect(await faultOf(changes.removePasskey(other.changer, passkey))).toBe('factor_unknown');
    const overview = await stage.nodes[1]!.overview(owner.accountId);
    expect([overview?.apps, overview?.passkeys]).toMatchObject([
      [{ id: app, name: 'My phone' }],
      [{ id: passkey, name: '鍵', backedUp: true }],
    ]);
    await changes.removePasskey(owner.changer, passkey);
    expect(await changesOf(stage.db, owner)).toEqual(['factor.renamed', 'factor.renamed', 'passkey.removed']);
    expect(await noticesOf(stage.db, owner)).toEqual([`passkey-removed ${owner.address} en`]);
  });

  test('R31: any change of a factor ends every trusted browser, a change of name does not', async () => {
    const owner = await stage.owner({ mail: true, apps: 2 });
    const { accountId, changer, apps } = owner;
    const [node] = stage.nodes;
    const trusted = async () => (await node!.overview(accountId))?.trustedBrowsers.length;
    const trust = async () =>
      stage.db
        .insertInto('trusted_browsers')
        .values({
          id: newId(),
          account_id: accountId,
          secret_digest: 'digest',
          user_agent: 'Firefox',
          address: '192.0.2.7',
          expires_at: sql<Date>`now() + interval '30 days'`,
        })
        .execute();
    await trust();
    await changes.rename(changer, 'app', apps[0]!.id, 'Renamed');
    expect(await trusted()).toBe(1);
    const [added, mail] = [await begin(owner), await changes.beginMail(changer, `new-${owner.address}`)];
    const code = await stage.codeOf(mail.id);
    for (const change of [
      async () => changes.confirmApp(changer, added.id, added.code, 'Added'),
      async () => changes.confirmMail(changer, mail.id, code),
      async () => changes.removeApp(changer, apps[0]!.id),
      async () => changes.removeMail(changer),
    ]) {
      await trust();
      await change();
      expect(await trusted()).toBe(0);
    }
  });
});
