import { appendFile, readFile } from 'node:fs/promises';
import { Command, InvalidArgumentError } from 'commander';
import { type Anchor, anchorLine, readAnchors } from '../audit/anchors.ts';
import type { Finding } from '../audit/findings.ts';
import { type Verified, verifyChain } from '../audit/verify.ts';
import type { CliContext } from './context.ts';

interface VerifyOptions {
  anchor?: string;
  since?: number;
  json?: boolean;
}

function chainPosition(value: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 1) throw new InvalidArgumentError('It is not a position.');
  return number;
}

/** `nijo audit verify`: exit code 0 if every event is as it was linked, else 1. */
export function auditVerifyCommand(context: CliContext): Command {
  return new Command('verify')
    .description('compare every event with the chain, and the chain with earlier ends of it')
    .option('--anchor <file>', 'earlier ends of the chain; the present one is added when all is well')
    .option('--since <position>', 'begin after this position, of which there is an anchor', chainPosition)
    .option('--json', 'one JSON object a line: each finding, then the summary')
    .action((options: VerifyOptions) => verify(context, options));
}

async function verify(context: CliContext, { anchor: file, since, json }: VerifyOptions): Promise<void> {
  const anchors = file === undefined ? [] : await readAnchorFile(context, file);
  const start = anchors.find(({ position: at }) => at === since);
  if (since !== undefined && start === undefined)
    context.fail(
      `No anchor says how the chain was at position ${since}: name a file with --anchor that has one.`,
    );
  const verified = await context.withDatabase(async (dependencies) => {
    const findings = verifyChain(dependencies, anchors, start);
    for (;;) {
      const next = await findings.next();
      if (next.done === true) return next.value;
      context.out(json === true ? JSON.stringify(next.value) : inWords(next.value));
    }
  });
  const { findings, head, at } = verified;
  if (findings === 0 && file !== undefined && head.position > (anchors.at(-1)?.position ?? 0))
    await appendFile(file, anchorLine({ ...head, at }), { mode: 0o600 });
  context.out(json === true ? JSON.stringify({ ok: findings === 0, ...verified }) : summary(verified));
  if (findings > 0) process.exitCode = 1;
}

/** A file that does not exist yet has no anchors. */
async function readAnchorFile(context: CliContext, file: string): Promise<Anchor[]> {
  try {
    return readAnchors(await readFile(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    return context.fail(`${file}: ${(error as Error).message}`);
  }
}

function summary({ findings, links, waiting, head }: Verified): string {
  const waits = waiting === 0 ? '' : ` ${waiting} newer wait for their link.`;
  if (findings > 0) return `NOT as it was: ${findings} finding(s) in ${links} linked events.${waits}`;
  return `All ${links} linked events are as they were. The chain ends at ${head.position}.${waits}`;
}

function inWords({ kind, position, event, other }: Finding): string {
  const where = position === undefined ? 'no position' : `position ${position}`;
  const said: Record<Finding['kind'], string> = {
    changed: `event ${event} was changed, or put in the place of another one`,
    reordered: `event ${event} and event ${other} were exchanged`,
    missing: `event ${event} is gone`,
    gap: `${other === undefined ? 'the link is' : `the links up to ${other} are`} gone; what came next cannot be checked against it`,
    'link-changed': `the link of event ${event} was changed; the event was not`,
    added: `event ${event} was added past the program`,
    unlinked: `event ${event} has waited for its link for more than a minute: does a node run?`,
    backdated: `event ${event} has a time long before the one linked before it`,
    'cut-off': `was there on ${other}; the chain ends before it now`,
    rewritten: `had another digest on ${other}: the chain was made anew`,
  };
  return `${kind}: ${where}: ${said[kind]}`;
}
