import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Role, roles as allRoles } from '../../src/desk/actor.ts';
import { may, staffTable } from '../../src/staff/roles.ts';
import { staffRoutes } from '../../src/staff/routes.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { collectingLogger } from '../support/logger.ts';
import type { UserAgent } from '../support/user-agent.ts';
import { atDesk, everything, setRoles, type Staff, staffMember, victimOf } from './support.ts';
import { ask, combinations, letIn, methods, paths, routes, written } from './written.ts';

describe('A52: the table of staff roles', () => {
  test('is the written matrix', () => {
    expect(
      Object.fromEntries(staffTable.map(({ method, path, roles }) => [`${method} ${path}`, roles])),
    ).toEqual(written);
    expect(staffTable).toHaveLength(Object.keys(written).length);
  });

  test('has a page for every row, and a row for every page', () => {
    expect(routes.toSorted()).toEqual(Object.keys(written).toSorted());
  });

  test('no page can be registered without its row', () => {
    const page = (path: string) => ({ path, show: async () => undefined });
    expect(() => staffRoutes({} as never, [page('/desk/accounts')])).toThrow('GET /desk/accounts has no row');
    const posting = { ...page('/desk/closed'), submit: () => Promise.reject(new Error('never')) };
    expect(() => staffRoutes({} as never, [posting])).toThrow('POST /desk/closed has no row');
  });

  test('permits nobody what it does not name', () => {
    expect(may(allRoles, 'POST', '/operator')).toBe(false);
    expect(may(allRoles, 'GET', '/desk/accounts')).toBe(false);
    expect(may([], 'GET', '/desk')).toBe(false);
  });
});

describeOnEveryDatabase('A52: every route, combination of roles and method', (open) => {
  const log = collectingLogger();
  let database: TestDatabase;
  let cluster: Cluster;
  let who: Staff;
  let staff: UserAgent;
  let at: { real: (path: string) => string; token: string };

  beforeAll(async () => {
    database = await open();
    cluster = await startCluster(database, { logger: log.logger });
    const { real } = await victimOf(cluster);
    who = await staffMember(cluster, ['operator']);
    const entered = await atDesk(cluster, who, { path: '/operator/calendar' });
    expect(entered.page.page).toBe('operator-calendar');
    staff = entered.browser;
    at = { real, token: staff.fields(entered.page).csrf ?? '' };
    expect(at.token).toHaveLength(43);
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  /** What the door must say to somebody with these roles. */
  function expected(method: string, path: string, roles: readonly Role[]): string {
    const head = method === 'HEAD';
    const route = `${head ? 'GET' : method} ${path}`;
    if (!(route in written)) return 'method_not_allowed';
    const allowed = written[route]?.some((role) => roles.includes(role)) ?? false;
    if (!allowed) return head ? '403' : 'staff_role_missing';
    return 'let in';
  }
  test('MFA: each combination of roles is let in where it is written, and nowhere else', async () => {
    const wrong: string[] = [];
    let asked = 0;
    for (const roles of combinations) {
      await setRoles(database.db, who.id, roles);
      const before = await everything(database.db);
      let acted = false;
      for (const path of paths) {
        for (const method of methods) {
          const wanted = expected(method, path, roles);
          const outcome = await ask(staff, method, path, at);
          const right = wanted === 'let in' ? letIn(outcome) : outcome === wanted;
          if (!right) wrong.push(`[${roles.join()}] ${method} ${path}: ${outcome}, not ${wanted}`);
          acted ||= method === 'POST' && wanted === 'let in';
          asked += 1;
        }
      }
      // Who may act has acted; for everybody else nothing is different.
      if (!acted) expect(await everything(database.db)).toEqual(before);
    }
    expect(wrong).toEqual([]);
    expect(asked).toBe(combinations.length * paths.length * methods.length);
  });

  test('C42: the log names each page, and no id of anybody', () => {
    const named = new Set(
      log
        .lines()
        .filter(({ event }) => event === 'request')
        .map(({ route }) => route),
    );
    for (const path of paths) expect([path, named.has(path.replace('/:id', ''))]).toEqual([path, true]);
    expect(log.text()).not.toContain(at.real('/desk/cases/:id').split('/').at(-1));
    expect(log.lines().filter(({ event, code }) => event === 'fault' && code === 'internal_error')).toEqual(
      [],
    );
  });

  test('words that are no roles of today grant nothing', async () => {
    await setRoles(database.db, who.id, ['admin', 'Desk', 'desk ', 'root', '*', 'operators']);
    for (const path of paths)
      expect([path, await ask(staff, 'GET', path, at)]).toEqual([path, 'staff_role_missing']);
  });

  test('a role that was taken away a second ago opens nothing, on any page that is still open', async () => {
    await setRoles(database.db, who.id, allRoles);
    for (const path of paths) {
      expect([path, letIn(await ask(staff, 'GET', path, at))]).toEqual([path, true]);
      await setRoles(database.db, who.id, []);
      const before = await everything(database.db);
      for (const method of ['GET', 'POST']) {
        if (!(`${method} ${path}` in written)) continue;
        expect([path, await ask(staff, method, path, at)]).toEqual([path, 'staff_role_missing']);
      }
      expect(await everything(database.db)).toEqual(before);
      await setRoles(database.db, who.id, allRoles);
    }
  });

  test('what is not spelled like a page is not there, whoever asks', async () => {
    await setRoles(database.db, who.id, allRoles);
    for (const path of [
      '/desk/',
      '/DESK',
      '/Operator',
      '/desk/accounts',
      '/desk/cases',
      '/desk/accounts/',
      `${at.real('/desk/cases/:id')}/approve`,
      `${at.real('/desk/accounts/:id')}/roles`,
      '/desk/cases/%00',
      '/desk/cases/..%2Faccounts',
      "/desk/cases/'%20or%201=1",
      '/desk/figures.json',
      '/desk/xfigures.csv',
      '/operator/roles',
      '/operator/accounts',
    ]) {
      for (const method of ['GET', 'POST', 'DELETE']) {
        const answer = await staff.request(
          path,
          method === 'POST' ? { form: { csrf: at.token } } : { method },
        );
        expect([method, path, [400, 404, 405].includes(answer.status), answer.status]).toEqual([
          method,
          path,
          true,
          answer.status,
        ]);
      }
    }
  });
});
