import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { hash as argon2 } from '@node-rs/argon2';
import { sql } from 'kysely';
import { findAccountByLoginId, setAccountLocale } from '../../src/accounts/directory.ts';
import { importAccounts, type ImportReport } from '../../src/accounts/import.ts';
import { createPasswordHasher } from '../../src/accounts/password-hasher.ts';
import { createPasswordVerifier } from '../../src/accounts/verify-password.ts';
import { setPassword } from '../../src/accounts/set-password.ts';
import { createSealer } from '../../src/base/sealing.ts';
import { openSignIn } from '../../src/factors/sign-in/sign-ins.ts';
import { factorNotices } from '../../src/factors/notices/import-notices.ts';
import { secretGenerations } from '../../src/config/secret-generations.ts';
import { appCode, type Cluster, startCluster, testPassword } from '../support/cluster.ts';
import { silentLogger } from '../support/logger.ts';
import { originAt } from './helpers.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { UserAgent } from '../support/user-agent.ts';
import { addSubject, type Subject } from '../attacks/support.ts';

const none = { imported: 0, updated: 0, unchanged: 0, bad: [], kept: [] };
const other = 'another-Horse-Battery-8';

describeOnEveryDatabase('what an import changes, on two nodes', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  beforeAll(async () => {
    database = await open();
    cluster = await startCluster(database, {
      nodes: 2,
      config: { password_limits: { wrong_per_id_and_network: 1000, wrong_per_network: 5000 } },
    });
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });
  const hasher = () => createPasswordHasher(cluster.config.passwords);
  const run = (csv: string, sealer = cluster.sealer): Promise<ImportReport> =>
    importAccounts({
      db: database.db,
      hasher: hasher(),
      sealer,
      canonicalAddress: (input) => ({ address: input }),
      tellOfFactors: factorNotices(cluster.config),
      source: Readable.from([csv]),
      actor: 'cli:test',
    });
  const freshStep = ({ accountId }: Subject) =>
    database.db
      .updateTable('app_factors')
      .set({ last_step: 0 })
      .where('account_id', '=', accountId)
      .execute();
  async function signIn(subject: Subject, node: number) {
    await freshStep(subject);
    const agent = new UserAgent(cluster, { node });
    const page = await agent.password(subject.loginId);
    return { agent, arrival: await agent.submit(page, { code: appCode() }) };
  }
  /** Whether ID and password lead past the sign-in page. */
  async function passes(loginId: string, password: string, node = 0): Promise<boolean> {
    const agent = new UserAgent(cluster, { node });
    const arrival = await agent.submit(await agent.start('ordinary'), { login_id: loginId, password });
    if (arrival.callback === undefined)
      expect([arrival.page, arrival.fault]).toEqual(['sign-in', 'wrong_credentials']);
    return arrival.callback?.searchParams.has('code') === true;
  }
  const isSignedIn = async (agent: UserAgent): Promise<boolean> =>
    (await agent.start('important', { prompt: 'none' })).callback?.searchParams.has('code') === true;
  const phcOf = async (loginId: string): Promise<string> => {
    const account = await findAccountByLoginId(database.db, loginId);
    const row = await database.db
      .selectFrom('passwords')
      .select('phc')
      .where('account_id', '=', account?.id ?? '')
      .executeTakeFirstOrThrow();
    return row.phc;
  };
  const eventsOf = async (accountId: string, name: string) =>
    database.db
      .selectFrom('audit_events')
      .select(['actor', 'details'])
      .where('account_id', '=', accountId)
      .where('event', '=', name)
      .execute();

  test.each(['password', 'password_hash'])(
    'S2: a new %s that comes by an import ends all that stands on the old one, at once and on both nodes',
    async (column) => {
      const subject = await addSubject(cluster, { app: true, mail: true });
      const bystander = await addSubject(cluster, { app: true });
      const [session, unredeemed, beside] = [
        await signIn(subject, 0),
        await signIn(subject, 1),
        await signIn(bystander, 1),
      ];
      const { tokens } = await session.agent.redeem(session.arrival.callback!);
      const halfDone = new UserAgent(cluster, { node: 1 });
      const page = await halfDone.password(subject.loginId);
      expect(page.page).toBe('app-code');

      const given =
        column === 'password' ? other : `"${await argon2(other, { memoryCost: 512, timeCost: 2 })}"`;
      const csv = `login_id,kind,${column}\n${subject.loginId},sps,${given}`;
      expect(await run(csv)).toEqual({ ...none, updated: 1 });

      for (const node of [1, 0]) {
        session.agent.node = node;
        const silent = await session.agent.start('important', { prompt: 'none' });
        expect(silent.callback?.searchParams.get('error')).toBe('login_required');
        const form = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token ?? '' };
        const refreshed = await session.agent.tokenRequest(form, 'important', node);
        expect([refreshed.status, JSON.parse(refreshed.body)]).toMatchObject([
          400,
          { error: 'invalid_grant' },
        ]);
        const bearer = { authorization: `Bearer ${tokens.access_token ?? ''}` };
        expect((await session.agent.request('/userinfo', { headers: bearer })).status).toBe(401);
      }
      expect((await unredeemed.agent.redeem(unredeemed.arrival.callback!)).status).toBe(400);
      await freshStep(subject);
      expect((await halfDone.submit(page, { code: appCode() })).callback).toBeUndefined();
      const left = await database.db
        .selectFrom('oidc_payloads')
        .select('model')
        .where('account_id', '=', subject.accountId)
        .where('model', 'in', ['Session', 'Grant', 'RefreshToken'])
        .execute();
      expect(left).toEqual([]);
      expect(await isSignedIn(beside.agent)).toBe(true);
      expect([await passes(subject.loginId, testPassword), await passes(subject.loginId, other, 1)]).toEqual([
        false,
        true,
      ]);
      expect(await eventsOf(subject.accountId, 'password.set')).toMatchObject([
        { actor: 'cli:test', details: { by: 'import' } },
      ]);

      // The same again, also after the hash was renewed by that sign-in, is no change and ends nothing.
      const again = new UserAgent(cluster);
      await again.submit(await again.start('ordinary'), { login_id: subject.loginId, password: other });
      expect(await run(csv)).toEqual({ ...none, unchanged: 1 });
      const silent = await again.start('ordinary', { prompt: 'none' });
      expect(silent.callback?.searchParams.has('code')).toBe(true);
      expect(await eventsOf(subject.accountId, 'password.set')).toHaveLength(1);
    },
    60_000,
  );

  test('S2: a password that is changed while it is compared opens no login', async () => {
    const subject = await addSubject(cluster, { app: true });
    const verifier = createPasswordVerifier({
      db: cluster.nodes[1]!.db,
      hasher: hasher(),
      limits: cluster.config.password_limits,
      sealer: cluster.sealer,
      logger: silentLogger(),
    });
    const attempt = { loginId: subject.loginId, password: testPassword, origin: originAt() };
    const begin = (interaction: string, passwordSet: string | undefined) =>
      openSignIn(cluster.nodes[1]!.db, {
        interaction,
        accountId: subject.accountId,
        clientId: 'important',
        browser: 'b',
        steppedUpFrom: undefined,
        passwordSet,
        lifetimeSeconds: 600,
      });
    const passwordSet = async (): Promise<string | undefined> => {
      const outcome = await verifier.verify(attempt);
      return outcome.outcome === 'verified' ? outcome.passwordSet : undefined;
    };
    const before = await passwordSet();
    expect(before).toBeDefined();
    const [first, late] = [`first-${subject.accountId}`, `late-${subject.accountId}`];
    // Twice, as by a double click.
    expect([await begin(first, before), await begin(first, before)]).toEqual([true, true]);
    await run(`login_id,kind,password\n${subject.loginId},sps,${other}`);
    expect(await begin(late, before)).toBe(false);
    const opened = await database.db
      .selectFrom('sign_ins')
      .select('interaction')
      .where('account_id', '=', subject.accountId)
      .execute();
    expect(opened).toEqual([]);

    // Over HTTP, at the same moment: whoever is past the sign-in page has a password that is the present one.
    const agents = await Promise.all(
      [0, 1, 0, 1].map(async (node) => {
        const agent = new UserAgent(cluster, { node });
        return { agent, page: await agent.start() };
      }),
    );
    const [, ...arrivals] = await Promise.all([
      run(`login_id,kind,password\n${subject.loginId},sps,a-third-Horse-Battery-9`),
      ...agents.map(({ agent, page }) => agent.submit(page, { login_id: subject.loginId, password: other })),
    ]);
    await freshStep(subject);
    for (const [index, arrival] of arrivals.entries()) {
      expect(['app-code', 'sign-in']).toContain(arrival.page);
      const reached = await agents[index]!.agent.submit(
        arrival,
        arrival.page === 'app-code' ? { code: appCode() } : { login_id: subject.loginId, password: other },
      );
      expect(reached.callback).toBeUndefined();
    }
  });

  test('S2: what an import sets for a password that the account has already is no change', async () => {
    const subject = await addSubject(cluster, { app: true });
    const { agent } = await signIn(subject, 0);
    await setPassword(database.db, hasher(), { ...subject, plain: other, actor: 'cli:test' });
    const { agent: later } = await (async () => {
      await freshStep(subject);
      const fresh = new UserAgent(cluster);
      const page = await fresh.submit(await fresh.start(), { login_id: subject.loginId, password: other });
      await fresh.submit(page, { code: appCode() });
      return { agent: fresh };
    })();
    const report = await run(`login_id,kind,password\n${subject.loginId},sps,${other}`);
    expect(report).toEqual({ ...none, unchanged: 1 });
    expect([await isSignedIn(agent), await isSignedIn(later)]).toEqual([false, true]);
  });

  test('S2, R37, C18: a factor that comes by an import is told to the new address and the directory’s, and recorded', async () => {
    const id = 'factors1';
    await run(
      `login_id,kind,email,locale,password\n${id},sps,${id}@directory.example,ja,${testPassword}\nfactors2,sps,,,x-${testPassword}`,
    );
    const accountId = (await findAccountByLoginId(database.db, id))?.id ?? '';
    const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
    const csv = `login_id,kind,factor_email,totp_secret\n${id},sps,${id}@mail.example,${secret}\nfactors2,sps,factors2@mail.example,`;
    expect(await run(csv)).toEqual({ ...none, updated: 2 });
    const notices = async (of: string) =>
      (
        await database.db
          .selectFrom('mails')
          .select(['to_address', 'locale', sql<string>`model->>'notice'`.as('notice')])
          .where('account_id', '=', of)
          .where('kind', '=', 'notice')
          .execute()
      ).map(({ to_address: to, locale, notice }) => `${notice} ${locale} ${to}`);
    expect((await notices(accountId)).toSorted()).toEqual([
      `app-added ja ${id}@mail.example`,
      `mail-added ja ${id}@directory.example`,
      `mail-added ja ${id}@mail.example`,
    ]);
    expect(await eventsOf(accountId, 'factor.mail-enrolled')).toMatchObject([{ details: { by: 'import' } }]);
    expect(await eventsOf(accountId, 'factor.app-enrolled')).toMatchObject([{ details: { by: 'import' } }]);
    // It leaves by the nodes that run, with its own way to say "this was not me".
    await cluster.mailsSettled();
    const text = (await cluster.smtp.mails.find(({ to }) => to.includes(`${id}@directory.example`))?.parsed)
      ?.text;
    expect(text).toContain(`${cluster.issuer}/not-me/`);
    // Again: nothing new, so nothing is told.
    expect(await run(csv)).toEqual({ ...none, unchanged: 2 });
    expect(await notices(accountId)).toHaveLength(3);
  });

  test('S2: a hash that a sign-in renews during the import is no newer password, one that is set meanwhile is', async () => {
    for (const meanwhile of ['renewed', 'set']) {
      const subject = await addSubject(cluster);
      const real = hasher();
      const { accountId } = subject;
      const change = async (): Promise<void> => {
        if (meanwhile === 'set')
          await setPassword(database.db, real, { ...subject, plain: 'b-Horse-9-Set', actor: 'x' });
        const phc = await real.hash(testPassword);
        if (meanwhile === 'renewed')
          await database.db
            .updateTable('passwords')
            .set({ phc })
            .where('account_id', '=', accountId)
            .execute();
      };
      const report = await importAccounts({
        db: database.db,
        hasher: {
          ...real,
          async hash(plain) {
            const phc = await real.hash(plain);
            await change();
            return phc;
          },
        },
        sealer: cluster.sealer,
        canonicalAddress: (input) => ({ address: input }),
        source: Readable.from([`login_id,kind,password\n${subject.loginId},sps,${other}`]),
        actor: 'cli:test',
      });
      expect([meanwhile, report.updated, report.kept.length]).toEqual([
        meanwhile,
        ...(meanwhile === 'set' ? [0, 1] : [1, 0]),
      ]);
      expect([await passes(subject.loginId, testPassword), await passes(subject.loginId, other)]).toEqual([
        false,
        meanwhile === 'renewed',
      ]);
    }
  });

  test('S3: the same file again puts no old password back', async () => {
    const subject = await addSubject(cluster);
    const csv = `login_id,kind,password\n${subject.loginId},sps,${testPassword}`;
    expect(await run(csv)).toEqual({ ...none, unchanged: 1 });
    await setPassword(database.db, hasher(), { ...subject, plain: other, actor: 'cli:test' });
    for (let time = 0; time < 2; time += 1) {
      expect(await run(csv)).toEqual({
        ...none,
        unchanged: 1,
        kept: [{ line: 2, notes: [expect.stringContaining('was changed since')] }],
      });
      expect([await passes(subject.loginId, testPassword), await passes(subject.loginId, other)]).toEqual([
        false,
        true,
      ]);
    }
    // Something new is taken, and from then on it is what the file said last.
    const third = 'a-third-Horse-Battery-9';
    expect(await run(csv.replace(testPassword, third))).toEqual({ ...none, updated: 1 });
    expect(await passes(subject.loginId, third)).toBe(true);
    expect(await run(csv.replace(testPassword, third))).toEqual({ ...none, unchanged: 1 });
  });

  test('S3: the same file again puts no old hash back, after a sign-in renewed it and after set-password', async () => {
    const phc = await argon2(testPassword, { memoryCost: 512, timeCost: 2 });
    const csv = `login_id,kind,password_hash\nhashed1,sps,"${phc}"`;
    await run(csv);
    expect(await passes('hashed1', testPassword)).toBe(true);
    const renewed = await phcOf('hashed1');
    expect(renewed).not.toBe(phc);
    expect(await run(csv)).toEqual({ ...none, unchanged: 1 });
    // In another spelling it is the same.
    expect(await run(csv.replace('$argon2id', '{ARGON2}$argon2id'))).toEqual({ ...none, unchanged: 1 });
    expect(await phcOf('hashed1')).toBe(renewed);
    const account = await findAccountByLoginId(database.db, 'hashed1');
    await setPassword(database.db, hasher(), {
      accountId: account?.id ?? '',
      loginId: 'hashed1',
      plain: other,
      actor: 'cli:test',
    });
    expect(await run(csv)).toEqual({
      ...none,
      unchanged: 1,
      kept: [{ line: 2, notes: [expect.stringContaining('was changed since')] }],
    });
    expect([await passes('hashed1', testPassword), await passes('hashed1', other)]).toEqual([false, true]);
  });

  test('S3: the first import after an upgrade puts no old password back, and takes what is surely new', async () => {
    const phc = await argon2(testPassword, { memoryCost: 512, timeCost: 2 });
    const file = (plain: string, hash: string) =>
      `login_id,kind,password,password_hash\nup1,sps,${plain},\nup2,sps,${plain},\nup3,sps,,"${hash}"\nup4,sps,,"${hash}"\nup5,sps,${plain},`;
    await run(file(testPassword, phc));
    // As an earlier release has left them: up1 and up3 set since, up4 renewed at a sign-in, nothing remembered.
    for (const loginId of ['up1', 'up3']) {
      const accountId = (await findAccountByLoginId(database.db, loginId))?.id ?? '';
      await setPassword(database.db, hasher(), { accountId, loginId, plain: other, actor: 'cli:test' });
    }
    expect(await passes('up4', testPassword)).toBe(true);
    const before = await phcOf('up4');
    await database.db.updateTable('import_memory').set({ said: '{}', password_said_at: null }).execute();
    const report = await run(file(testPassword, phc));
    expect(report).toMatchObject({ updated: 0, unchanged: 5 });
    expect(report.kept.map(({ line }) => line)).toEqual([2, 4, 5]);
    for (const loginId of ['up1', 'up3'])
      expect([await passes(loginId, testPassword), await passes(loginId, other)]).toEqual([false, true]);
    expect(await phcOf('up4')).toBe(before);
    // From here on it is known what the file says.
    expect(await run(file('a-third-Horse-Battery-9', phc))).toMatchObject({ updated: 3, unchanged: 2 });
    expect(await passes('up1', 'a-third-Horse-Battery-9')).toBe(true);

    // A password that was never changed since the account was made is the file's: another one is new.
    await run(`login_id,kind,password\nup6,sps,${testPassword}`);
    await database.db.deleteFrom('import_memory').execute();
    expect(await run(`login_id,kind,password\nup6,sps,${other}`)).toEqual({ ...none, updated: 1 });
    expect(await passes('up6', other)).toBe(true);
  });

  test('S3: name, address and language that were changed elsewhere stay until the file says something new', async () => {
    const csv = (name: string, locale: string) =>
      `login_id,kind,name_en,email,locale,ends_at\nprofile1,sps,${name},p1@uni.example,${locale},2040-03-31`;
    await run(csv('First', 'en'));
    const account = await findAccountByLoginId(database.db, 'profile1');
    const id = account?.id ?? '';
    await setAccountLocale(database.db, id, 'ja');
    await database.db
      .updateTable('accounts')
      .set({ name_en: 'Elsewhere', ends_at: '2041-03-31T00:00:00Z' })
      .where('id', '=', id)
      .execute();
    expect(await run(csv('First', 'en'))).toEqual({
      ...none,
      unchanged: 1,
      kept: [{ line: 2, notes: [expect.stringContaining('name_en'), expect.stringContaining('ends_at')] }],
    });
    expect(await findAccountByLoginId(database.db, 'profile1')).toMatchObject({
      names: { en: 'Elsewhere' },
      locale: 'ja',
    });
    // Something new: the name is taken; the language is the user's own since.
    expect(await run(csv('Second', ''))).toMatchObject({
      updated: 1,
      kept: [
        {
          line: 2,
          notes: [expect.stringContaining('locale was chosen'), expect.stringContaining('ends_at')],
        },
      ],
    });
    expect(await findAccountByLoginId(database.db, 'profile1')).toMatchObject({
      names: { en: 'Second' },
      email: 'p1@uni.example',
      locale: 'ja',
    });
  });

  test('S3: what is remembered holds nothing that was said, and outlives a change of the secret', async () => {
    const csv = `login_id,kind,name_en,password\nmemory1,sps,Secretly Named,${testPassword}`;
    await run(csv);
    const id = (await findAccountByLoginId(database.db, 'memory1'))?.id ?? '';
    const { said } = await database.db
      .selectFrom('import_memory')
      .select('said')
      .where('account_id', '=', id)
      .executeTakeFirstOrThrow();
    const text = JSON.stringify(said);
    expect(text).not.toContain('Secretly');
    expect(text).not.toContain(testPassword);
    // Not the hash either: whoever reads the memory alone has nothing to try passwords on.
    expect(text).not.toContain((await phcOf('memory1')).split('$').at(-1) ?? 'missing');
    await setPassword(database.db, hasher(), {
      accountId: id,
      loginId: 'memory1',
      plain: other,
      actor: 'cli:test',
    });
    const generations = secretGenerations(cluster.config.secrets);
    const rotated = createSealer([{ id: 'next', secret: 'x'.repeat(48) }, ...generations]);
    expect(await run(csv, rotated)).toMatchObject({ updated: 0, kept: [{ line: 2 }] });
    expect(await passes('memory1', other)).toBe(true);
  });
});
