import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { type RawAnswer, rawRequest } from '../support/raw-request.ts';
import { type Answer, UserAgent } from '../support/user-agent.ts';
import { addSubject, codeIn, gained, nothing, recordsOf, resumePath, type Subject } from './support.ts';

/** A login whose pages are done, and which nobody has gone on with yet. */
interface Finished {
  subject: Subject;
  browser: UserAgent;
  uid: string;
  path: string;
}

describeOnEveryDatabase('S1: who goes on with a login', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  beforeAll(async () => {
    database = await open();
    cluster = await startCluster(database, { nodes: 2 });
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  const finishedBy = async (browser: UserAgent): Promise<Finished> => {
    const subject = await addSubject(cluster, { mail: true });
    const page = await browser.password(subject.loginId);
    await browser.post(page, { code: await cluster.mailedCode(subject.address) });
    const path = resumePath(page);
    return { subject, browser, uid: path.split('/').at(-1) ?? '', path };
  };
  const cancelledBy = async (browser: UserAgent): Promise<string> => {
    const page = await browser.start();
    await browser.post(page, { action: 'cancel' });
    return resumePath(page);
  };
  /** Cookies of a path of one browser, by their names; each with its signature. */
  const cookiesOf = async (browser: UserAgent, path: string, names: RegExp): Promise<string[]> =>
    (await browser.jar.getCookies(new URL(path, cluster.issuer).href))
      .filter(({ key }) => names.test(key))
      .map((each) => each.cookieString());
  const send = (path: string, cookies: readonly string[], method = 'GET', node = 1): Promise<RawAnswer> =>
    rawRequest(cluster.nodes[node]?.url ?? '', [
      `${method} ${path} HTTP/1.1`,
      `Host: ${new URL(cluster.issuer).host}`,
      ...(cookies.length === 0 ? [] : [`Cookie: ${cookies.join('; ')}`]),
      ...(method === 'GET' || method === 'HEAD'
        ? []
        : ['Content-Type: application/x-www-form-urlencoded', 'Content-Length: 0']),
    ]);
  const gives = ({ head }: RawAnswer): boolean => /^location:.*[?&#]code=/im.test(head);
  const waits = async (uid: string): Promise<boolean> => {
    const rows = await database.db
      .selectFrom('sign_ins')
      .select('interaction')
      .where('interaction', '=', uid)
      .execute();
    return rows.length === 1;
  };
  const goesOn = async ({ browser, path }: Finished): Promise<Answer> =>
    browser.follow(await browser.request(path));

  test('S1 (a): another segment with somebody else’s cookie leads to no login', async () => {
    const victim = await finishedBy(new UserAgent(cluster));
    const before = await recordsOf(cluster, victim.subject);
    const resume = await cookiesOf(victim.browser, victim.path, /^nijo-resume/);
    expect(resume).toHaveLength(2);
    for (const path of [
      '/authorize/~',
      '/authorize/%7E',
      '/authorize/x',
      '/Authorize/x',
      `${victim.path}/`,
    ]) {
      const answer = await send(path, resume);
      expect([path, gives(answer), /^set-cookie: nijo-session=/im.test(answer.head)]).toEqual([
        path,
        false,
        false,
      ]);
    }
    expect((await send('/authorize/~', resume)).status).toBe(404);
    expect(gained(before, await recordsOf(cluster, victim.subject))).toEqual(nothing);
    expect(codeIn(await goesOn(victim))).toEqual(expect.any(String));
  });

  test('S1 (b): the passage of a login of one’s own opens nobody else’s', async () => {
    const victim = await finishedBy(new UserAgent(cluster));
    const evil = new UserAgent(cluster, { node: 1 });
    const own = await cancelledBy(evil);
    const before = await recordsOf(cluster, victim.subject);
    const resume = await cookiesOf(victim.browser, victim.path, /^nijo-resume/);
    const passage = await cookiesOf(evil, own, /^nijo-(passage|browser)/);
    expect(passage).toHaveLength(2);
    const answer = await send(own, [...resume, ...passage]);
    expect([answer.status, gives(answer)]).toEqual([400, false]);
    expect(answer.body).toContain('interaction_foreign');
    expect(gained(before, await recordsOf(cluster, victim.subject))).toEqual(nothing);
    expect(codeIn(await goesOn(victim))).toEqual(expect.any(String));
  });

  test('S1 (c): a finished login that is planted whole signs nobody else in', async () => {
    const attacker = await finishedBy(new UserAgent(cluster));
    const planted = await cookiesOf(attacker.browser, attacker.path, /^nijo-(resume|passage)/);
    expect(planted).toHaveLength(3);
    const victim = new UserAgent(cluster, { node: 1 });
    await victim.start();
    for (const own of [await cookiesOf(victim, '/', /^nijo-browser/), []]) {
      const answer = await send(attacker.path, [...planted, ...own]);
      expect(gives(answer)).toBe(false);
      expect(answer.head).not.toMatch(/^set-cookie: nijo-session=/im);
    }
    expect(codeIn(await goesOn(attacker))).toEqual(expect.any(String));
  });

  test('S1: a login that a browser was led to without its own cookie ends in a page, and in no circle', async () => {
    const victim = await finishedBy(new UserAgent(cluster));
    const others = await cookiesOf(victim.browser, victim.path, /^nijo-(passage|browser)/);
    const answer = await send(victim.path, others);
    expect([answer.status, answer.body.includes('interaction_expired')]).toEqual([400, true]);
    expect(codeIn(await goesOn(victim))).toEqual(expect.any(String));
  });

  test('S1: whatever path, spelling, method and mixture of cookies, only its own browser goes on', async () => {
    const victim = await finishedBy(new UserAgent(cluster));
    const evil = new UserAgent(cluster);
    const attackers = await finishedBy(evil);
    const cancelled = await cancelledBy(evil);
    const begun = resumePath(await evil.start());
    const paths = [victim.path, attackers.path, cancelled, begun];
    const owners = [victim.browser, evil, evil, evil];
    const kinds = ['resume', 'passage'] as const;
    const jars = new Map<string, string[]>();
    for (const [index, path] of paths.entries())
      for (const kind of kinds)
        jars.set(`${kind}${index}`, await cookiesOf(owners[index]!, path, new RegExp(`^nijo-${kind}`)));
    const browsers = [
      await cookiesOf(victim.browser, '/', /^nijo-browser/),
      await cookiesOf(evil, '/', /^nijo-browser/),
      [],
    ];
    const before = await recordsOf(cluster, victim.subject);
    const beforeEvil = await recordsOf(cluster, attackers.subject);

    const uids = paths.map((path) => path.slice('/authorize/'.length));
    const segment = fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...uids) },
      {
        weight: 2,
        arbitrary: fc.constantFrom('~', '.', '..', '%00', '%2F', ';', '*', 'a b', '%', 'nothing'),
      },
      { weight: 1, arbitrary: fc.string({ minLength: 1, maxLength: 30 }) },
    );
    /** Other ways to write the same characters. */
    const spelled = (text: string) =>
      fc
        .array(fc.constantFrom('as-is', 'as-is', 'as-is', 'upper', 'encoded', 'encoded-lower'), {
          minLength: text.length,
          maxLength: text.length,
        })
        .map((ways) =>
          Array.from(text)
            .map((char, index) => {
              const way = ways[index];
              const hex = char.codePointAt(0)?.toString(16).padStart(2, '0') ?? '';
              if (way === 'upper') return char.toUpperCase();
              if (way === 'encoded' && hex.length === 2) return `%${hex.toUpperCase()}`;
              if (way === 'encoded-lower' && hex.length === 2) return `%${hex}`;
              return char;
            })
            .join(''),
        );
    const plainly = <Value>(value: Value, other: fc.Arbitrary<Value>) =>
      fc.oneof({ weight: 2, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: other });
    const attempt = fc.record({
      folder: plainly('authorize', spelled('authorize')),
      slash: fc.constantFrom('/', '/', '/', '//', '/./', '/x/../', '%2f', '\\'),
      id: segment.chain((text) => plainly(text, spelled(text))),
      tail: fc.constantFrom('', '', '', '/', '//', '?', '?a=b', '/.', '%20', '#x', ';x'),
      method: fc.constantFrom('GET', 'GET', 'GET', 'HEAD', 'POST', 'OPTIONS', 'PUT', 'get'),
      cookies: fc.array(fc.constantFrom(...jars.keys()), { maxLength: 4 }),
      browser: fc.nat({ max: 2 }),
    });
    await fc.assert(
      fc.asyncProperty(attempt, async ({ folder, slash, id, tail, method, cookies, browser }) => {
        const path = `/${folder}${slash}${id}${tail}`.replaceAll(/[\s\u0080-\uffff]/g, '');
        const [resume] = cookies.filter((name) => name.startsWith('resume'));
        const [passage] = cookies.filter((name) => name.startsWith('passage'));
        const index = Number(resume?.slice('resume'.length) ?? -1);
        // The one right way on: that is no attack, and would use the login up.
        const right =
          index >= 0 &&
          passage === `passage${index}` &&
          browser === (index === 0 ? 0 : 1) &&
          path.replaceAll('\\', '/').split(/[?#]/)[0] === paths[index];
        fc.pre(!right);
        const answer = await send(
          path,
          [...cookies.flatMap((name) => jars.get(name) ?? []), ...(browsers[browser] ?? [])],
          method,
          browser % 2,
        );
        expect(answer.status).toBeGreaterThanOrEqual(300);
        expect(answer.status).toBeLessThan(500);
        expect(answer.head).not.toMatch(
          /^location: (?!http:\/\/127\.0\.0\.1:\d+\/interaction\/|\/interaction\/)/im,
        );
        expect(answer.head).not.toMatch(/^set-cookie: nijo-session/im);
      }),
      { numRuns: 400 },
    );
    expect(gained(before, await recordsOf(cluster, victim.subject))).toEqual(nothing);
    expect(gained(beforeEvil, await recordsOf(cluster, attackers.subject))).toEqual(nothing);
    expect(await waits(victim.uid)).toBe(true);
    // Nothing was used up: each goes on in its own browser.
    for (const login of [victim, attackers]) expect(codeIn(await goesOn(login))).toEqual(expect.any(String));
    const refused = await evil.follow(await evil.request(cancelled));
    expect(refused.callback?.searchParams.get('error')).toBe('access_denied');
  });
});
