import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { z } from 'zod';
import { type Configuration, type ConfigurationInput, configurationSchema } from './schema.ts';
import { databaseSchema } from './sections/database.ts';
import { isLoopback } from './sections/values.ts';

/** One error in the configuration, with its setting and how to fix it. */
export interface ConfigurationFault {
  setting: string;
  problem: string;
  fix: string;
}

/** Every error of a configuration at once. */
export class ConfigurationError extends Error {
  readonly faults: readonly ConfigurationFault[];

  constructor(faults: readonly ConfigurationFault[]) {
    super(
      [
        `The configuration has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:`,
        ...faults.map((fault) => `  ${fault.setting}: ${fault.problem}\n    fix: ${fault.fix}`),
      ].join('\n'),
    );
    this.name = 'ConfigurationError';
    this.faults = faults;
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Environment variables for settings; each may be given as `NAME_FILE`, a file that holds the value. */
const variables = [
  ['NIJO_ISSUER', 'issuer'],
  ['DATABASE_URL', 'database.url'],
  ['SMTP_URL', 'mail.smtp_url'],
  ['NIJO_SECRET', 'secrets.current'],
  ['NIJO_MAIL_FROM', 'mail.from_address'],
] as const;

const required: readonly { setting: string; fix: string }[] = [
  {
    setting: 'issuer',
    fix: 'set NIJO_ISSUER or `issuer:` to the public address, such as https://idp.example.ac.jp',
  },
  {
    setting: 'database.url',
    fix: 'set DATABASE_URL or DATABASE_URL_FILE to postgres://user:password@host/database',
  },
  {
    setting: 'secrets.current',
    fix: 'set NIJO_SECRET or NIJO_SECRET_FILE to the output of `openssl rand -base64 48`; keep it out of the database backup',
  },
  {
    setting: 'mail.smtp_url',
    fix: 'set SMTP_URL or SMTP_URL_FILE to smtp://host:25 or smtps://user:password@host',
  },
  {
    setting: 'mail.from_address',
    fix: 'set NIJO_MAIL_FROM or `mail.from_address:` to the sender of the codes',
  },
];

function assign(target: Record<string, unknown>, path: string, value: unknown): void {
  const [head = '', ...rest] = path.split('.');
  if (rest.length === 0) {
    target[head] = value;
    return;
  }
  const next = target[head];
  const section = typeof next === 'object' && next !== null ? (next as Record<string, unknown>) : {};
  target[head] = section;
  assign(section, rest.join('.'), value);
}

function valueAt(source: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (value, key) =>
        typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined,
      source,
    );
}

function describe(issue: z.core.$ZodIssue): ConfigurationFault[] {
  const at = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      setting: at === '' ? key : `${at}.${key}`,
      problem: 'is not a setting',
      fix: 'check its spelling against config/nijo.example.yaml, or remove it',
    }));
  }
  return [
    {
      setting: at === '' ? '(file)' : at,
      problem: issue.code === 'custom' ? issue.message : issue.message.replace(/^Invalid input: /, ''),
      fix: fixOf(issue) ?? `see \`${at}\` in config/nijo.example.yaml`,
    },
  ];
}

/** The fix that a setting's own check gives. */
function fixOf(issue: z.core.$ZodIssue): string | undefined {
  const fix: unknown = issue.code === 'custom' ? issue.params?.fix : undefined;
  return typeof fix === 'string' ? fix : undefined;
}

/** Checks across several settings; each runs even when others fail. */
function crossChecks(input: unknown): ConfigurationFault[] {
  const faults: ConfigurationFault[] = [];
  const given = valueAt(input, 'issuer');
  const issuer = typeof given === 'string' && URL.canParse(given) ? new URL(given) : undefined;
  if (issuer?.protocol === 'http:' && !isLoopback(issuer.hostname)) {
    faults.push({
      setting: 'issuer',
      problem: 'is http: cookies and passwords would cross the network in the clear',
      fix: 'put TLS in front and use https://',
    });
  }
  if (issuer !== undefined && issuer.pathname !== '/') {
    faults.push({ setting: 'issuer', problem: 'has a path', fix: 'give the server a host name of its own' });
  }
  const { statement_timeout_ms: statement, query_timeout_ms: query } = databaseSchema
    .pick({ statement_timeout_ms: true, query_timeout_ms: true })
    .strip()
    .catch(() => databaseSchema.parse({}))
    .parse(valueAt(input, 'database') ?? {});
  if (statement >= query) {
    faults.push({
      setting: 'database.statement_timeout_ms',
      problem: 'is not below database.query_timeout_ms: a statement given up here would go on in the server',
      fix: 'set it some 500 ms below database.query_timeout_ms',
    });
  }
  return faults;
}

function freeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) freeze(inner);
    Object.freeze(value);
  }
  return value;
}

/**
 * Checks a configuration given as data.
 * @param options `embedded`: the caller opens the embedded database itself, so no `database.url` is required.
 * @throws ConfigurationError with every error at once.
 */
export function checkConfiguration(
  input: ConfigurationInput,
  priorFaults: readonly ConfigurationFault[] = [],
  options: { embedded?: boolean } = {},
): Configuration {
  const faults = [...priorFaults];
  const parsed = configurationSchema.safeParse(input);
  if (!parsed.success) faults.push(...parsed.error.issues.flatMap(describe));
  for (const { setting, fix } of required) {
    if (setting === 'database.url' && options.embedded === true) continue;
    const value = valueAt(input, setting);
    const said = faults.some((fault) => fault.setting === setting);
    if ((value === undefined || value === null || value === '') && !said)
      faults.push({ setting, problem: 'is missing', fix });
  }
  faults.push(...crossChecks(input));
  if (!parsed.success || faults.length > 0) throw new ConfigurationError(faults);
  return freeze(parsed.data as Configuration);
}

/** The file's content as data. Only the first line of the parser's message: the others quote the file. */
function readSettings(file: string, faults: ConfigurationFault[]): Record<string, unknown> {
  const fault = (problem: string): Record<string, unknown> => {
    faults.push({ setting: '(file)', problem: `${file} ${problem}`, fix: 'check --config or NIJO_CONFIG' });
    return {};
  };
  try {
    const content: unknown = parse(readFileSync(file, 'utf8')) ?? {};
    if (typeof content === 'object' && !Array.isArray(content)) {
      // A section in which every line is a comment reads as null.
      return Object.fromEntries(
        Object.entries(content as Record<string, unknown>).filter(([, value]) => value !== null),
      );
    }
    return fault('holds no settings: it must be lines of `name: value`');
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    return fault(`cannot be read: ${said.split('\n')[0]}`);
  }
}

/**
 * Reads the configuration: the file (if any), overridden by the environment and its `*_FILE` forms. The
 * program reads the environment only here.
 * @throws ConfigurationError with every error at once.
 */
export function loadConfiguration(file: string | undefined, environment: Environment): Configuration {
  const faults: ConfigurationFault[] = [];
  const input = file === undefined ? {} : readSettings(file, faults);
  for (const [name, setting] of variables) {
    const direct = environment[name];
    const path = environment[`${name}_FILE`];
    if (direct !== undefined && direct.trim() !== '') assign(input, setting, direct);
    else if (path !== undefined && path !== '') {
      try {
        assign(input, setting, readFileSync(path, 'utf8').trim());
      } catch (error) {
        faults.push({
          setting,
          problem: `${name}_FILE cannot be read: ${error instanceof Error ? error.message : String(error)}`,
          fix: 'check the path and its permissions',
        });
      }
    }
  }
  return checkConfiguration(input, faults);
}
