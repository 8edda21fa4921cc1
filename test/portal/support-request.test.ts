import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { disableAccount } from '../../src/accounts/status.ts';
import type { Db } from '../../src/db/open.ts';
import { readOpening } from '../../src/desk/calendar/calendar.ts';
import { digestOfUnknownId } from '../../src/desk/typed-id.ts';
import { openingInWords } from '../../src/i18n/opening.ts';
import { accountId, person } from '../login/visits.ts';
import { burst } from '../support/burst.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { collectingLogger } from '../support/logger.ts';
import { expectNothingForeign, expectPageHeaders } from '../support/page-headers.ts';
import { type Answer, UserAgent } from '../support/user-agent.ts';

const path = '/help/support';
let networks = 0;
/** A network of its own: five an hour are its limit. */
const newNetwork = (): string => `127.7.${Math.floor((networks += 1) / 250)}.${(networks % 250) + 1}`;

const numberOn = (answer: Answer): string => answer.html.querySelector('[data-case]')?.textContent ?? '';
const openingOn = (answer: Answer): string => answer.html.querySelector('[data-opening]')?.textContent ?? '';

/** An answer without what is new in every one: token, case number, the request's own id and cookies. */
function masked(answer: Answer): { status: number; headers: object; body: string } {
  const { date: _date, 'x-request-id': _request, 'set-cookie': _cookie, ...headers } = answer.headers;
  const token = answer.html.querySelector('input[name=csrf]')?.getAttribute('value') ?? 'none';
  const body = answer.body.replaceAll(token, '<token>').replaceAll(numberOn(answer), '<number>');
  return { status: answer.status, headers, body };
}

