import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import pg from 'pg';

/** What a server process is given; it listens on `port` as `issuer`. */
export interface ContenderSettings {
  databaseUrl: string;
  port: number;
  issuer: string;
  argon2: { memoryKib: number; passes: number };
  client: { id: string; secret: string; redirectUri: string };
  /** Of the product; the floor seals nothing. */
  secret: string;
}

/** What a server process says of itself. */
export interface Usage {
  /** User and system, of all its threads. */
  cpuMs: number;
  rssMb: number;
  /** Sent to the database, `begin` and `commit` too. */
  statements: number;
  /** How many of them were `begin`, `commit` or `rollback`. */
  transactionControl: number;
}

/** Child side: counts statements and answers the benchmark's questions. */
export async function contend(start: (settings: ContenderSettings) => Promise<void>): Promise<void> {
  let statements = 0;
  let transactionControl = 0;
  const prototype = pg.Client.prototype as unknown as {
    query: (this: pg.Client, ...values: unknown[]) => unknown;
  };
  const { query } = prototype;
  prototype.query = function counted(...values) {
    const [first] = values;
    const text = typeof first === 'string' ? first : ((first as { text?: string } | undefined)?.text ?? '');
    statements += 1;
    if (/^\s*(begin|start transaction|commit|rollback)/i.test(text)) transactionControl += 1;
    return query.apply(this, values);
  };

  const [settings] = (await once(process, 'message')) as [ContenderSettings];
  await start(settings);
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    const usage: Usage = {
      cpuMs: (user + system) / 1000,
      rssMb: process.memoryUsage.rss() / 1e6,
      statements,
      transactionControl,
    };
    process.send?.(usage);
  });
  process.on('disconnect', () => process.exit(0));
  process.send?.('ready');
}

/** Parent side: a server process. */
export interface Contender {
  name: string;
  issuer: string;
  /** From its start until discovery answered. */
  startMs: number;
  usage(): Promise<Usage>;
  stop(): Promise<void>;
}

function answerOf<Answer>(child: ChildProcess, message: object): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error('a server of the benchmark ended'));
    child.once('exit', ended);
    child.once('message', (answer) => {
      child.off('exit', ended);
      resolve(answer as Answer);
    });
    child.send(message);
  });
}

export async function startContender(name: string, settings: ContenderSettings): Promise<Contender> {
  const since = performance.now();
  const child = fork(path.join(import.meta.dirname, `${name}.ts`), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { PATH: process.env.PATH },
    execArgv: [],
  });
  await answerOf(child, settings);
  const discovery = await fetch(`${settings.issuer}/.well-known/openid-configuration`);
  if (!discovery.ok) throw new Error(`${name} does not answer: ${discovery.status}`);
  return {
    name,
    issuer: settings.issuer,
    startMs: performance.now() - since,
    usage: () => answerOf<Usage>(child, {}),
    async stop() {
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
}
