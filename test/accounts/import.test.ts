import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { hash as argon2 } from '@node-rs/argon2';
import { findAccountByLoginId } from '../../src/accounts/directory.ts';
import { ImportRefusedError, importAccounts, type ImportReport } from '../../src/accounts/import.ts';
import { createPasswordHasher } from '../../src/accounts/password-hasher.ts';
import { newId } from '../../src/base/ids.ts';
import type { Db } from '../../src/db/open.ts';
import { canonicalAddress } from '../../src/factors/mail/address.ts';
import { describeOnEveryDatabase, openTestEmbedded, type TestDatabase } from '../support/databases.ts';
import { testSealer } from '../support/sealer.ts';
import { cheapHashing, countingHasher, password } from './helpers.ts';

const sealer = testSealer();
const hasher = createPasswordHasher(cheapHashing);
const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';

const forbidden = [{ domain: 'kyoto-u.ac.jp', include_subdomains: false }];
function address(input: string): { address: string } | { reason: string } {
  const canonical = canonicalAddress(input, forbidden);
  return 'address' in canonical ? { address: canonical.address } : { reason: `is ${canonical.fault}` };
}

type Options = Partial<Parameters<typeof importAccounts>[0]>;
function run(db: Db, text: string, options: Options = {}): Promise<ImportReport> {
  return importAccounts({
    db,
    hasher,
    sealer,
    source: Readable.from([Buffer.from(text)]),
    actor: 'cli:test',
    canonicalAddress: address,
    ...options,
  });
}

/** Every row that an import could have written, without the times. */
async function everything(db: Db) {
  const tables = ['accounts', 'passwords', 'mail_factors', 'app_factors', 'audit_events'] as const;
  const rows = await Promise.all(tables.map((table) => db.selectFrom(table).selectAll().execute()));
  return Object.fromEntries(tables.map((table, index) => [table, rows[index]?.length]));
}

const none = { imported: 0, updated: 0, unchanged: 0, bad: [], kept: [] };

