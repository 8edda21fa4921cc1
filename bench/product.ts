import { pino } from 'pino';
import { startNijo } from '../src/app/app.ts';
import { checkConfiguration } from '../src/config/load.ts';
import { openPostgres } from '../src/db/open.ts';
import { createLogger } from '../src/observe/logger.ts';
import { contend } from './contender.ts';

/** Nijo as `nijo serve` runs it, behind a proxy that names each browser's address. */
await contend(async ({ databaseUrl, port, issuer, argon2, secret }) => {
  const config = checkConfiguration({
    issuer,
    server: { host: '127.0.0.1', port, internal_port: 0, trusted_proxies: ['127.0.0.1'] },
    database: { url: databaseUrl },
    secrets: { current: secret },
    // Nothing is mailed here.
    mail: { smtp_url: 'smtp://127.0.0.1:9', from_address: 'no-reply@idp.example' },
  });
  const db = openPostgres(config.database, (error) => {
    throw error;
  });
  await startNijo({
    // Below what a configuration may say, for the runs that leave hashing out.
    config: {
      ...config,
      passwords: { ...config.passwords, memory_kib: argon2.memoryKib, passes: argon2.passes },
    },
    db,
    logger: createLogger(config.logging, 'bench', pino.destination('/dev/null')),
  });
});
