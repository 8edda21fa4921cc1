import { open, rm } from 'node:fs/promises';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Command, InvalidArgumentError } from 'commander';
import { sql } from 'kysely';
import { recordAudit } from '../audit/audit.ts';
import { exportedEvents, type Period } from '../audit/export.ts';
import type { Db } from '../db/open.ts';
import type { CliContext } from './context.ts';

interface ExportOptions {
  from: string;
  to: string;
  output?: string;
}

const day = /^\d{4}-\d{2}-\d{2}$/;
const momentPattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})$/;

function moment(value: string): string {
  const at = new Date(day.test(value) ? `${value}T00:00:00Z` : value);
  const known = !Number.isNaN(at.getTime()) && (day.test(value) || momentPattern.test(value));
  // `Date` reads 30 February as a day in March: such a day is refused.
  if (!known || (day.test(value) && !at.toISOString().startsWith(value)))
    throw new InvalidArgumentError('It is neither a day such as 2026-11-01 nor 2026-11-01T09:00:00+09:00.');
  return value;
}

/** `nijo audit export`: writes the events of a period, to be kept or studied elsewhere. */
export function auditExportCommand(context: CliContext, streams: { output: Writable }): Command {
  return new Command('export')
    .description('write the events of a period as JSON Lines')
    .requiredOption('--from <moment>', 'first day (YYYY-MM-DD, in locale.time_zone) or moment', moment)
    .requiredOption('--to <moment>', 'the day or moment it ends before', moment)
    .option('--output <file>', 'a new file, readable by you alone; without it, standard output')
    .action((options: ExportOptions) =>
      context.withDatabase(async ({ db, config }) => {
        const period = await periodOf(db, options, config.locale.time_zone);
        if (period === undefined) return context.fail('The period ends before it begins.');
        // Recorded before the first line leaves: an export that breaks off counts too.
        const details = { from: options.from, to: options.to };
        const event = { event: 'audit.exported', result: 'success', actor: context.actor, details } as const;
        await recordAudit(db, undefined, event);
        const lines = Readable.from(exportedEvents(db, period));
        if (options.output === undefined) await pipeline(lines, streams.output, { end: false });
        else await toFile(context, options.output, lines);
      }),
    );
}

/** A day begins at midnight in the configured zone. Events written during the export are left out. */
async function periodOf(db: Db, options: ExportOptions, zone: string): Promise<Period | undefined> {
  const at = (value: string) =>
    day.test(value)
      ? sql`(${value}::text::timestamp at time zone ${zone}::text)`
      : sql`${value}::text::timestamptz`;
  const { rows } = await sql<{ from: string; to: string; ordered: boolean }>`
    select ${at(options.from)}::text as "from", least(${at(options.to)}, now())::text as "to",
      ${at(options.from)} < ${at(options.to)} as ordered`.execute(db);
  return rows[0]?.ordered === true ? rows[0] : undefined;
}

async function toFile(context: CliContext, file: string, lines: Readable): Promise<void> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(file, 'wx', 0o600);
  } catch (error) {
    return context.fail(`${file}: ${(error as Error).message}`);
  }
  try {
    await pipeline(lines, handle.createWriteStream());
  } catch (error) {
    // A partial file would look like a complete one.
    await rm(file, { force: true });
    throw error;
  }
}