describeOnEveryDatabase('the form for whoever cannot get in', (open) => {
  let database: TestDatabase;
  let db: Db;
  let cluster: Cluster;
  const log = collectingLogger();
  beforeAll(async () => {
    database = await open();
    ({ db } = database);
    cluster = await startCluster(database, { nodes: 2, logger: log.logger });
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  async function file(
    fields: Record<string, string>,
    options: { browser?: UserAgent; language?: string; network?: string; page?: Answer } = {},
  ): Promise<Answer> {
    const browser = options.browser ?? new UserAgent(cluster);
    const headers = { 'accept-language': options.language ?? 'en' };
    const page = options.page ?? (await browser.request(path, { headers }));
    const localAddress = options.network ?? newNetwork();
    return browser.post(page, { reason: 'lost-device', ...fields }, { headers, localAddress });
  }
  const casesOf = (loginId: string) =>
    db
      .selectFrom('desk_cases')
      .select(['number', 'account_id', 'login_id', 'reason', 'source', 'with_password', 'locale', 'state'])
      .where('login_id', 'in', [loginId, digestOfUnknownId(cluster.sealer, loginId)])
      .orderBy('created_at')
      .execute();

  test('R36, R3, A33, C12: known, unknown, disabled, malformed: byte for byte the same answer, and no mail', async () => {
    const known = await person(cluster, { mail: true, app: true });
    const nothingSetUp = await person(cluster);
    const disabled = await person(cluster, { mail: true });
    await disableAccount(db, await accountId(db, disabled), 'test');
    await cluster.mailsSettled();
    const mails = cluster.smtp.mails.length;
    const ids = {
      known: known.loginId,
      fullWidth: known.loginId
        .toUpperCase()
        .replaceAll(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
      nothingSetUp: nothingSetUp.loginId,
      disabled: disabled.loginId,
      unknown: 'nobody0001',
      malformed: `no such ID "<'; drop`,
      address: 'somebody@mail.example',
      huge: 'x'.repeat(9000),
    };
    for (const language of ['en', 'ja']) {
      const reference = masked(await file({ login_id: 'who0000001' }, { language }));
      expect(reference).toMatchObject({
        status: 200,
        body: expect.stringContaining('data-page="help-case"'),
      });
      for (const [kind, loginId] of Object.entries(ids)) {
        const answer = await file({ login_id: loginId }, { language });
        expect({ kind, ...masked(answer) }).toEqual({ kind, ...reference });
        expect(numberOn(answer)).toMatch(/^[2-9B-Z]{4}-[2-9B-Z]{4}$/);
      }
    }
    await cluster.mailsSettled();
    expect(cluster.smtp.mails).toHaveLength(mails);
    const id = await accountId(db, known);
    expect(await casesOf(known.loginId)).toEqual(
      ['en', 'en', 'ja', 'ja'].map((locale) => ({
        number: expect.any(String),
        account_id: id,
        login_id: known.loginId,
        reason: 'lost-device',
        source: 'user',
        with_password: false,
        locale,
        state: 'open',
      })),
    );
    expect(await casesOf('nobody0001')).toMatchObject([{ account_id: null }, { account_id: null }]);
    const longest = await sql<{
      length: number;
    }>`select max(length(login_id)) as length from desk_cases`.execute(db);
    expect(longest.rows[0]?.length).toBeLessThanOrEqual(64);
    expect(log.text()).not.toContain(known.loginId);
  });

  test('S30: a password typed into the field of the ID is nowhere in the database, the log or the audit log', async () => {
    const passwords = [
      'correct-Horse-Battery-7',
      'hunter2hunter2',
      'Ｐassword１２３',
      'open sesame',
      'ひらけゴマ2026',
    ];
    for (const password of passwords) {
      const filed = await file({ login_id: password });
      expect([filed.status, filed.page]).toEqual([200, 'help-case']);
      // … and where it is refused for its reason.
      await file({ login_id: password, reason: '' });
      await file({ login_id: password });
      // The same at the sign-in page, where each attempt is counted.
      const browser = new UserAgent(cluster);
      await browser.submit(await browser.start('important'), {
        login_id: password,
        password: 'something else',
      });
    }
    const tables = [
      'desk_cases',
      'audit_events',
      'limits',
      'mails',
      'sign_ins',
      'oidc_payloads',
      'challenges',
    ];
    for (const table of tables) {
      const { rows } = await sql<{ row: string }>`select t::text as row from ${sql.table(table)} t`.execute(
        db,
      );
      const text = rows.map(({ row }) => row.normalize('NFKC').toLowerCase()).join('\n');
      for (const password of passwords)
        expect([table, password, text.includes(password.normalize('NFKC').toLowerCase())]).toEqual([
          table,
          password,
          false,
        ]);
    }
    for (const password of passwords) expect(log.text()).not.toContain(password);
    // The same was typed twice: the desk can see that, and nothing more.
    const twice = await casesOf('hunter2hunter2');
    expect(twice).toHaveLength(2);
    expect(new Set(twice.map((row) => row.login_id)).size).toBe(1);
  });

  test('R42, R51: open or closed, the form works, and says which it is and when it opens next', async () => {
    const day = (ahead: number) =>
      sql`to_char((now() at time zone (select time_zone from desk_calendar)) + make_interval(days => ${ahead}), 'YYYY-MM-DD')`;
    const declare = async (kind: 'open' | 'closed'): Promise<void> => {
      await sql`delete from desk_days where source = 'operator'`.execute(db);
      // Also where midnight falls between this and the request.
      for (const ahead of [0, 1, 2])
        await sql`insert into desk_days (day, source, kind, opens, closes, name_en, name_ja, changed_by)
          values (${day(ahead)}, 'operator', ${kind}, ${kind === 'open' ? '00:00' : null},
            ${kind === 'open' ? '24:00' : null}, 'Test', '試験', 'test')`.execute(db);
    };
    for (const kind of ['open', 'closed'] as const) {
      await declare(kind);
      const said = await readOpening(db);
      expect(said.open).toBe(kind === 'open');
      for (const language of ['en', 'ja'] as const) {
        const browser = new UserAgent(cluster);
        const page = await browser.request(path, { headers: { 'accept-language': language } });
        const filed = await file({ login_id: 'hours00001' }, { browser, page, language });
        expect([page.status, page.page, filed.status, filed.page]).toEqual([
          200,
          'help-support-request',
          200,
          'help-case',
        ]);
        for (const shown of [page, filed]) {
          expect(openingOn(shown)).toBe(openingInWords(said, language));
          expect(shown.html.querySelector('[data-opening]')?.getAttribute('data-opening')).toBe(kind);
          expectPageHeaders(shown, { https: false });
          expectNothingForeign(shown);
        }
        // What to bring, for each way that is configured.
        for (const { id, name, bring } of cluster.config.desk.identity_checks) {
          const told = filed.html.querySelector(`[data-check=${id}]`)?.textContent ?? '';
          expect([told.includes(name[language]), told.includes(bring[language])]).toEqual([true, true]);
        }
      }
    }
    await sql`delete from desk_days where source = 'operator'`.execute(db);
  });

  test('R45: the toggle keeps what was typed, then the number; it files nothing, and leads back to the sign-in', async () => {
    const browser = new UserAgent(cluster);
    const signIn = await browser.start('important', { ui_locales: 'ja' });
    const link = signIn.html.querySelector('a[data-support]')?.getAttribute('href') ?? '';
    const localAddress = newNetwork();
    const submit = (answer: Answer, fields: Record<string, string>): Promise<Answer> =>
      browser.request(answer.html.querySelector('form#page-form')?.getAttribute('action') ?? '', {
        form: browser.fields(answer, fields),
        localAddress,
      });
    // In the language of the page that it was on, though the browser asks for English.
    const page = await browser.open(link.replaceAll('&amp;', '&'));
    expect([page.page, page.headers['content-language']]).toEqual(['help-support-request', 'ja']);
    const typed = { login_id: 'typed"<00001', reason: 'no-mail' };
    const turned = await submit(page, { ...typed, lang: 'en' });
    expect([turned.status, turned.page, turned.headers['content-language']]).toEqual([200, page.page, 'en']);
    expect(turned.html.querySelector('#login_id')?.getAttribute('value')).toBe(typed.login_id);
    expect(turned.html.querySelector('#reason-no-mail')?.hasAttribute('checked')).toBe(true);
    expect(turned.fault).toBeUndefined();
    expect(await casesOf('typed"<00001')).toEqual([]);

    const filed = await submit(turned, typed);
    expect([filed.page, filed.headers['content-language']]).toEqual(['help-case', 'en']);
    const turnedAgain = await submit(filed, { lang: 'ja' });
    expect([turnedAgain.page, turnedAgain.headers['content-language']]).toEqual(['help-case', 'ja']);
    expect(numberOn(turnedAgain)).toBe(numberOn(filed));
    expect(await casesOf('typed"<00001')).toHaveLength(1);
    // A number that this page has not given is not shown by it.
    const invented = await submit(filed, { lang: 'ja', number: 'AAAA-AAAA' });
    expect([invented.status, invented.fault]).toEqual([403, 'form_token_invalid']);

    const back = turnedAgain.html.querySelector('a.primary')?.getAttribute('href') ?? '';
    expect(back).toBe(signIn.url.pathname);
    expect((await browser.open(back)).page).toBe('sign-in');
    for (const login of ['//evil.example', 'https:evil', '../account', 'a b', '%00', '"><script>']) {
      const odd = await browser.request(`${path}?login=${encodeURIComponent(login)}`);
      expect([odd.status, odd.html.querySelector('main a[href*="interaction"]')]).toEqual([200, null]);
      expect(odd.body).not.toMatch(/evil|"><script/);
    }
  });

  test('R36: a double click, a reload and ten at once on two nodes are one request; another ID is another', async () => {
    const browser = new UserAgent(cluster);
    const page = await browser.open(path);
    const cookie = await browser.jar.getCookieString(cluster.issuer);
    const fields = browser.fields(page, { login_id: 'double0001', reason: 'other' });
    const { host, origin } = new URL(cluster.issuer);
    const answers = await burst(
      Array.from({ length: 5 }, (_, index) => ({
        url: `${cluster.nodes[index % 2]?.url ?? ''}${path}`,
        headers: { host, cookie, origin, 'sec-fetch-site': 'same-origin' },
        body: new URLSearchParams(fields).toString(),
      })),
    );
    const numbers = answers.map(
      ({ status, body }) => `${status} ${/data-case[^>]*>([^<]*)/.exec(body)?.[1] ?? ''}`,
    );
    const cases = await casesOf('double0001');
    expect(cases).toHaveLength(1);
    expect(new Set(numbers)).toEqual(new Set([`200 ${cases[0]?.number ?? ''}`]));
    // Sent again after a while, also when the network has used up what it may file.
    const again = await file(
      { login_id: ' DOUBLE0001', reason: 'other' },
      { browser, page, network: '127.0.0.1' },
    );
    expect(numberOn(again)).toBe(cases[0]?.number);
    const corrected = await file({ login_id: 'double0002', reason: 'other' }, { browser, page });
    expect(numberOn(corrected)).not.toBe(cases[0]?.number);
    expect([(await casesOf('double0001')).length, (await casesOf('double0002')).length]).toEqual([1, 1]);
    const { rows } = await sql`select id from audit_events where event = 'desk.case-filed'
      and details ->> 'number' = ${cases[0]?.number ?? ''}`.execute(db);
    expect(rows).toHaveLength(1);
  });

  test('A32: twenty an hour from one network, then a fault that keeps what was typed; others are not kept out', async () => {
    const network = newNetwork();
    const who = await person(cluster);
    for (let filed = 0; filed < 20; filed += 1)
      expect((await file({ login_id: `crowd${1000 + filed}` }, { network })).page).toBe('help-case');
    for (const loginId of [who.loginId, 'nobody0002']) {
      const limited = await file({ login_id: loginId }, { network });
      expect([limited.status, limited.page, limited.fault]).toEqual([
        429,
        'help-support-request',
        'support_limit_reached',
      ]);
      expect(limited.html.querySelector('#login_id')?.getAttribute('value')).toBe(loginId);
      expect(limited.html.querySelector('#reason-lost-device')?.hasAttribute('checked')).toBe(true);
      expect(await casesOf(loginId)).toEqual([]);
      expect((await file({ login_id: loginId })).page).toBe('help-case');
    }
  });

  test('C23, C45: an empty, odd, foreign or cross-site form files nothing', async () => {
    const browser = new UserAgent(cluster);
    const page = await browser.open(path);
    const [mine, others] = [
      browser.fields(page),
      new UserAgent(cluster).fields(await new UserAgent(cluster).open(path)),
    ];
    const given = { login_id: 'odd0000001', reason: 'other' };
    const tries: [string, number, Record<string, string> | string, Record<string, string>?][] = [
      ['login_id_missing', 400, { ...mine, ...given, login_id: '' }],
      ['login_id_missing', 400, { ...mine, ...given, login_id: ' 　\t' }],
      ['reason_missing', 400, { ...mine, login_id: 'odd0000001' }],
      ['reason_missing', 400, { ...mine, ...given, reason: 'not-me' }],
      ['reason_missing', 400, { ...mine, ...given, reason: '__proto__' }],
      ['bad_request', 400, { ...mine, ...given, login_id: 'odd\0' }],
      ['bad_request', 400, `${new URLSearchParams({ ...mine, ...given }).toString()}&login_id=b`],
      ['request_too_large', 413, { ...mine, ...given, login_id: 'x'.repeat(20_000) }],
      ['action_unknown', 400, { ...mine, ...given, action: 'file' }],
      ['form_token_invalid', 403, { ...mine, ...given, csrf: '' }],
      ['form_token_invalid', 403, { ...mine, ...given, form: 'mine' }],
      ['form_token_invalid', 403, { ...others, ...given }],
      ['form_token_invalid', 403, given],
      ['cross_site_request', 403, { ...mine, ...given }, { 'sec-fetch-site': 'cross-site' }],
      ['cross_site_request', 403, { ...mine, ...given }, { 'sec-fetch-site': 'same-site' }],
      [
        'cross_site_request',
        403,
        { ...mine, ...given },
        { origin: 'https://evil.example', 'sec-fetch-site': '' },
      ],
    ];
    for (const [fault, status, form, headers = {}] of tries) {
      const answer = await browser.request(path, { form, headers, localAddress: newNetwork() });
      expect([answer.fault, answer.status]).toEqual([fault, status]);
    }
    const lost = await browser.request(path, { form: given });
    expect(lost.html.querySelector('a.primary')?.getAttribute('href')).toBe(path);
    for (const method of ['PUT', 'DELETE', 'PATCH'])
      expect((await browser.request(path, { method })).status).toBe(405);
    expect(await casesOf('odd0000001')).toEqual([]);
    const odd = log.lines().filter(({ level }) => level === 'error' || level === 'fatal');
    expect(odd).toEqual([]);
  });
});
