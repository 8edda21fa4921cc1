import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { type ChangeStage, faultOf, openChangeStage } from './changes-stage.ts';
import type { AccountUser } from '../../src/factors/account-user.ts';

const root = join(import.meta.dirname, '../..');
const tables = ['mail_factors', 'app_factors', 'passkeys', 'recovery_sheets', 'recovery_codes'];
const writes = new RegExp(
  `(?:insertInto|updateTable|deleteFrom)\\([^)]*'(?:${tables.join('|')})|(?:insert into|update|delete from)\\s+(?:${tables.join('|')})\\b`,
  'g',
);

/** Guards that a file which writes factors has to call: all of them end in `requireFreshProof`. */
const guards = {
  login: /requireFreshProof\(trx, \{ login: /,
  page: /\b(?:await lockOwnAccount\(trx|changing\(dependencies|proving\()/,
} as const;

/**
 * Every file that writes to a table of factors: behind which guard, or why it needs none. A path that is
 * added shows up here, and does not pass before it stands behind a guard (S6).
 */
const writers: Readonly<Record<string, keyof typeof guards | 'called' | 'use' | 'operator'>> = {
  'src/factors/enrolment/enrolment.ts': 'login',
  'src/factors/enrolment/additional.ts': 'login',
  'src/factors/sign-in/offers.ts': 'login',
  'src/factors/enrolment/reset.ts': 'login',
  'src/factors/changes/addresses.ts': 'page',
  'src/factors/changes/apps.ts': 'page',
  'src/factors/changes/checks.ts': 'page',
  'src/factors/changes/removals.ts': 'page',
  'src/factors/passkeys/registration.ts': 'page',
  'src/factors/recovery/codes.ts': 'page',
  // By the reset and the set-up behind a pass, each in its own guarded transaction.
  'src/factors/enrolment/end-factors.ts': 'called',
  // Marks a use: the step of an app, the counter of a passkey, a mail that arrived or did not.
  'src/factors/app/codes.ts': 'use',
  'src/factors/passkeys/matching.ts': 'use',
  'src/factors/verification/verify.ts': 'use',
  'src/factors/mail/address-health.ts': 'use',
  // On the operator's command line.
  'src/accounts/import/write-plans.ts': 'operator',
  'src/accounts/restore.ts': 'operator',
};

function sources(folder = 'src'): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === 'trial' ? [] : sources(path);
    return path.endsWith('.ts') ? [path] : [];
  });
}

describe('paths that write to factors', () => {
  test('S6: every file that does is known, and stands behind a guard that looks at the age of the proof', () => {
    const found = sources().filter((path) => readFileSync(join(root, path), 'utf8').match(writes) !== null);
    expect(found.toSorted()).toEqual(Object.keys(writers).toSorted());
    for (const [path, kind] of Object.entries(writers)) {
      if (kind !== 'login' && kind !== 'page') continue;
      expect([path, guards[kind].test(readFileSync(join(root, path), 'utf8'))]).toEqual([path, true]);
    }
    // The guards of the own pages are one function.
    const frame = readFileSync(join(root, 'src/factors/changes/frame.ts'), 'utf8');
    expect(frame).toContain('await requireFreshProof(trx, { session: changer });');
  });
});

describeOnEveryDatabase('the age of a sign-in on the own page', (open) => {
  let database: TestDatabase;
  let stage: ChangeStage;
  beforeAll(async () => {
    database = await open();
    stage = await openChangeStage(database);
  });
  afterAll(() => database.close());

  test('S6, R16: nothing is begun, changed or removed by a sign-in that became too old on the way', async () => {
    const owner = await stage.owner({ mail: true, apps: 1 });
    const [node] = stage.nodes;
    if (node === undefined) throw new Error('no node');
    const now = Math.floor(Date.now() / 1000);
    const young: AccountUser = { ...owner.changer, authTime: now - 60 };
    const old: AccountUser = { ...owner.changer, authTime: now - 3600 };
    const app = await node.changes.beginApp(young);
    const mail = await node.changes.beginMail(young, `new-${owner.address}`);
    const check = await node.changes.beginMailCheck(young);
    const [{ id: appId } = { id: '' }] = owner.apps;
    const { changes, passkeys, recoveryCodes, trustedBrowsers } = node;
    const acts: Readonly<Record<Exclude<keyof typeof changes, 'app' | 'mail'>, () => Promise<unknown>>> = {
      beginApp: () => changes.beginApp(old),
      confirmApp: () => changes.confirmApp(old, app.id, '123456', 'Phone'),
      beginMail: () => changes.beginMail(old, `new-${owner.address}`),
      resendMail: () => changes.resendMail(old, mail.id),
      confirmMail: () => changes.confirmMail(old, mail.id, '12345678'),
      removeApp: () => changes.removeApp(old, appId),
      removeMail: () => changes.removeMail(old),
      removePasskey: () => changes.removePasskey(old, 'any'),
      rename: () => changes.rename(old, 'app', appId, 'Mine'),
      checkApp: () => changes.checkApp(old, '123456'),
      beginMailCheck: () => changes.beginMailCheck(old),
      confirmMailCheck: () => changes.confirmMailCheck(old, check.id, '12345678'),
    };
    const further: Readonly<Record<string, () => Promise<unknown>>> = {
      makeSheet: () => recoveryCodes.make(old),
      removeSheet: () => recoveryCodes.remove(old),
      passkeyOptions: () => passkeys.registerOptions(old),
      passkey: () => passkeys.register(old, 'any', '{}', 'Key'),
      trust: () => trustedBrowsers.end(old, 'any'),
    };
    // Whoever adds a change adds it here: only looking needs no proof of the last minutes in its transaction.
    expect(Object.keys(acts).toSorted()).toEqual(
      Object.keys(changes)
        .filter((name) => name !== 'app' && name !== 'mail')
        .toSorted(),
    );
    for (const [name, act] of Object.entries({ ...acts, ...further }))
      expect([name, await faultOf(act())]).toEqual([name, 'fresh_sign_in_needed']);
    // By the database's clock: a minute is no obstacle.
    await changes.rename(young, 'app', appId, 'Mine');
  });
});
