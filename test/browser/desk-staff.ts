import { expect } from '@jest/globals';
import { sql } from 'kysely';
import type { Role } from '../../src/desk/actor.ts';
import type { Stage } from './stage.ts';
import { appCode, type Person, type University } from './university.ts';
import type { Visitor, VisitorSettings } from './visitor.ts';

/** Somebody new with an app and these roles. */
export async function hire(university: University, ...roles: Role[]): Promise<Person> {
  const person = await university.enrol(['mail', 'app']);
  await university.db.updateTable('accounts').set({ roles }).where('login_id', '=', person.loginId).execute();
  return person;
}

/** A member of staff, signed in at the desk; the counting begins there. */
export async function comesToWork(stage: Stage, settings: VisitorSettings, person: Person): Promise<Visitor> {
  const visitor = await stage.arrives(settings);
  expect(await visitor.open(`${stage.university.issuer}/desk`)).toBe('sign-in');
  expect(await visitor.signIn(person)).toBe('app-code');
  expect(await visitor.enterCode(appCode())).toBe('desk-queue');
  visitor.startCounting();
  return visitor;
}

/** Closes the centre for today and tomorrow, whatever the hour at which this runs. */
export async function closeCentre({ db }: University): Promise<void> {
  await sql`insert into desk_days (day, source, kind, name_en, name_ja, changed_by)
    select to_char((now() at time zone time_zone)::date + n, 'YYYY-MM-DD'), 'operator', 'closed', 'Closed',
      '休み', 'test' from desk_calendar, generate_series(0, 1) n`.execute(db);
}

export async function openCentre({ db }: University): Promise<void> {
  await db.deleteFrom('desk_days').where('source', '=', 'operator').execute();
}

/** Files a case of an account from outside, without a password. */
export async function asksForHelp(stage: Stage, person: Person): Promise<string> {
  const { university } = stage;
  const visitor = await stage.arrives({ locale: 'en', scripts: false });
  await visitor.open(`${university.issuer}/help/support`);
  await visitor.page.locator('#login_id').fill(person.loginId);
  await visitor.choose('reason', 'no-mail');
  expect(await visitor.click('continue')).toBe('help-case');
  await visitor.leave();
  const { id } = await university.db
    .selectFrom('desk_cases as c')
    .innerJoin('accounts as a', 'a.id', 'c.account_id')
    .select('c.id')
    .where('a.login_id', '=', person.loginId)
    .executeTakeFirstOrThrow();
  return id;
}

/** The 16 digits on the page that shows them this once. */
export async function passOn({ page }: Visitor): Promise<string> {
  return ((await page.locator('[data-setup-pass]').textContent()) ?? '').replace(/\s/g, '');
}
