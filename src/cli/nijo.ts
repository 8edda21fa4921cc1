#!/usr/bin/env -S node --disable-sigusr1
import { Command, CommanderError } from 'commander';
import { DatabaseUnreachable } from '../db/patient-pool.ts';
import { accountsCommands } from './accounts.ts';
import { auditCommand } from './audit.ts';
import { clientsCommands } from './clients.ts';
import { CommandFailed, createCliContext } from './context.ts';
import { deskCommands } from './desk.ts';
import { doctorCommand } from './doctor.ts';
import { keysCommands } from './keys.ts';
import { migrateCommand } from './migrate.ts';
import { keepInspectorShut } from './no-inspector.ts';
import { postRestoreCommand } from './post-restore.ts';
import { probeCommand } from './probe.ts';
import { serveCommand } from './serve.ts';
import { openTrial, trialCommand } from './trial.ts';

keepInspectorShut();

const program = new Command('nijo')
  .description('OpenID Connect identity provider with a second-factor step')
  .option('--config <file>', 'configuration file (or NIJO_CONFIG)')
  .option('--trial', 'work on the data of the trial, while it is stopped');
const context = createCliContext({
  configFile: () => program.opts<{ config?: string }>().config,
  environment: process.env,
  trial: (failing) =>
    program.opts<{ trial?: boolean }>().trial === true ? openTrial(failing, process.env) : undefined,
});

program.addCommand(serveCommand(context));
program.addCommand(trialCommand(context));
program.addCommand(migrateCommand(context));
program.addCommand(postRestoreCommand(context));
program.addCommand(doctorCommand(context));
program.addCommand(auditCommand(context));
program.addCommand(probeCommand(context));
accountsCommands(program, context);
clientsCommands(program, context);
deskCommands(program, context);
keysCommands(program, context);

// Exit codes: 0 done, 1 it could not be done, 2 the command was not understood.
for (const command of [program, ...descendants(program)]) command.exitOverride();

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 2);
  // One line for the operator; the stack only when it is asked for.
  console.error(error instanceof Error ? error.message : String(error));
  if (error instanceof DatabaseUnreachable)
    console.error('Check DATABASE_URL, and that Postgres runs and accepts connections from here.');
  if (!(error instanceof CommandFailed) && process.env.NIJO_DEBUG !== undefined) console.error(error);
  process.exitCode = 1;
}

function descendants(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...descendants(child)]);
}
