import { readFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { readAppSecret } from '../base/app-secret.ts';
import type { CliContext } from './context.ts';
import type { ProbeResult } from './probe-login.ts';

interface ProbeOptions {
  issuer: string;
  clientId: string;
  clientSecretFile?: string;
  redirectUri: string;
  loginId: string;
  passwordFile: string;
  totpSecretFile?: string;
  acr?: string;
  timeout: number;
  json?: boolean;
}

function url(value: string): string {
  if (!URL.canParse(value)) throw new InvalidArgumentError('It is not a URL.');
  return value;
}

function seconds(value: string): number {
  const number = Number(value);
  if (!(number > 0 && number <= 300))
    throw new InvalidArgumentError('It is not a number of seconds up to 300.');
  return number;
}

function report({ ok, steps, failed, claims }: ProbeResult): string {
  const lines = steps.map(({ step, ms }) => `${step.padEnd(10)} ${ms.toFixed(1).padStart(9)} ms`);
  const total = steps.reduce((sum, { ms }) => sum + ms, 0);
  lines.push(`${'total'.padEnd(10)} ${total.toFixed(1).padStart(9)} ms`);
  if (ok) lines.push(`ok: acr ${String(claims?.acr)}, amr ${JSON.stringify(claims?.amr ?? [])}`);
  else lines.push(`FAILED at ${failed?.step ?? 'the start'}: ${failed?.problem ?? 'unknown'}`);
  return lines.join('\n');
}

/**
 * `nijo probe`: one complete login against a running server, for monitoring. Exits with 0 if
 * the login led to verified tokens, else with 1 and the name of the failed step.
 */
export function probeCommand(context: Pick<CliContext, 'out' | 'fail'>): Command {
  function secretIn(file: string): string {
    try {
      // The last line break of a file is not part of a password; a space may be.
      return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return context.fail(`The file ${file} cannot be read: ${reason}`);
    }
  }

  function totpSecretIn(file: string): string {
    const read = readAppSecret(secretIn(file));
    return 'secret' in read
      ? read.secret
      : context.fail(`The TOTP secret in ${file} cannot be used: it ${read.fault}.`);
  }

  return new Command('probe')
    .description('do a complete login against a running server and time each step')
    .requiredOption('--issuer <url>', 'the identity provider', url)
    .requiredOption('--client-id <id>', 'a client kept for the probe')
    .option('--client-secret-file <file>', "the client's secret; without it the client is public")
    .requiredOption('--redirect-uri <url>', "the client's redirect URI; it is never requested", url)
    .requiredOption('--login-id <id>', 'an account kept for the probe')
    .requiredOption('--password-file <file>', 'its password')
    .option('--totp-secret-file <file>', "its authenticator app's secret, in Base32 or as an otpauth:// URI")
    .option(
      '--acr <value>',
      'the acr that the login has to reach (default: MFA with a TOTP secret, else password)',
    )
    .option('--timeout <seconds>', 'for each request', seconds, 10)
    .option('--json', 'print one JSON object')
    .action(async (options: ProbeOptions) => {
      const [{ probeLogin }, { acrValues }] = await Promise.all([
        import('./probe-login.ts'),
        import('../factors/assurance.ts'),
      ]);
      const withApp = options.totpSecretFile !== undefined;
      const result = await probeLogin({
        issuer: options.issuer,
        clientId: options.clientId,
        redirectUri: options.redirectUri,
        loginId: options.loginId,
        password: secretIn(options.passwordFile),
        expectedAcr: options.acr ?? (withApp ? acrValues.mfa : acrValues.password),
        timeoutMs: options.timeout * 1000,
        ...(options.clientSecretFile === undefined
          ? {}
          : { clientSecret: secretIn(options.clientSecretFile) }),
        ...(options.totpSecretFile === undefined ? {} : { totpSecret: totpSecretIn(options.totpSecretFile) }),
      });
      context.out(options.json === true ? JSON.stringify(result) : report(result));
      if (!result.ok) process.exitCode = 1;
    });
}
