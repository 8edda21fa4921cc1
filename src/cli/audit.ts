import { Command, InvalidArgumentError } from 'commander';
import { sql } from 'kysely';
import type { Writable } from 'node:stream';
import { auditExportCommand } from './audit-export.ts';
import { auditVerifyCommand } from './audit-verify.ts';
import type { CliContext, CommandDependencies } from './context.ts';

interface TailOptions {
  follow?: boolean;
  lines: number;
  account?: string;
  json?: boolean;
}

function lines(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 0 || number > 10_000)
    throw new InvalidArgumentError('It is not a number up to 10000.');
  return number;
}

/** `nijo audit …`: `tail` prints the newest events, with `--follow` also new ones; see also `audit-*.ts`. */
export function auditCommand(
  context: CliContext,
  streams: { output: Writable } = { output: process.stdout },
): Command {
  const command = new Command('audit').description('read the audit log, verify and export it');
  command
    .command('tail')
    .description('print the newest events, oldest first')
    .option('-n, --lines <number>', 'how many', lines, 20)
    .option('--account <login-id>', 'only events that concern this account')
    .option('-f, --follow', 'go on printing events as they come')
    .option('--json', 'one JSON object a line')
    .action((options: TailOptions) =>
      context.withDatabase((dependencies) => tail(context, dependencies, options)),
    );
  command.addCommand(auditVerifyCommand(context));
  command.addCommand(auditExportCommand(context, streams));
  return command;
}

async function tail(context: CliContext, { db }: CommandDependencies, options: TailOptions): Promise<void> {
  const events = (after: string | undefined, limit: number) => {
    let query = db
      .selectFrom('audit_events as e')
      .leftJoin('accounts as a', 'a.id', 'e.account_id')
      .select([
        'e.at',
        'e.event',
        'e.result',
        'e.actor',
        'e.client_id',
        'e.method',
        'e.request_id',
        'e.address',
        'e.node',
        'e.details',
      ])
      .select(['a.login_id', sql<string>`e.id::text`.as('id')])
      .orderBy('e.id', after === undefined ? 'desc' : 'asc')
      .limit(limit);
    if (after !== undefined) query = query.where(sql<boolean>`e.id > ${after}::bigint`);
    if (options.account !== undefined)
      // The account is looked up first: its events are few among millions, and have an index.
      query = query.where(
        sql<boolean>`e.account_id = (select id from accounts
          where login_id = ${options.account.normalize('NFKC').trim().toLowerCase()})`,
      );
    return query.execute();
  };
  type Row = Awaited<ReturnType<typeof events>>[number];
  const print = (row: Row): void => {
    if (options.json === true) return context.out(JSON.stringify(row));
    const details = Object.entries(row.details).map(([key, value]) => `${key}=${String(value)}`);
    const words = [
      row.at.toISOString(),
      row.result === 'success' ? 'ok  ' : 'FAIL',
      row.event,
      row.login_id,
      row.client_id,
      row.method,
      row.address,
      ...details,
    ];
    context.out(words.filter((word) => word !== null && word !== undefined && word !== '').join('  '));
  };
  const first = (await events(undefined, Math.max(1, options.lines))).toReversed();
  for (const row of options.lines === 0 ? [] : first) print(row);
  let last = first.at(-1)?.id ?? '0';
  while (options.follow === true) {
    await new Promise((resolve) => {
      setTimeout(resolve, 1000);
    });
    for (const row of await events(last, 1000)) {
      print(row);
      last = row.id;
    }
  }
}
