import { type Command, InvalidArgumentError } from 'commander';
import type { Configuration } from '../config/schema.ts';
import { listSigningKeys, type RotationTimes, rotateSigningKeys } from '../oidc/keys.ts';
import type { CliContext } from './context.ts';
import { resealAll } from './reseal.ts';

/** How long services may keep a fetched key set; a new key is published this long before it signs. */
const defaultLeadSeconds = 600;

function seconds(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 0 || number > 604_800) {
    throw new InvalidArgumentError('It is not a number of seconds up to a week.');
  }
  return number;
}

/** An old key stays until no ID token that it signed is needed, not even as the hint of a sign-out. */
function rotationTimes(config: Configuration, leadSeconds: number): RotationTimes {
  const idToken = config.tokens.id_token_minutes * 60;
  const session = config.sessions.absolute_hours * 3600;
  return { leadSeconds, retainSeconds: Math.max(idToken, session) + defaultLeadSeconds };
}

/** `nijo keys …`: the keys that sign ID tokens. */
export function keysCommands(program: Command, context: CliContext): void {
  const keys = program.command('keys').description('the keys that sign ID tokens');

  keys
    .command('rotate')
    .description('publish new keys now, sign with them later, and keep the old ones while they are needed')
    .option('--lead-seconds <seconds>', 'from publishing to signing', seconds, defaultLeadSeconds)
    .option('--json', 'print JSON')
    .action(async (options: { leadSeconds: number; json?: boolean }) => {
      const kids = await context.withDatabase(({ db, config, sealer }) =>
        rotateSigningKeys(db, sealer, rotationTimes(config, options.leadSeconds), context.actor),
      );
      const text = `New keys ${kids.join(', ')} are published and sign in ${options.leadSeconds} seconds.`;
      context.out(options.json === true ? JSON.stringify({ kids, leadSeconds: options.leadSeconds }) : text);
    });

  keys
    .command('reseal')
    .description('seal everything that is kept under the present NIJO_SECRET, while nodes run')
    .option('--json', 'print JSON')
    .action(async (options: { json?: boolean }) => {
      const counts = await context.withDatabase(({ db, sealer }) => resealAll(db, sealer));
      const lines = counts.map(
        ({ table, resealed, kept }) => `${table}: ${resealed} resealed, ${kept} as they were`,
      );
      context.out(options.json === true ? JSON.stringify(counts) : lines.join('\n'));
    });

  keys
    .command('list')
    .description('every key and what it does')
    .option('--json', 'print JSON')
    .action(async (options: { json?: boolean }) => {
      const all = await context.withDatabase(({ db }) => listSigningKeys(db));
      const lines = all.map(({ kid, algorithm, state, activatesAt, retiresAt }) =>
        [kid, algorithm, state, `signs from ${activatesAt.toISOString()}`]
          .concat(retiresAt === undefined ? [] : [`published until ${retiresAt.toISOString()}`])
          .join('  '),
      );
      context.out(options.json === true ? JSON.stringify(all) : lines.join('\n') || 'There are no keys yet.');
    });
}
