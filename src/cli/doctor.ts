import { Command } from 'commander';
import { sql } from 'kysely';
import { createSealer } from '../base/sealing.ts';
import type { Configuration } from '../config/schema.ts';
import { secretGenerations } from '../config/secret-generations.ts';
import { clockOffset, pendingMigrations } from '../db/migrate.ts';
import { installationOf } from '../db/installation.ts';
import { type Db, openPostgres } from '../db/open.ts';
import { connectedRole } from '../db/runtime-role.ts';
import { probeWriting } from '../db/write-probe.ts';
import { createMailTransport } from '../mail/transport.ts';
import { loadKeySet } from '../oidc/keys.ts';
import type { CliContext } from './context.ts';

interface Finding {
  check: string;
  ok: boolean;
  said: string;
  /** It works, but could be better. */
  advice?: boolean;
}

/** `nijo doctor`: checks everything that a login needs from this machine, and says what to fix. */
export function doctorCommand(context: CliContext): Command {
  return new Command('doctor')
    .description('check configuration, database, mail server, keys, clock and public address')
    .option('--json', 'machine-readable output')
    .action(async (options: { json?: boolean }) => {
      const config = context.loadConfiguration();
      const findings = [{ check: 'configuration', ok: true, said: 'complete' }, ...(await examine(config))];
      if (options.json === true) context.out(JSON.stringify(findings));
      else
        for (const { check, ok, said, advice } of findings)
          context.out(`${ok ? (advice === true ? 'note' : 'ok  ') : 'FAIL'}  ${check}: ${said}`);
      if (findings.some((finding) => !finding.ok)) process.exitCode = 1;
    });
}

async function examine(config: Configuration): Promise<Finding[]> {
  const db = openPostgres(config.database, () => undefined);
  const transport = createMailTransport(config.mail, { issuer: config.issuer });
  const attempt = async (check: string, work: () => Promise<string>): Promise<Finding> => {
    try {
      return { check, ok: true, said: await work() };
    } catch (error) {
      return {
        check,
        ok: false,
        said: error instanceof Error && error.message !== '' ? error.message : String(error),
      };
    }
  };
  try {
    return [
      await attempt('database', async () => {
        const { rows } = await sql<{ version: string; readonly: string }>`
          select version() as version, current_setting('transaction_read_only') as readonly`.execute(db);
        if (rows[0]?.readonly === 'on') throw new Error('is read-only: DATABASE_URL names a standby');
        return rows[0]?.version.split(' on ')[0] ?? 'answers';
      }),
      await attempt('migrations', async () => {
        const pending = await pendingMigrations(db);
        if (pending.length > 0) throw new Error(`${pending.join(', ')} pending: run \`nijo migrate\``);
        return 'up to date';
      }),
      await attempt('restore', async () => {
        const { state, awaitsDirectory } = await installationOf(db);
        if (state === 'elsewhere')
          throw new Error(
            'these data come from another database: run `nijo post-restore` (docs/operations.md), or `nijo post-restore --nothing-lost` after pg_upgrade',
          );
        if (awaitsDirectory)
          throw new Error(
            'whoever was disabled since the dump is active: run `nijo accounts import` with the newest file',
          );
        return state === 'same' ? 'none that was not dealt with' : 'cannot be noticed here';
      }),
      await attempt('rights', async () => {
        const { name, lacks } = await connectedRole(db);
        if (lacks.length > 0)
          throw new Error(`${name} lacks ${lacks.join(', ')}: run \`nijo migrate --runtime-role ${name}\``);
        return `${name} has what serving needs`;
      }),
      await attempt('writing', async () => {
        await probeWriting(db, true);
        return 'a row can be written';
      }),
      await auditRights(db, attempt),
      await attempt('clock', async () => {
        const offset = Math.round(await clockOffset(db));
        if (Math.abs(offset) > 5000)
          throw new Error(`differs from the database's by ${offset} ms: synchronise both with NTP`);
        return `within ${Math.abs(offset)} ms of the database's`;
      }),
      await attempt('signing keys', async () => {
        const { keys } = await loadKeySet(db, createSealer(secretGenerations(config.secrets)));
        return keys.length === 0
          ? 'none yet: the first start makes them'
          : `${keys.length}, all open under NIJO_SECRET`;
      }),
      await attempt('mail server', async () => {
        await transport.check();
        return 'accepts a connection';
      }),
      await attempt('public address', async () => {
        const response = await fetch(`${config.issuer}/.well-known/openid-configuration`, {
          signal: AbortSignal.timeout(5000),
        });
        const { issuer } = (await response.json()) as { issuer?: unknown };
        if (issuer !== config.issuer) throw new Error(`${config.issuer} is answered by something else`);
        return `${config.issuer} answers with its own issuer`;
      }),
    ];
  } finally {
    transport.close();
    await db.destroy();
  }
}

/** Whether an attacker who takes over the program could change or delete audit events (C42). */
async function auditRights(
  db: Db,
  attempt: (check: string, work: () => Promise<string>) => Promise<Finding>,
): Promise<Finding> {
  let advice = true;
  const finding = await attempt('audit log', async () => {
    const { name, superuser, owner, mayChange } = await connectedRole(db);
    const instead = 'serve with a role of its own: `nijo migrate --runtime-role ROLE`';
    if (superuser) return `${name} is a superuser and can change or delete audit rows; ${instead}`;
    if (mayChange.length > 0) return `${name} has the right to change ${mayChange.join(', ')}; ${instead}`;
    if (owner) return `${name} owns the tables and could give itself the right to change them; ${instead}`;
    advice = false;
    return `${name} can add to it, and neither change nor delete anything`;
  });
  return finding.ok && advice ? { ...finding, advice } : finding;
}
