import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Command, CommanderError } from 'commander';
import type { CliContext } from '../../src/cli/context.ts';
import { deskCommands } from '../../src/cli/desk.ts';
import { checkConfiguration } from '../../src/config/load.ts';
import { createCalendar } from '../../src/desk/calendar/calendar.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { silentLogger } from '../support/logger.ts';
import { testSealer } from '../support/sealer.ts';

const config = checkConfiguration({
  issuer: 'https://idp.example',
  database: { url: 'postgres://unused' },
  secrets: { current: 'q8Zt1mXw5vRb7nYk3cJd9fHg2sLp4aTe6uBo' },
  mail: { smtp_url: 'smtp://127.0.0.1', from_address: 'idp@idp.example' },
});

describeOnEveryDatabase('nijo desk', (open) => {
  let database: TestDatabase;
  let today: string;
  let later: string;
  beforeAll(async () => {
    database = await open();
    const calendar = createCalendar({ db: database.db, settings: config.desk, timeZone: 'Asia/Tokyo' });
    today = await calendar.today();
    later = `${Number(today.slice(0, 4)) + 4}-08-16`;
  });
  afterAll(() => database.close());

  async function nijo(...args: string[]): Promise<{ out: string; failed?: string }> {
    const said: string[] = [];
    const context: CliContext = {
      loadConfiguration: () => config,
      withDatabase: (work) => work({ db: database.db, config, sealer: testSealer(), logger: silentLogger() }),
      out: (text) => void said.push(text),
      fail: (message) => {
        throw new Error(message);
      },
      actor: 'cli:test',
    };
    const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
    deskCommands(program, context);
    for (const noun of program.commands)
      for (const verb of noun.commands) verb.exitOverride().configureOutput({ writeErr: () => undefined });
    try {
      await program.parseAsync(['desk', ...args], { from: 'user' });
    } catch (error) {
      if (error instanceof CommanderError) return { out: '', failed: error.code };
      return { out: said.join('\n'), failed: error instanceof Error ? error.message : String(error) };
    }
    return { out: said.join('\n') };
  }
  const named = ['--en', 'Bon festival', '--ja', 'お盆'];

  test('R51: status says what the calendar says, and whether it is as configured', async () => {
    const { out } = await nijo('status');
    expect(out).toMatch(/^(Open now|Closed now)/);
    expect(out).toContain('The week: Weekdays 9:00–17:00 (except national holidays), in Asia/Tokyo.');
    const status = JSON.parse((await nijo('status', '--json')).out) as Record<string, unknown>;
    expect(status).toMatchObject({ time_zone: 'Asia/Tokyo', as_configured: true, open: expect.any(Boolean) });
    expect(Object.keys(status)).toEqual([
      'open',
      'at',
      'closes',
      'next_opens',
      'time_zone',
      'week',
      'as_configured',
    ]);
    await database.db.updateTable('desk_calendar').set({ time_zone: 'Europe/Berlin' }).execute();
    expect((await nijo('status')).out).toContain('This configuration says otherwise');
    await database.db.updateTable('desk_calendar').set({ time_zone: 'Asia/Tokyo' }).execute();
  });

  test('R41: closes, opens and removes days, and names who did', async () => {
    expect((await nijo('days')).out).toBe('Every day is as the week says.');
    const end = later.replace('16', '17');
    expect((await nijo('close', later, '--until', end, ...named)).out).toBe(
      `${later}  closed  Bon festival / お盆\n${end}  closed  Bon festival / お盆`,
    );
    const opened = await nijo('open', end, '9:00-12:00', '--en', 'Desk', '--ja', '窓口', '--json');
    expect(JSON.parse(opened.out)).toEqual([
      { day: end, source: 'operator', kind: 'open', opens: '09:00', closes: '12:00', en: 'Desk', ja: '窓口' },
    ]);
    expect((await nijo('days', '--from', later)).out).toBe(
      `${later}  closed  Bon festival / お盆\n${end}  open 9:00–12:00  Desk / 窓口`,
    );
    expect(JSON.parse((await nijo('remove', later, '--json')).out)).toEqual({
      day: later,
      change: 'removed',
    });
    expect((await nijo('remove', end)).out).toBe(`${end}: removed`);
    // With the command line today can be opened too.
    expect((await nijo('open', today, '0:00-24:00', ...named)).failed).toBeUndefined();
    expect((await nijo('status')).out).toMatch(/^Open now/);
    await nijo('remove', today);
    const events = await database.db
      .selectFrom('audit_events')
      .select(['event', 'actor'])
      .where('event', 'like', 'desk.day-%')
      .orderBy('id')
      .execute();
    expect(events.map(({ event, actor }) => `${event} ${actor}`)).toEqual(
      ['set', 'set', 'set', 'removed', 'removed', 'set', 'removed'].map(
        (what) => `desk.day-${what} cli:test`,
      ),
    );
  });

  test('R41: bad input is answered in plain words, and never becomes a closing day', async () => {
    const malformed = /^These are not hours of a day\. Please write them as hours and minutes/;
    for (const hours of ['-', '9:00', '9:00-', '17:00-9:00', '9:00-10:00-11:00', 'closed'])
      expect([hours, (await nijo('open', later, hours, ...named)).failed]).toEqual([
        hours,
        expect.stringMatching(malformed),
      ]);
    expect((await nijo('close', '2020-01-01', ...named)).failed).toMatch(
      /^This is not a day of the calendar\./,
    );
    expect((await nijo('days', '--from', 'soon')).failed).toMatch(/^This is not a day of the calendar\./);
    expect((await nijo('remove', later)).failed).toMatch(/^This day is not in the list\./);
    expect((await nijo('close', later, '--en', ' ', '--ja', '休み')).failed).toMatch(/^The name of the day/);
    expect((await nijo('close', later, '--en', 'x'.repeat(101), '--ja', '休み')).failed).toContain(
      'At most 100 characters',
    );
    expect((await nijo('close', later, '--en', 'Bon')).failed).toBe('commander.missingMandatoryOptionValue');
    expect((await nijo('close', ...named)).failed).toBe('commander.missingArgument');
    expect((await nijo('days')).out).toBe('Every day is as the week says.');
  });
});
