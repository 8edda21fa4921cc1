import type { Command } from 'commander';
import { findAccountByLoginId } from '../accounts/directory.ts';
import { isRole, type Role, roles as allRoles } from '../desk/actor.ts';
import { type RoleChange, type RolesSet, setStaffRoles } from '../desk/staff-roles.ts';
import { createNotices } from '../factors/notices/notices.ts';
import type { CliContext, CommandDependencies } from './context.ts';

interface Options {
  set?: string;
  add?: string;
  remove?: string;
  json?: boolean;
}

/** `nijo accounts roles`: shows or changes the staff roles of an account (R43). */
export function accountRolesCommand(accounts: Command, context: CliContext): void {
  accounts
    .command('roles')
    .description('show or change what an account may do as staff; whoever has it is told by mail')
    .argument('<login-id>')
    .option('--set <roles>', `exactly these: of ${allRoles.join(',')}; or none`)
    .option('--add <roles>', 'these too')
    .option('--remove <roles>', 'these no more')
    .option('--json', 'print JSON')
    .action(async (loginId: string, options: Options) => {
      const change = changeOf(options, context);
      const { account, result } = await context.withDatabase(async (dependencies) => {
        const known =
          (await findAccountByLoginId(dependencies.db, loginId)) ??
          context.fail(`There is no account ${loginId}.`);
        const unchanged: RolesSet = {
          before: known.roles,
          roles: known.roles.filter(isRole),
          changed: false,
        };
        return {
          account: known,
          result: change === undefined ? unchanged : await carryOut(dependencies, known.id, change, context),
        };
      });
      const { roles, changed } = result ?? context.fail(`There is no account ${loginId}.`);
      const list = roles.length === 0 ? 'none' : roles.join(', ');
      const text = `${account.loginId}: ${list}${change !== undefined && !changed ? ' (as before)' : ''}`;
      context.out(
        options.json === true ? JSON.stringify({ login_id: account.loginId, roles, changed }) : text,
      );
    });
}

function carryOut(
  { db, config }: CommandDependencies,
  accountId: string,
  change: RoleChange,
  { actor }: CliContext,
): Promise<RolesSet | undefined> {
  const { time_zone: timeZone, default: locale } = config.locale;
  const notices = createNotices({ timeZone, places: config.places });
  return setStaffRoles({ db, notices }, accountId, change, { actor, locale });
}

function changeOf({ set, add, remove }: Options, context: CliContext): RoleChange | undefined {
  if (set !== undefined) {
    if (add !== undefined || remove !== undefined) context.fail('Give either --set, or --add and --remove.');
    return { set: set.trim() === 'none' ? [] : rolesIn(set, context) };
  }
  if (add === undefined && remove === undefined) return undefined;
  return {
    ...(add === undefined ? {} : { add: rolesIn(add, context) }),
    ...(remove === undefined ? {} : { remove: rolesIn(remove, context) }),
  };
}

function rolesIn(list: string, context: CliContext): Role[] {
  const words = list
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
  const unknown = words.filter((word) => !isRole(word));
  if (words.length === 0 || unknown.length > 0)
    context.fail(
      `${unknown.length === 0 ? 'No role is named' : `No such role: ${unknown.join(', ')}`}. Roles are ${allRoles.join(', ')}.`,
    );
  return words.filter(isRole);
}
