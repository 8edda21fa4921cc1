import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalAddress } from '../../src/factors/mail/address.ts';
import { isPlainAddress } from '../../src/mail/recipient.ts';
import { accountLine, type Cluster, startCluster } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { type Arrival, UserAgent } from '../support/user-agent.ts';
import { accepted, forbidden, malformed, rules } from './address-vectors.ts';

describe('A42: what an address is', () => {
  test.each(forbidden)('R17: %j is refused by the rule of %s', (typed, domain) => {
    expect(canonicalAddress(typed, rules)).toMatchObject({ fault: 'forbidden', rule: { domain } });
  });

  test.each(malformed)('A42: %j is not one plain address', (typed) => {
    expect(canonicalAddress(typed, rules)).toEqual({ fault: 'malformed' });
  });

  test.each(accepted)('A42: %j is stored as %s', (typed, stored) => {
    expect(canonicalAddress(typed, rules)).toMatchObject({ address: stored });
  });

  test.each([undefined, null, 1, true, [], ['u@mail.example'], {}, '', ' \u3000\t\r\n'])(
    'A42: %j is no address',
    (typed) => {
      expect(canonicalAddress(typed, rules)).toEqual({ fault: 'missing' });
    },
  );

  test('R17: a rule is found however the operator writes it', () => {
    for (const domain of ['UNI.example', 'uni.example.', 'ｕｎｉ．example', 'xn--pss25c.example']) {
      const own = [{ domain, include_subdomains: true }];
      const typed = domain.startsWith('xn--') ? 'u@sub.大学.example' : 'u@sub.uni.example';
      expect(canonicalAddress(typed, own)).toMatchObject({ fault: 'forbidden' });
    }
  });

  test('A42: whatever is accepted is plain, below 255 characters, and its own canonical form', () => {
    const part = fc.string({
      unit: fc.constantFrom(...Array.from('aZ0.@-_+%<>()[]";:, \\\r\n\0\u200b\u00ad。．＠ａé大𝓾ıﬁ℀')),
      maxLength: 12,
    });
    const typed = fc.oneof(
      fc.tuple(part, part).map(([left, right]) => `${left}u@uni.example${right}`),
      fc.tuple(part, part).map(([left, right]) => `u${left}@${right}.example`),
      fc.string({ unit: 'binary', maxLength: 40 }).map((text) => `${text}@mail.example`),
    );
    fc.assert(
      fc.property(typed, (input) => {
        const read = canonicalAddress(input, rules);
        if (!('address' in read)) return;
        expect(isPlainAddress(read.address)).toBe(true);
        expect(read.address.length).toBeLessThan(255);
        expect(read.domain).not.toBe('uni.example');
        expect(canonicalAddress(read.address, rules)).toEqual(read);
      }),
      { numRuns: 3000 },
    );
  });
});

