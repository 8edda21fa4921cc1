import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import {
  appCodeOf,
  type ChangeStage,
  changesOf,
  openChangeStage,
  otherThan,
  type Owner,
  standing,
} from './changes-stage.ts';

type Act =
  | { act: 'begin-app' | 'remove-mail' }
  | { act: 'confirm-app'; right: boolean; replaces: boolean; name: number }
  | { act: 'remove-app'; which: number }
  | { act: 'begin-mail'; to: number }
  | { act: 'confirm-mail'; right: boolean };

const acts: fc.Arbitrary<Act> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Act>({ act: 'begin-app' }) },
  {
    weight: 5,
    arbitrary: fc
      .record({
        right: fc.constantFrom(true, true, true, false),
        replaces: fc.boolean(),
        name: fc.nat({ max: 99 }),
      })
      .map((rest): Act => ({ act: 'confirm-app', ...rest })),
  },
  {
    weight: 4,
    arbitrary: fc.nat({ max: 2 }).map((which): Act => ({ act: 'remove-app', which })),
  },
  { weight: 3, arbitrary: fc.nat({ max: 2 }).map((to): Act => ({ act: 'begin-mail', to })) },
  {
    weight: 5,
    arbitrary: fc.constantFrom(true, true, true, false).map((right): Act => ({ act: 'confirm-mail', right })),
  },
  { weight: 2, arbitrary: fc.constant<Act>({ act: 'remove-mail' }) },
);

// Refusals are answers; anything else that is thrown is a fault of ours.
const refusals = new Set([
  'change_expired',
  'last_way',
  'factor_unknown',
  'device_limit_reached',
  'address_unchanged',
]);

describeOnEveryDatabase('any order of changes', (open) => {
  let database: TestDatabase;
  let stage: ChangeStage;
  beforeAll(async () => {
    database = await open();
    stage = await openChangeStage(database, { app_codes: { max_devices: 2 } });
  });
  afterAll(() => database.close());

  async function perform(owner: Owner, memory: { app: string; mail: string }, node: number, act: Act) {
    const { changes } = stage.nodes[node]!;
    const { changer, accountId } = owner;
    const apps = async () =>
      stage.db
        .selectFrom('app_factors')
        .select('id')
        .where('account_id', '=', accountId)
        .where('state', '=', 'active')
        .orderBy('id')
        .execute();
    switch (act.act) {
      case 'begin-app':
        memory.app = (await changes.beginApp(changer)).id;
        return;
      case 'confirm-app': {
        const shown = await changes.app(changer, memory.app);
        const right = appCodeOf(shown?.secret ?? 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP');
        const old = act.replaces ? (await apps())[0]?.id : undefined;
        await changes.confirmApp(
          changer,
          memory.app,
          act.right ? right : otherThan(right),
          `Phone ${act.name}`,
          old,
        );
        return;
      }
      case 'remove-app':
        await changes.removeApp(changer, (await apps())[act.which]?.id ?? 'none');
        return;
      case 'begin-mail': {
        const begun = await changes.beginMail(changer, `to${act.to}-${owner.address}`);
        if (begun.sent.outcome === 'sent') memory.mail = begun.id;
        return;
      }
      case 'confirm-mail': {
        const right = memory.mail === '' ? '00000000' : await stage.codeOf(memory.mail);
        await changes.confirmMail(changer, memory.mail, act.right ? right : otherThan(right));
        return;
      }
      case 'remove-mail':
        await changes.removeMail(changer);
    }
  }

  test('I3, R18, R25: whatever is changed at once on two nodes, a way is left, one address at most, and the audit adds up', async () => {
    let proven = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          mail: fc.boolean(),
          steps: fc.array(fc.array(acts, { minLength: 1, maxLength: 3 }), { minLength: 4, maxLength: 10 }),
        }),
        async ({ mail, steps }) => {
          const owner = await stage.owner({ mail, apps: mail ? 0 : 1 });
          const memory = { app: '', mail: '' };
          for (const together of steps) {
            const ended = await Promise.allSettled(
              together.map(async (act, index) => perform(owner, memory, index % 2, act)),
            );
            for (const end of ended) {
              if (end.status === 'fulfilled') continue;
              const { code } = (end.reason ?? {}) as { code?: string };
              if (!refusals.has(String(code))) throw end.reason as Error;
            }
            const now = await standing(stage.db, owner);
            const events = await changesOf(stage.db, owner);
            const count = (event: string) => events.filter((seen) => seen === event).length;
            expect(now.mail.length + now.apps.length).toBeGreaterThan(0);
            expect(now.mail.length).toBeLessThanOrEqual(1);
            expect(now.apps.length).toBeLessThanOrEqual(2);
            expect({ mail: now.mail.length, apps: now.apps.length }).toEqual({
              mail: Number(mail) + count('factor.mail-enrolled') - count('factor.mail-removed'),
              apps: Number(!mail) + count('factor.app-enrolled') - count('factor.app-removed'),
            });
            proven = Math.max(proven, events.length);
          }
        },
      ),
      { numRuns: 25 },
    );
    // The walks have got somewhere.
    expect(proven).toBeGreaterThan(1);
  }, 120_000);
});
