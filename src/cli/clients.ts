import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { parse } from 'yaml';
import type { Db } from '../db/open.ts';
import { ClientDeclarationError } from '../oidc/clients/metadata.ts';
import {
  type AppliedClient,
  applyClients,
  type ClientView,
  disableClient,
  enableClient,
  listClients,
  removeClient,
  showClient,
} from '../oidc/clients/clients.ts';
import { isBuiltIn } from '../oidc/clients/first-party.ts';
import type { CliContext } from './context.ts';

interface Output {
  json?: boolean;
}

async function readDeclarations(file: string, context: CliContext): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch(() => context.fail(`The file ${file} cannot be read.`));
  try {
    return parse(text) as unknown;
  } catch (error) {
    return context.fail(`${file} is no YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function describeApplied(applied: readonly AppliedClient[]): string {
  return applied
    .flatMap(({ clientId, change, version, generatedSecret }) => [
      `${clientId}: ${change} (version ${version})`,
      ...(generatedSecret === undefined
        ? []
        : [`  client_secret: ${generatedSecret}`, '  Copy it now: it is not shown again.']),
    ])
    .join('\n');
}

const stateOf = (client: ClientView): string => (client.disabledAt === undefined ? 'live' : 'disabled');

function describeClient(client: ClientView): string {
  const fields: Record<string, unknown> = {
    state: stateOf(client),
    version: client.version,
    changed: client.updatedAt.toISOString(),
    client_secret: client.hasSecret ? '(kept, not shown)' : '(none)',
    ...client.metadata,
  };
  return Object.entries(fields)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('\n');
}

/** `nijo clients …`: the services that may send users here. A change is live on every node within a second. */
export function clientsCommands(program: Command, context: CliContext): void {
  const clients = program.command('clients').description('the services that may send users here');
  const json = ['--json', 'print JSON'] as const;
  const report = (output: Output, data: unknown, text: string): void => {
    context.out(output.json === true ? JSON.stringify(data) : text);
  };
  const refuseBuiltIn = (clientId: string): void => {
    if (isBuiltIn(clientId))
      context.fail(`${clientId} is built in: by it people sign in to pages of ours. It cannot be changed.`);
  };

  clients
    .command('apply')
    .description('declare clients: all of the file, or with any fault none; others stay as they are')
    .argument('<file>', 'YAML: a list of clients, or that list under `clients`')
    .option(...json)
    .action(async (file: string, output: Output) => {
      const declarations = await readDeclarations(file, context);
      const applied = await context.withDatabase(async ({ db, sealer }) => {
        try {
          return await applyClients(db, sealer, declarations, context.actor);
        } catch (error) {
          if (error instanceof ClientDeclarationError) return context.fail(error.message);
          throw error;
        }
      });
      report(output, applied, describeApplied(applied));
    });

  clients
    .command('list')
    .description('every client and whether it is live')
    .option(...json)
    .action(async (output: Output) => {
      const all = await context.withDatabase(({ db }) => listClients(db));
      const lines = all.map(
        (client) =>
          `${client.clientId}  ${stateOf(client)}  second_factor=${client.metadata.second_factor}  ${client.metadata.client_name}`,
      );
      report(output, all, lines.length === 0 ? 'There are no clients yet.' : lines.join('\n'));
    });

  clients
    .command('show')
    .description('a client as it is declared, without its secret')
    .argument('<client-id>')
    .option(...json)
    .action(async (clientId: string, output: Output) => {
      refuseBuiltIn(clientId);
      const client =
        (await context.withDatabase(({ db }) => showClient(db, clientId))) ??
        context.fail(`There is no client ${clientId}.`);
      report(output, client, describeClient(client));
    });

  const change = (
    name: string,
    description: string,
    done: string,
    act: (db: Db, clientId: string, actor: string) => Promise<boolean>,
  ): void => {
    clients
      .command(name)
      .description(description)
      .argument('<client-id>')
      .option(...json)
      .action(async (clientId: string, output: Output) => {
        refuseBuiltIn(clientId);
        const found = await context.withDatabase(({ db }) => act(db, clientId, context.actor));
        if (!found) context.fail(`There is no client ${clientId}.`);
        report(output, { clientId, change: done }, `${clientId}: ${done}`);
      });
  };
  change('remove', 'take a client away; its history stays', 'removed', removeClient);
  change('disable', 'stop a client: no login and no token until it is enabled', 'disabled', disableClient);
  change('enable', 'let a disabled client go on', 'enabled', enableClient);
}