describeOnEveryDatabase('importing accounts', (open) => {
  let database: TestDatabase;
  let db: Db;
  let phc: string;
  const factorsOf = async (loginId: string) => {
    const account = await findAccountByLoginId(db, loginId);
    const id = account?.id ?? '';
    return {
      account,
      mail: await db.selectFrom('mail_factors').selectAll().where('account_id', '=', id).execute(),
      apps: await db.selectFrom('app_factors').selectAll().where('account_id', '=', id).execute(),
      phc: (await db.selectFrom('passwords').select('phc').where('account_id', '=', id).executeTakeFirst())
        ?.phc,
    };
  };
  beforeAll(async () => {
    database = await open();
    db = database.db;
    phc = await argon2('brought over', { memoryCost: 512, timeCost: 2 });
  });
  afterAll(() => database.close());

  test('brings over names, password, hash and proven factors', async () => {
    const report = await run(
      db,
      `\uFEFFlogin_id,kind,name_en,name_ja,email,affiliation,locale,password,password_hash,factor_email,totp_secret\r
Ａ０００1001,SPS-ID,"Yamada, ""Taro""",山田　太郎,taro@st.kyoto-u.ac.jp,学生,ja,${password},,Taro@Mail.example,\r
kyoin1001,staff,Hanako Suzuki,"鈴木
花子",,,EN,,"${phc}",,jbsw y3dp ehpk 3pxp jbsw y3dp ehpk 3pxp\r
a0001002,guest,,,,,,,,,\r
`,
    );
    expect(report).toEqual({ ...none, imported: 3 });
    const taro = await factorsOf('a0001001');
    expect(taro.account).toMatchObject({
      kind: 'sps',
      names: { en: 'Yamada, "Taro"', ja: '山田　太郎' },
      email: 'taro@st.kyoto-u.ac.jp',
      affiliation: '学生',
      locale: 'ja',
      status: 'active',
      roles: [],
      firstEnrolledAt: expect.any(Date),
    });
    expect(await hasher.verify(taro.phc ?? '', password)).toBe(true);
    expect(taro.mail).toMatchObject([{ address: 'Taro@mail.example', state: 'active' }]);
    const hanako = await factorsOf('kyoin1001');
    expect(hanako.account).toMatchObject({ kind: 'ecs', names: { ja: '鈴木 花子' }, locale: 'en' });
    expect(hanako.phc).toBe(phc);
    const [app] = hanako.apps;
    expect(app).toMatchObject({ name: 'app', state: 'active' });
    expect(Number(app?.last_step)).toBe(0);
    const place = `app_factors:${app?.id}:${hanako.account?.id}`;
    expect(sealer.open(app?.secret_sealed ?? Buffer.of(), place).toString()).toBe(secret);
    const guest = await factorsOf('a0001002');
    expect(guest).toMatchObject({
      account: { firstEnrolledAt: undefined },
      mail: [],
      apps: [],
      phc: undefined,
    });
    const audit = await db
      .selectFrom('audit_events')
      .selectAll()
      .where('account_id', '=', taro.account?.id ?? '')
      .execute();
    expect(audit).toMatchObject([
      { event: 'account.imported', actor: 'cli:test', details: { new: true, line: 2 } },
    ]);
    expect(JSON.stringify(audit[0]?.details)).not.toContain('mail.example');
  });

  test('running the same file again changes nothing, and hashes nothing anew', async () => {
    const file = `login_id,kind,name_ja,password,factor_email,totp_secret
b0000001,student,山田,${password},b1@mail.example,${secret}
b0000002,student,,another password,,`;
    expect(await run(db, file)).toEqual({ ...none, imported: 2 });
    const before = await everything(db);
    const counting = countingHasher();
    expect(await run(db, file, { hasher: counting })).toEqual({ ...none, unchanged: 2 });
    expect(counting.counts()).toEqual({ hash: 0, verify: 2, verifyNothing: 0 });
    expect(await everything(db)).toEqual(before);
  });

  test('an existing account changes only in the columns that the file has', async () => {
    await run(db, `login_id,kind,name_en,name_ja,password\nc0000001,sps,Old,旧,${password}`);
    const before = await factorsOf('c0000001');
    expect(await run(db, 'login_id,kind,name_en\nC0000001,sps,New')).toEqual({ ...none, updated: 1 });
    const after = await factorsOf('c0000001');
    expect(after.account?.names).toEqual({ en: 'New', ja: '旧' });
    expect(after.phc).toBe(before.phc);
    // An empty cell of a column that is there clears it, but takes no password away.
    expect(await run(db, 'login_id,kind,name_en,password\nc0000001,sps,,')).toEqual({ ...none, updated: 1 });
    expect((await factorsOf('c0000001')).account?.names).toEqual({ en: undefined, ja: '旧' });
    expect((await factorsOf('c0000001')).phc).toBe(before.phc);
    expect(await run(db, 'login_id,kind,password\nc0000001,sps,quite another one')).toEqual({
      ...none,
      updated: 1,
    });
    expect(await hasher.verify((await factorsOf('c0000001')).phc ?? '', 'quite another one')).toBe(true);
    expect(await run(db, `login_id,kind,password_hash\nc0000001,sps,"${phc}"`)).toEqual({
      ...none,
      updated: 1,
    });
    expect((await factorsOf('c0000001')).phc).toBe(phc);
  });

  test('factors come to an existing account, and none that runs or was ended is touched', async () => {
    await run(db, 'login_id,kind\nd0000001,sps');
    const file = `login_id,kind,factor_email,totp_secret\nd0000001,sps,d1@mail.example,${secret}`;
    expect(await run(db, file)).toEqual({ ...none, updated: 1 });
    const first = await factorsOf('d0000001');
    expect(first.account?.firstEnrolledAt).toBeInstanceOf(Date);
    // Another address does not replace the proven one; the same secret makes no second app.
    const other = `login_id,kind,factor_email,totp_secret\nd0000001,sps,other@mail.example,${secret.toLowerCase()}`;
    expect(await run(db, other)).toEqual({
      ...none,
      unchanged: 1,
      kept: [{ line: 2, notes: [expect.stringContaining('stays')] }],
    });
    // What its owner has removed (a lost phone) does not come back with an old file.
    await db
      .updateTable('app_factors')
      .set({ state: 'removed' })
      .where('id', '=', first.apps[0]?.id ?? '')
      .execute();
    await db
      .updateTable('mail_factors')
      .set({ state: 'removed' })
      .where('id', '=', first.mail[0]?.id ?? '')
      .execute();
    expect(await run(db, file)).toEqual({
      ...none,
      unchanged: 1,
      kept: [{ line: 2, notes: [expect.stringContaining('not brought back')] }],
    });
    const last = await factorsOf('d0000001');
    expect([last.mail.length, last.apps.length]).toEqual([1, 1]);
    expect(last.account?.firstEnrolledAt).toEqual(first.account?.firstEnrolledAt);
  });

  test('bad lines are reported by number with all reasons; nothing of them is imported, everything else is', async () => {
    const file = `login_id,kind,name_en,email,locale,password,password_hash,factor_email,totp_secret
e0000001,sps,Good,,,,,,
,sps,,,,,,,
e 0000002,teacher,,not an address,fr,short,,a@kyoto-u.ac.jp,123
e0000003,sps,,,,${password},"${phc}",,
e0000004,sps,,,,,$2b$10$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234,,
e0000005,sps,,,,,,nobody,
e0000006,sps,,,,,,,JBSWY3DPEHPK3PX1
e0000007,sps,too,few
e0000008,sps,"stray,,,,,,
Ｅ０００0001,ecs,Twice,,,,,,
e0000009,sps,nul\0,,,,,,
e0000010,sps,Good,,,,,,
,,,,,,,,

e0000010,sps,again,bad email,,,,,
`;
    const before = await everything(db);
    const report = await run(db, file);
    const said = (pattern: string) => expect.stringContaining(pattern);
    expect(report).toEqual({
      ...none,
      imported: 2,
      bad: [
        { line: 3, reasons: [said('login_id is missing')] },
        {
          line: 4,
          reasons: [
            said('login_id'),
            said('kind'),
            said('email is not'),
            said('locale'),
            said('shorter than 8'),
            said('factor_email is forbidden'),
            said('totp_secret'),
          ],
        },
        { line: 5, reasons: [said('both')] },
        { line: 6, reasons: [said('only argon2id')] },
        { line: 7, reasons: [said('factor_email is malformed')] },
        { line: 8, reasons: [said('totp_secret')] },
        { line: 9, reasons: [said('4 fields')] },
        { line: 10, reasons: [said('quotation mark')] },
        { line: 11, reasons: [said('line 2')] },
        { line: 12, reasons: [said('control character')] },
        { line: 16, reasons: [said('email is not'), said('line 13')] },
      ],
    });
    const after = await everything(db);
    expect(after).toEqual({
      ...before,
      accounts: (before.accounts ?? 0) + 2,
      audit_events: (before.audit_events ?? 0) + 2,
    });
    const text = JSON.stringify(report);
    expect(text).not.toContain(password);
    expect(text).not.toContain(phc);
  });

  test('D5: the day an account ends is taken over, changed, taken back, and left alone', async () => {
    const endOf = async () =>
      db
        .selectFrom('accounts')
        .select(['login_id', 'ends_at'])
        .where('login_id', 'like', 'ends%')
        .orderBy('login_id')
        .execute();
    const file = (first: string, second: string) =>
      run(db, `login_id,kind,ends_at\nends1,sps,${first}\nends2,sps,${second}\n`);
    expect(await file('2027-03-31', '')).toEqual({ ...none, imported: 2 });
    expect(await endOf()).toEqual([
      { login_id: 'ends1', ends_at: new Date('2027-03-31T00:00:00Z') },
      { login_id: 'ends2', ends_at: null },
    ]);
    expect(await file('2027-03-31', '')).toEqual({ ...none, unchanged: 2 });
    expect(await run(db, 'login_id,kind,name_en\nends1,sps,\n')).toEqual({ ...none, unchanged: 1 });
    expect(await file('', '２０２８-09-30')).toEqual({ ...none, updated: 2 });
    expect(await endOf()).toEqual([
      { login_id: 'ends1', ends_at: null },
      { login_id: 'ends2', ends_at: new Date('2028-09-30T00:00:00Z') },
    ]);
    const { bad } = await file('2027-02-30', '31.3.2027');
    const reasons = ['ends_at is not a date such as 2027-03-31'];
    expect(bad).toEqual([
      { line: 2, reasons },
      { line: 3, reasons },
    ]);
  });

  test('S17: days as spreadsheets save them, and the reason why one is none', async () => {
    const days = [
      '2027/3/31',
      '2027-3-31',
      '2027/03/31',
      '2027.3.31',
      '2027年3月31日',
      '２０２７／３／３１',
      '２０２７年３月３１日',
      '2027年03月31日(水)',
      '2027/3/31 0:00',
      '2027-03-31T00:00:00Z',
      '2027-03-31T00:00:00+09:00',
      '2027年3月31日水曜日',
      '20270331',
      ' 2027-03-31 ',
    ];
    const lines = days.map((day, index) => `day${index},sps,"${day}"`);
    expect(await run(db, `login_id,kind,ends_at\n${lines.join('\n')}`)).toEqual({
      ...none,
      imported: days.length,
    });
    const stored = await db
      .selectFrom('accounts')
      .select('ends_at')
      .where('login_id', 'like', 'day%')
      .groupBy('ends_at')
      .execute();
    expect(stored).toEqual([{ ends_at: new Date('2027-03-31T00:00:00Z') }]);

    expect(await run(db, 'login_id,kind,ends_at\nforever,sps,9999-12-31')).toMatchObject({ imported: 1 });

    const refused = [
      ['2027-02-30', 'not a date'],
      ['2027/13/1', 'not a date'],
      ['2027年2月29日', 'not a date'],
      ['2027-3/31', 'not a date'],
      ['2027', 'not a date'],
      ['20271331', 'not a date'],
      ['2027-03-31T09:00:00+09:00', 'not a date'],
      ['0027/3/31', 'not a date'],
      ['3/31/2027', 'not a date'],
      ['27/3/31', 'two digits'],
      ['３１/３/２７', 'two digits'],
      ['令和9年3月31日', 'era'],
      ['R9.3.31', 'era'],
      ['46112', 'number of a day'],
    ];
    const { bad, imported } = await run(
      db,
      `login_id,kind,ends_at\n${refused.map(([day], index) => `no${index},sps,${day}`).join('\n')}`,
    );
    expect(imported).toBe(0);
    expect(bad).toEqual(
      refused.map(([, reason], index) => ({
        line: index + 2,
        reasons: [expect.stringMatching(new RegExp(`^ends_at .*${reason}`))],
      })),
    );
  });

  test('S17: what spreadsheets add to a file is no fault, and what it hides is told', async () => {
    const file = `\uFEFFsep=;\r
login_id;kind;name_en;email;;\r
="0012345";student;"=""007""";;;\r
"=""0012346""";student;Comma, Inc.;;;\r
0012347;student;Name;;\r
0012348;student;Name;;;;;\r
;;;;;\r
0012349;student;Name;;x;\r
0012350;student;Name\r
0012351;student;Name;;=\r
`;
    const reasons = (said: string) => [expect.stringContaining(said)];
    expect(await run(db, file)).toEqual({
      ...none,
      imported: 4,
      bad: [
        { line: 8, reasons: reasons('the line has 6 fields, the first line names 4') },
        { line: 9, reasons: reasons('3 fields') },
        { line: 10, reasons: reasons('5 fields') },
      ],
    });
    expect((await factorsOf('0012345')).account?.names.en).toBe('007');
    expect((await factorsOf('0012346')).account?.names.en).toBe('Comma, Inc.');
    // A password may look like anything.
    await run(db, 'login_id,kind,password\nformula,sps,"=""quite a password"""');
    expect(await hasher.verify((await factorsOf('formula')).phc ?? '', '="quite a password"')).toBe(true);
  });

  test('S16, S17: every fault names its column, and no part of a secret', async () => {
    const faults = [
      ['totp_secret', '48656c6c6f21deadbeef48656c6c6f21', 'hexadecimal'],
      ['totp_secret', 'JBSWY3DPEHPK3PXP1', 'does not have'],
      ['totp_secret', 'JBSWY3DPEHPK3PXPJBSWY3', '22 characters'],
      ['totp_secret', 'otpauth://totp/x?secret=JBSWY3DPEHPK3PXP&digits=8', 'digits'],
      ['password_hash', '{SSHA}c2VjcmV0', 'SSHA'],
      [
        'password_hash',
        'argon2$argon2i$v=19$m=512,t=2,p=2$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA',
        'argon2i',
      ],
      ['password', 'short', 'shorter than 8'],
      ['factor_email', 'nobody', 'malformed'],
      ['email', 'nobody', 'not an address'],
    ] as const;
    for (const [column, value, said] of faults) {
      const report = await run(db, `login_id,kind,${column}\nfault1,sps,"${value}"`);
      expect(report).toEqual({
        ...none,
        bad: [{ line: 2, reasons: [expect.stringMatching(new RegExp(`^${column} .*${said}`))] }],
      });
      expect(JSON.stringify(report)).not.toMatch(/JBSWY3|48656c|c2Fsd|c2Vj/);
    }
    expect((await factorsOf('fault1')).account).toBeUndefined();
  });

  test('R2: an ID stays of its kind, also when a file says otherwise', async () => {
    await run(db, 'login_id,kind\nf0000001,ecs');
    expect(await run(db, 'login_id,kind,name_en\nf0000001,student,New')).toEqual({
      ...none,
      bad: [{ line: 2, reasons: [expect.stringContaining('kind ecs')] }],
    });
    expect((await factorsOf('f0000001')).account).toMatchObject({ kind: 'ecs', names: { en: undefined } });
  });

  test('a run stopped in the middle is finished by running the file again', async () => {
    const lines = Array.from(
      { length: 25 },
      (_, i) => `g${String(i).padStart(7, '0')},sps,g${i}@mail.example`,
    );
    const file = ['login_id,kind,factor_email', ...lines].join('\n');
    async function* stopping(): AsyncGenerator<Buffer> {
      yield Buffer.from(file.slice(0, Math.floor(file.length / 2)));
      throw new Error('the disk is gone');
    }
    await expect(run(db, file, { source: Readable.from(stopping()), batchSize: 10 })).rejects.toThrow('disk');
    const count = async () =>
      (await db.selectFrom('accounts').select('id').where('login_id', 'like', 'g%').execute()).length;
    expect(await count()).toBe(10);
    expect(await run(db, file, { batchSize: 10 })).toEqual({ ...none, imported: 15, unchanged: 10 });
    expect(await count()).toBe(25);
    const mail = await db.selectFrom('mail_factors').select('id').where('address', 'like', 'g%').execute();
    expect(mail).toHaveLength(25);
  });

  test('a batch is all or nothing: a database error in its middle leaves no half account', async () => {
    const before = await everything(db);
    const failing = {
      ...sealer,
      seal: () => {
        throw new Error('sealing failed');
      },
    };
    const file = `login_id,kind,password,factor_email,totp_secret\nh0000001,sps,${password},h1@mail.example,${secret}`;
    await expect(run(db, file, { sealer: failing })).rejects.toThrow('sealing failed');
    expect(await everything(db)).toEqual(before);
  });

  test('two imports of one file at once: each account once', async () => {
    const lines = Array.from({ length: 60 }, (_, i) => `i${String(i).padStart(7, '0')},sps,${secret}`);
    const file = ['login_id,kind,totp_secret', ...lines].join('\n');
    const other = await database.connect();
    const reports = await Promise.all([run(db, file, { batchSize: 7 }), run(other, file, { batchSize: 11 })]);
    expect(reports.map((report) => report.bad)).toEqual([[], []]);
    const sum = (of: (report: ImportReport) => number): number => reports.map(of).reduce((a, b) => a + b);
    expect([sum((report) => report.imported), sum((report) => report.unchanged)]).toEqual([60, 60]);
    const rows = await db
      .selectFrom('accounts as a')
      .innerJoin('app_factors as f', 'f.account_id', 'a.id')
      .select('a.login_id')
      .where('a.login_id', 'like', 'i%')
      .execute();
    expect(rows).toHaveLength(60);
  });

  test('a disabled account stays disabled', async () => {
    await db
      .insertInto('accounts')
      .values({ id: newId(), login_id: 'j0000001', kind: 'sps', status: 'disabled' })
      .execute();
    expect(await run(db, 'login_id,kind,name_en\nj0000001,sps,Name')).toEqual({ ...none, updated: 1 });
    expect((await factorsOf('j0000001')).account).toMatchObject({
      status: 'disabled',
      names: { en: 'Name' },
    });
  });
});

