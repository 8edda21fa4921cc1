import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { FactorChanges } from '../../src/factors/changes/changer.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import {
  type ChangeStage,
  changesOf,
  faultOf,
  letCooldownPass,
  noticesOf,
  openChangeStage,
  otherThan,
  type Owner,
  standing,
} from './changes-stage.ts';

describeOnEveryDatabase('changing the mail address', (open) => {
  let database: TestDatabase;
  let stage: ChangeStage;
  let changes: FactorChanges;
  let owner: Owner;
  let wished: string;
  beforeAll(async () => {
    database = await open();
    stage = await openChangeStage(database);
    changes = stage.nodes[0]!.changes;
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    owner = await stage.owner({ mail: true, apps: 1 });
    wished = `new-${owner.address}`;
  });
  const codesSent = async () =>
    stage.db
      .selectFrom('mails')
      .select(['to_address', 'kind'])
      .where('account_id', '=', owner.accountId)
      .where('challenge_id', 'is not', null)
      .execute();

  test('R18, R34: the present address stays until the new one is proven, then both are told', async () => {
    const { id, sent } = await changes.beginMail(owner.changer, ` ${wished.toUpperCase()} `.toLowerCase());
    expect(sent.outcome).toBe('sent');
    expect(stage.handedOver).toContain(sent.outcome === 'sent' ? sent.mailId : '');
    expect(await codesSent()).toEqual([{ to_address: wished, kind: 'set-up-code' }]);
    expect((await standing(stage.db, owner)).mail).toEqual([owner.address]);
    expect(await changes.mail(owner.changer, id)).toMatchObject({
      address: wished,
      reference: expect.stringMatching(/^[A-Z0-9]{3,}$/),
      minutesLeft: 10,
      open: true,
      delivery: { state: 'sending' },
    });
    const code = await stage.codeOf(id);
    expect(await changes.confirmMail(owner.changer, id, otherThan(code))).toEqual({
      outcome: 'wrong',
      attemptsLeft: 4,
    });
    expect((await standing(stage.db, owner)).mail).toEqual([owner.address]);
    expect(await changesOf(stage.db, owner)).toEqual([]);

    expect(await changes.confirmMail(owner.changer, id, code)).toEqual({ outcome: 'proven' });
    expect((await standing(stage.db, owner)).mail).toEqual([wished]);
    expect(await changesOf(stage.db, owner)).toEqual(['factor.mail-changed']);
    expect((await noticesOf(stage.db, owner)).toSorted()).toEqual(
      [`mail-changed ${owner.address} en`, `mail-changed ${wished} en`].toSorted(),
    );
    // A double click tells the page that it was done, and changes nothing.
    expect(await changes.confirmMail(owner.changer, id, code)).toEqual({ outcome: 'used' });
    expect(await changes.mail(owner.changer, id)).toBeUndefined();
    expect(await changesOf(stage.db, owner)).toEqual(['factor.mail-changed']);
  });

  test('R24: who has the app alone adds an address, and the directory hears of it', async () => {
    owner = await stage.owner({ apps: 1, locale: 'ja', email: 'office@staff.example' });
    const { id } = await changes.beginMail(owner.changer, wished);
    expect((await stage.nodes[0]!.overview(owner.accountId))?.mail).toBeUndefined();
    await changes.confirmMail(owner.changer, id, await stage.codeOf(id));
    expect((await stage.nodes[1]!.overview(owner.accountId))?.mail).toMatchObject({
      address: wished,
      failing: false,
      disabled: false,
    });
    expect(await changesOf(stage.db, owner)).toEqual(['factor.mail-enrolled']);
    expect((await noticesOf(stage.db, owner)).toSorted()).toEqual(
      [`mail-added ${wished} ja`, 'mail-added office@staff.example ja'].toSorted(),
    );
  });

  test('R17, R18: what cannot be registered is refused before anything is sent, whatever it looks like', async () => {
    for (const [input, fault] of [
      [undefined, 'address_missing'],
      ['  ', 'address_missing'],
      ['no address', 'address_malformed'],
      ['a@UNI.example.', 'address_forbidden'],
      ['a@dept.uni.example', 'address_forbidden'],
      ['ａ＠ｕｎｉ.ｅｘａｍｐｌｅ', 'address_forbidden'],
      [` ${owner.address.replace('mail.example', 'MAIL.example.')} `, 'address_unchanged'],
    ] as const) {
      const refused = await faultOf((async () => changes.beginMail(owner.changer, input))());
      expect([input, refused]).toEqual([input, fault]);
    }
    expect(await codesSent()).toEqual([]);
  });

  test('R19: an address that serves somebody else is taken without a word, and flagged to operators', async () => {
    const other = await stage.owner({ mail: true });
    const { id, sent } = await changes.beginMail(owner.changer, other.address);
    expect(sent.outcome).toBe('sent');
    await changes.confirmMail(owner.changer, id, await stage.codeOf(id));
    expect([await standing(stage.db, owner), await standing(stage.db, other)]).toMatchObject([
      { mail: [other.address] },
      { mail: [other.address] },
    ]);
    const row = await stage.db
      .selectFrom('audit_events')
      .select('details')
      .where('account_id', '=', owner.accountId)
      .where('event', '=', 'factor.mail-changed')
      .executeTakeFirstOrThrow();
    expect(row.details).toMatchObject({ sharedWithOthers: true });
    expect(JSON.stringify(row.details)).not.toContain(other.address);
  });

  test('R9, C11: begun twice it is one change; a code is not mailed twice inside the cooldown, then it is the same', async () => {
    const first = await changes.beginMail(owner.changer, wished);
    const again = await changes.beginMail(owner.changer, wished);
    expect([again.id, again.sent.outcome]).toEqual([first.id, 'too-soon']);
    expect((await changes.resendMail(owner.changer, first.id)).outcome).toBe('too-soon');
    const code = await stage.codeOf(first.id);
    await letCooldownPass(stage.db, owner);
    expect(await changes.resendMail(owner.changer, first.id)).toMatchObject({
      outcome: 'sent',
      repeated: true,
    });
    expect(await stage.codeOf(first.id)).toBe(code);
    expect((await codesSent()).length).toBe(2);
    // A typing error: another address is another change, and the first one's code is over.
    const corrected = await changes.beginMail(owner.changer, `x${wished}`);
    expect(corrected.id).not.toBe(first.id);
    expect(await faultOf(changes.confirmMail(owner.changer, first.id, code))).toBe('change_expired');
    expect(await faultOf(changes.resendMail(owner.changer, first.id))).toBe('change_expired');
  });

  test('A35, C11: mails are counted per account over every flow, and no change is left behind a refusal', async () => {
    for (let count = 0; count < 5; count += 1) {
      expect((await changes.beginMail(owner.changer, `${count}${wished}`)).sent.outcome).toBe('sent');
    }
    const refused = await changes.beginMail(owner.changer, wished);
    expect(refused.sent).toMatchObject({ outcome: 'limited', retryAfterSeconds: expect.any(Number) });
    expect(await changes.mail(owner.changer, refused.id)).toBeUndefined();
    expect((await changes.beginMailCheck(owner.changer)).sent.outcome).toBe('limited');
    expect((await codesSent()).length).toBe(5);
  });

  test('C07: a code works for the change it was asked for, and for no check, other change or other account', async () => {
    const change = await changes.beginMail(owner.changer, wished);
    const check = await changes.beginMailCheck(owner.changer);
    const [code, checkCode] = [await stage.codeOf(change.id), await stage.codeOf(check.id)];
    expect(await changes.confirmMailCheck(owner.changer, check.id, code)).toMatchObject({ outcome: 'wrong' });
    expect(await changes.confirmMail(owner.changer, change.id, checkCode)).toMatchObject({
      outcome: 'wrong',
    });
    expect(await faultOf(changes.confirmMail(owner.changer, check.id, checkCode))).toBe('change_expired');
    expect((await standing(stage.db, owner)).mail).toEqual([owner.address]);
    // D9: the check proves the way and changes nothing.
    expect(await changes.confirmMailCheck(owner.changer, check.id, checkCode)).toEqual({ outcome: 'proven' });
    expect(await changesOf(stage.db, owner)).toEqual(['factor.checked']);
    expect(await noticesOf(stage.db, owner)).toEqual([]);
  });

  test('A38: another account, browser or session neither sees a change nor goes on with it', async () => {
    const other = await stage.owner({ mail: true });
    const { id } = await changes.beginMail(owner.changer, wished);
    const code = await stage.codeOf(id);
    for (const stranger of [
      other.changer,
      { ...owner.changer, browser: 'another browser' },
      { ...owner.changer, sessionUid: 'another session' },
      { ...owner.changer, accountId: other.accountId },
    ]) {
      expect(await changes.mail(stranger, id)).toBeUndefined();
      expect(await faultOf(changes.resendMail(stranger, id))).toBe('change_expired');
      expect(await faultOf(changes.confirmMail(stranger, id, code))).toBe('change_expired');
    }
    await stage.db
      .updateTable('factor_changes')
      .set({ expires_at: sql<Date>`now() - interval '1 second'` })
      .where('id', '=', id)
      .execute();
    expect(await faultOf(changes.confirmMail(owner.changer, id, code))).toBe('change_expired');
    expect([await standing(stage.db, owner), await changesOf(stage.db, owner)]).toMatchObject([
      { mail: [owner.address] },
      [],
    ]);
  });

  test('C19: a code that is on its way to the earlier address proves nothing after the change', async () => {
    const check = await changes.beginMailCheck(owner.changer);
    const checkCode = await stage.codeOf(check.id);
    const { id } = await changes.beginMail(owner.changer, wished);
    const second = { ...owner.changer, sessionUid: 'a second session' };
    const beside = await changes.beginMail(second, `beside-${owner.address}`);
    await changes.confirmMail(owner.changer, id, await stage.codeOf(id));
    expect((await changes.confirmMailCheck(owner.changer, check.id, checkCode)).outcome).toBe('expired');
    // What another session has begun before is over too.
    const code = await stage.codeOf(beside.id);
    expect(await faultOf(changes.confirmMail(second, beside.id, code))).toBe('change_expired');
    expect((await standing(stage.db, owner)).mail).toEqual([wished]);
  });

  test('R5, I3: of parallel confirmations on two nodes one changes the address, with one row in the audit', async () => {
    const { id } = await changes.beginMail(owner.changer, wished);
    const code = await stage.codeOf(id);
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, async (_, index) =>
        stage.nodes[index % 2]!.changes.confirmMail(owner.changer, id, code),
      ),
    );
    expect(outcomes.map(({ outcome }) => outcome).toSorted()).toEqual(
      ['proven', ...Array(7).fill('used')].toSorted(),
    );
    expect(await changesOf(stage.db, owner)).toEqual(['factor.mail-changed']);
    expect((await standing(stage.db, owner)).mail).toEqual([wished]);
    expect((await noticesOf(stage.db, owner)).length).toBe(2);
  });

  test('R37, D11: while changes are held up nothing begins, and what was begun before is not finished', async () => {
    const { id } = await changes.beginMail(owner.changer, wished);
    const code = await stage.codeOf(id);
    const freeze = async (column: 'address_frozen_until' | 'changes_frozen_until', on: boolean) =>
      stage.db
        .updateTable('accounts')
        .set({ [column]: on ? sql<Date>`now() + interval '1 day'` : null })
        .where('id', '=', owner.accountId)
        .execute();
    for (const [column, fault] of [
      ['address_frozen_until', 'address_frozen'],
      ['changes_frozen_until', 'changes_frozen'],
    ] as const) {
      await freeze(column, true);
      expect(await faultOf(changes.beginMail(owner.changer, `x${wished}`))).toBe(fault);
      expect(await faultOf(changes.confirmMail(owner.changer, id, code))).toBe(fault);
      expect(await faultOf(changes.removeMail(owner.changer))).toBe(fault);
      await freeze(column, false);
    }
    expect((await standing(stage.db, owner)).mail).toEqual([owner.address]);
    expect(await changes.confirmMail(owner.changer, id, code)).toEqual({ outcome: 'proven' });
  });
});
