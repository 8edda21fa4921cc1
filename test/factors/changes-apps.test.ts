import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { FactorChanges } from '../../src/factors/changes/changer.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import {
  appCodeOf,
  type ChangeStage,
  changesOf,
  faultOf,
  noticesOf,
  openChangeStage,
  otherThan,
  type Owner,
  standing,
} from './changes-stage.ts';

describeOnEveryDatabase('changing apps', (open) => {
  let database: TestDatabase;
  let stage: ChangeStage;
  let changes: FactorChanges;
  beforeAll(async () => {
    database = await open();
    stage = await openChangeStage(database, { app_codes: { max_devices: 3 } });
    changes = stage.nodes[0]!.changes;
  });
  afterAll(() => database.close());

  const begin = async ({ changer }: Owner, replaces?: string) => {
    const { id } = await changes.beginApp(changer, replaces);
    const secret = (await changes.app(changer, id))?.secret ?? '';
    return { id, secret, code: appCodeOf(secret) };
  };

  test('R21, R26: an app is active from its first right code on, and its secret is not shown again', async () => {
    const owner = await stage.owner({ mail: true });
    const { changer } = owner;
    const { id, secret, code } = await begin(owner);
    expect(secret).toMatch(/^[A-Z2-7]{32}$/);
    expect((await changes.app(changer, id))?.otpauthUrl).toContain(`secret=${secret}`);
    expect(await changes.confirmApp(changer, id, otherThan(code), 'My phone')).toEqual({ outcome: 'wrong' });
    expect(await standing(stage.db, owner)).toEqual({ mail: [owner.address], apps: [] });
    expect(await stage.nodes[1]!.changes.confirmApp(changer, id, code, 'My phone')).toEqual({
      outcome: 'proven',
    });
    expect(await standing(stage.db, owner)).toEqual({ mail: [owner.address], apps: ['My phone'] });
    expect(await changes.app(changer, id)).toBeUndefined();
    // The step that proved it is used up (R5), and a double click changes nothing.
    expect(await changes.checkApp(changer, code)).toEqual({ outcome: 'used' });
    expect(await changes.confirmApp(changer, id, code, 'Again')).toEqual({ outcome: 'used' });
    // D9: the check takes a code and changes nothing.
    expect(await changes.checkApp(changer, otherThan(code))).toEqual({ outcome: 'wrong' });
    expect(await changes.checkApp(changer, appCodeOf(secret, 1))).toEqual({ outcome: 'proven' });
    expect(await changesOf(stage.db, owner)).toEqual(['factor.app-enrolled', 'factor.checked']);
    expect(await noticesOf(stage.db, owner)).toEqual([`app-added ${owner.address} en`]);
  });

  test('R25: every device has a name and a secret of its own, up to the limit of the operator', async () => {
    const owner = await stage.owner({ apps: 1 });
    const early = await begin(owner);
    const late = { ...owner.changer, sessionUid: 'second session' };
    const { id: lateId } = await changes.beginApp(late);
    const lateSecret = (await changes.app(late, lateId))?.secret ?? '';
    expect(lateSecret).not.toBe(early.secret);
    expect(await changes.confirmApp(owner.changer, early.id, early.code, 'Tablet')).toEqual({
      outcome: 'proven',
    });
    const { id } = await changes.beginApp(owner.changer);
    expect(await changes.confirmApp(late, lateId, appCodeOf(lateSecret), 'Computer')).toEqual({
      outcome: 'proven',
    });
    // Begun while there was a place, proven when there is none.
    const secret = (await changes.app(owner.changer, id))?.secret ?? '';
    const refused = await faultOf(changes.confirmApp(owner.changer, id, appCodeOf(secret), 'Fourth'));
    expect([refused, await faultOf(changes.beginApp(owner.changer))]).toEqual([
      'device_limit_reached',
      'device_limit_reached',
    ]);
    expect((await standing(stage.db, owner)).apps.toSorted()).toEqual(['Computer', 'Phone 1', 'Tablet']);
    const overview = await stage.nodes[1]!.overview(owner.accountId);
    expect(overview?.apps.map(({ name }) => name).toSorted()).toEqual(['Computer', 'Phone 1', 'Tablet']);
    // R27: a new phone takes the place of the old one, also where there is no further place.
    const replacement = await begin(owner, owner.apps[0]!.id);
    expect(
      await changes.confirmApp(
        owner.changer,
        replacement.id,
        replacement.code,
        'New phone',
        owner.apps[0]!.id,
      ),
    ).toEqual({ outcome: 'proven' });
    expect((await standing(stage.db, owner)).apps.toSorted()).toEqual(['Computer', 'New phone', 'Tablet']);
  });

  test('R27, R34: the old phone works until the new one is proven, and goes in the same transaction', async () => {
    const owner = await stage.owner({ mail: true, apps: 1 });
    const { changer } = owner;
    const [old] = owner.apps;
    const { id, code } = await begin(owner, old!.id);
    expect(await changes.confirmApp(changer, id, otherThan(code), 'New', old!.id)).toEqual({
      outcome: 'wrong',
    });
    expect(await changes.checkApp(changer, appCodeOf(old!.secret))).toEqual({ outcome: 'proven' });
    expect(await changes.confirmApp(changer, id, code, 'New', old!.id)).toEqual({ outcome: 'proven' });
    expect(await standing(stage.db, owner)).toEqual({ mail: [owner.address], apps: ['New'] });
    expect(await changes.checkApp(changer, appCodeOf(old!.secret, 1))).toEqual({ outcome: 'wrong' });
    expect(await changesOf(stage.db, owner)).toEqual([
      'factor.checked',
      'factor.app-enrolled',
      'factor.app-removed',
    ]);
    expect((await noticesOf(stage.db, owner)).toSorted()).toEqual([
      `app-added ${owner.address} en`,
      `app-removed ${owner.address} en`,
    ]);
    // What somebody else has, or what is gone, cannot be replaced: nothing is added either.
    const other = await stage.owner({ apps: 1 });
    const next = await begin(owner);
    for (const replaces of [old!.id, other.apps[0]!.id]) {
      expect(await faultOf(changes.beginApp(changer, replaces))).toBe('factor_unknown');
      expect(await faultOf(changes.confirmApp(changer, next.id, next.code, 'Next', replaces))).toBe(
        'factor_unknown',
      );
    }
    expect(await standing(stage.db, other)).toMatchObject({ apps: ['Phone 1'] });
  });

  test('R15, A38: nothing is added to nothing, and a change belongs to one account, browser and session', async () => {
    const nobody = await stage.owner();
    expect(await faultOf(changes.beginApp(nobody.changer))).toBe('factor_missing');
    const owner = await stage.owner({ mail: true });
    const other = await stage.owner({ mail: true });
    const { id, secret, code } = await begin(owner);
    for (const stranger of [
      other.changer,
      { ...owner.changer, browser: 'another browser' },
      { ...owner.changer, sessionUid: 'another session' },
    ]) {
      expect(await changes.app(stranger, id)).toBeUndefined();
      expect(await faultOf(changes.confirmApp(stranger, id, code, 'Mine'))).toBe('change_expired');
      expect(await faultOf(changes.confirmMail(stranger, id, code))).toBe('change_expired');
    }
    // Begun again it is the same one: a page that is opened twice ends nothing. Once it is over, another.
    expect(await begin(owner)).toMatchObject({ id, secret });
    await stage.db
      .updateTable('factor_changes')
      .set({ expires_at: new Date(0) })
      .where('id', '=', id)
      .execute();
    const again = await begin(owner);
    expect(again.secret).not.toBe(secret);
    expect(await faultOf(changes.confirmApp(owner.changer, id, code, 'Mine'))).toBe('change_expired');
    // An account that was disabled since the page was shown changes nothing.
    await stage.db
      .updateTable('accounts')
      .set({ status: 'disabled' })
      .where('id', '=', owner.accountId)
      .execute();
    expect(await faultOf(changes.confirmApp(owner.changer, again.id, again.code, 'Mine'))).toBe(
      'fresh_sign_in_needed',
    );
    expect(await changesOf(stage.db, owner)).toEqual([]);
  });

  test('R5, I3: of parallel confirmations on two nodes one adds the app; two last apps are not both removed', async () => {
    const owner = await stage.owner({ mail: true });
    const { id, code } = await begin(owner);
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, async (_, index) =>
        stage.nodes[index % 2]!.changes.confirmApp(owner.changer, id, code, `Phone ${index}`),
      ),
    );
    expect(outcomes.map(({ outcome }) => outcome).toSorted()).toEqual(
      ['proven', ...Array(7).fill('used')].toSorted(),
    );
    expect((await standing(stage.db, owner)).apps.length).toBe(1);
    expect(await changesOf(stage.db, owner)).toEqual(['factor.app-enrolled']);

    const alone = await stage.owner({ apps: 2 });
    const removals = await Promise.all(
      alone.apps.map(async (app, index) =>
        faultOf(stage.nodes[index]!.changes.removeApp(alone.changer, app.id)),
      ),
    );
    expect(removals.toSorted()).toEqual(['last_way', 'no fault but undefined']);
    expect((await standing(stage.db, alone)).apps.length).toBe(1);
    expect(await changesOf(stage.db, alone)).toEqual(['factor.app-removed']);

    // The address and the only app, each while the other is there.
    const both = await stage.owner({ mail: true, apps: 1 });
    const [mail, app] = await Promise.all([
      faultOf(stage.nodes[0]!.changes.removeMail(both.changer)),
      faultOf(stage.nodes[1]!.changes.removeApp(both.changer, both.apps[0]!.id)),
    ]);
    expect([mail, app].filter((fault) => fault === 'last_way').length).toBe(1);
    const left = await standing(stage.db, both);
    expect(left.mail.length + left.apps.length).toBe(1);
  });
});