describe('a file that is refused as a whole', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await openTestEmbedded();
  });
  afterAll(() => database.close());

  test.each([
    ['', 'empty'],
    ['login_id,kind,nickname,', '"nickname", one without a name'],
    ['login_id,name_en', 'missing: kind'],
    ['login_id,kind,KIND ', 'twice: kind'],
    ['login_id;kind;name_en', 'separated by commas'],
    ['a0000001,sps,Taro', 'names no column'],
    ['login_id,"kind', 'quotation mark'],
  ])('%j is refused: %s', async (header, reason) => {
    const attempt = run(database.db, header === '' ? '' : `${header}\nk0000001,sps,x`);
    await expect(attempt).rejects.toBeInstanceOf(ImportRefusedError);
    await expect(run(database.db, header)).rejects.toThrow(reason);
    expect(await database.db.selectFrom('accounts').select('id').execute()).toEqual([]);
  });

  test('UTF-16 and Shift_JIS are named for what they are', async () => {
    const utf16 = Buffer.from('\uFEFFlogin_id,kind\nk0000001,sps\n', 'utf16le');
    await expect(run(database.db, '', { source: Readable.from([utf16]) })).rejects.toThrow('UTF-8');
    const shiftJis = Buffer.concat([
      Buffer.from('login_id,kind,name_ja\nk0000001,sps,'),
      Buffer.of(0x8e, 0x52, 0x93, 0x63),
      Buffer.from('\nk0000002,sps,\n'),
    ]);
    expect(await run(database.db, '', { source: Readable.from([shiftJis]) })).toEqual({
      ...none,
      imported: 1,
      bad: [{ line: 2, reasons: [expect.stringContaining('Shift_JIS')] }],
    });
  });
});