describeOnEveryDatabase('A42: addresses through the page', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  let accounts = 0;
  beforeAll(async () => {
    database = await open();
    cluster = await startCluster(database, { config: { addresses: { forbidden: [...rules] } } });
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  async function arriveAtSetUp(): Promise<{ browser: UserAgent; page: Arrival; loginId: string }> {
    accounts += 1;
    const loginId = `fresh${accounts}`;
    await cluster.addAccounts([accountLine({ loginId })]);
    const browser = new UserAgent(cluster);
    const page = await browser.password(loginId);
    expect(page.page).toBe('set-up-mail');
    return { browser, page, loginId };
  }
  const factorsOf = (loginId: string) =>
    database.db
      .selectFrom('mail_factors as f')
      .innerJoin('accounts as a', 'a.id', 'f.account_id')
      .select(['f.address', 'f.state'])
      .where('a.login_id', '=', loginId)
      .execute();

  test('R17, R50: a forbidden address is refused with the rule, and nothing is mailed', async () => {
    const { browser, page, loginId } = await arriveAtSetUp();
    await cluster.mailsSettled();
    const before = cluster.smtp.recipients.length;
    for (const [typed, domain] of forbidden) {
      const answer = await browser.submit(page, { email: typed });
      expect([typed, answer.status, answer.page, answer.fault]).toEqual([
        typed,
        422,
        'set-up-mail',
        'address_forbidden',
      ]);
      expect(answer.html.querySelector('.fault')?.text).toContain(domain);
    }
    expect(cluster.smtp.recipients).toHaveLength(before);
    expect(await factorsOf(loginId)).toEqual([]);
  });

  test('A42, C47: tricks of syntax are refused, and nothing is mailed', async () => {
    const { browser, page, loginId } = await arriveAtSetUp();
    await cluster.mailsSettled();
    const before = cluster.smtp.recipients.length;
    for (const typed of malformed) {
      const answer = await browser.submit(page, { email: typed });
      // NUL is nothing a form sends: the request is refused whole.
      if (typed.includes('\0')) expect([typed, answer.status]).toEqual([typed, 400]);
      else expect([typed, answer.status, answer.fault]).toEqual([typed, 422, 'address_malformed']);
      expect(answer.body).not.toContain('Bcc: x@evil2.test\r\n');
    }
    for (const form of [{ email: '' }, { email: ' \u3000' }])
      expect((await browser.submit(page, form)).fault).toBe('address_missing');
    const hidden = new URLSearchParams(browser.fields(page)).toString();
    for (const trick of ['email=u@mail.example&email=u@evil.test', 'email[]=u@mail.example', 'email[a]=u'])
      expect((await browser.request(page.url.pathname, { form: `${hidden}&${trick}` })).status).toBe(400);
    expect(cluster.smtp.recipients).toHaveLength(before);
    expect(await factorsOf(loginId)).toEqual([]);
  });

  test('A42, E10: what is accepted is stored canonical, and the mail goes there and nowhere else', async () => {
    const told: string[] = [];
    for (const [typed, stored] of accepted) {
      const { browser, page, loginId } = await arriveAtSetUp();
      const before = cluster.smtp.mails.length;
      const codePage = await browser.submit(page, { email: typed });
      expect([typed, codePage.page]).toEqual([typed, 'set-up-mail-code']);
      const code = await cluster.mailedCode(stored, before);
      const { callback } = await browser.submit(codePage, { code });
      expect(callback?.searchParams.get('code')).toEqual(expect.any(String));
      expect(await factorsOf(loginId)).toEqual([{ address: stored, state: 'active' }]);
      const mails = cluster.smtp.mails.slice(before);
      for (const mail of mails) {
        // The notice of the set-up before may leave a moment later.
        expect([...told, stored].map((address) => [address])).toContainEqual(mail.to);
        const head = mail.raw.slice(0, mail.raw.indexOf('\r\n\r\n'));
        expect(head.match(/^(bcc|cc|to):/gim)).toEqual(['To:']);
      }
      told.push(stored);
    }
    const domains = new Set(cluster.smtp.recipients.map((address) => address.split('@').at(-1)));
    for (const { domain } of rules) expect(domains).not.toContain(domain);
  });

  test('R19: an address that somebody else uses is accepted like any other, and only operators see it', async () => {
    const shared = 'family@mail.example';
    const bodies: string[] = [];
    for (const expected of [false, true]) {
      const { browser, page, loginId } = await arriveAtSetUp();
      await cluster.mailsSettled();
      const before = cluster.smtp.mails.length;
      const codePage = await browser.submit(page, { email: shared });
      bodies.push(codePage.page);
      const code = await cluster.mailedCode(shared, before);
      const { callback } = await browser.submit(codePage, { code });
      expect(callback?.searchParams.has('code')).toBe(true);
      const { details } = await database.db
        .selectFrom('audit_events as e')
        .innerJoin('accounts as a', 'a.id', 'e.account_id')
        .select('e.details')
        .where('a.login_id', '=', loginId)
        .where('e.event', '=', 'factor.mail-enrolled')
        .executeTakeFirstOrThrow();
      expect(details).toMatchObject({ sharedWithOthers: expected });
    }
    expect(bodies).toEqual(['set-up-mail-code', 'set-up-mail-code']);
  });
});
