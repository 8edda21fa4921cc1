import path from 'node:path';
import { pino } from 'pino';
import { startNijo } from '../app/app.ts';
import { createSealer } from '../base/sealing.ts';
import type { Configuration } from '../config/schema.ts';
import { secretGenerations } from '../config/secret-generations.ts';
import { migrate } from '../db/migrate.ts';
import { createLogger, type Logger } from '../observe/logger.ts';
import { applyClients } from '../oidc/clients/clients.ts';
import { appSecret, makeDemoAccounts } from './accounts.ts';
import { trialConfiguration } from './configuration.ts';
import { startDemoService } from './demo-service.ts';
import { databaseFault, openTrialFolder } from './folder.ts';
import { ensurePortFree, loopback, PortInUseError } from './local-server.ts';
import { startMailbox } from './mailbox.ts';
import { mailboxPortOffset, serviceDeclarations, serviceSettings } from './services.ts';

export interface TrialSettings {
  /** Port of the identity provider; the demo services and the mailbox use the ports after it. */
  port: number;
  folder: string;
}

export interface Trial {
  /** Stops everything in order: the identity provider, which may still send mails, before the mailbox. */
  stop(): Promise<void>;
}

function openLog(folder: string, settings: Configuration['logging']): Logger {
  const destination = pino.destination({ dest: path.join(folder, 'trial.log'), sync: true, append: false });
  return createLogger(settings, 'trial', destination);
}

/**
 * Starts the identity provider on the embedded database with demo accounts, two demo services and a
 * mailbox, all on loopback.
 * @throws TrialRefusedError with a line for the terminal: the folder or a port is in use.
 */
export async function startTrial({ port, folder }: TrialSettings): Promise<Trial> {
  const held = openTrialFolder(folder);
  const { secret, db } = held;
  // What has been started; the newest is stopped first.
  const started: (() => Promise<void> | void)[] = [() => held.close()];
  const stop = async (): Promise<void> => {
    for (let end = started.pop(); end !== undefined; end = started.pop()) await end();
  };
  try {
    // Ports are checked first, so that nothing has changed yet if one is in use.
    await ensurePortFree(port);
    const mailbox = await startMailbox({
      port: port + mailboxPortOffset,
      file: path.join(folder, 'mails.jsonl'),
      appSecret,
      issuer: `http://${loopback}:${port}`,
    });
    started.push(() => mailbox.close());
    for (const settings of serviceSettings(port, secret)) {
      const service = await startDemoService(settings);
      started.push(() => service.close());
    }

    const config = trialConfiguration({ port, secret, smtpUrl: mailbox.smtpUrl });
    const logger = openLog(folder, config.logging);
    await migrate(db);
    const sealer = createSealer(secretGenerations(config.secrets));
    await applyClients(db, sealer, serviceDeclarations(port, secret), 'system');
    await makeDemoAccounts(db, sealer, config);
    const nijo = await startNijo({ config, db, logger }).catch((error: unknown) => {
      throw (error as NodeJS.ErrnoException).code === 'EADDRINUSE' ? new PortInUseError(port) : error;
    });
    started.push(() => nijo.stop());
    return { stop };
  } catch (error) {
    // A database that never opened cannot be closed either: the first error is reported.
    await stop().catch(() => undefined);
    throw databaseFault(error, folder);
  }
}
