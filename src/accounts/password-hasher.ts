import { randomBytes } from 'node:crypto';
import { hash as argon2Hash, parseOptions, verify as argon2Verify } from '@node-rs/argon2';
import { NijoError } from '../base/errors.ts';
import { createFairQueue } from '../base/fair-queue.ts';
import { traveller } from '../base/lanes.ts';
import type { Configuration } from '../config/schema.ts';

/** Longer passwords are refused: anybody could order the work of hashing them. In bytes of UTF-8. */
export const longestPassword = 1024;

export interface HashingLoad {
  running: number;
  waiting: number;
  maxParallel: number;
  maxQueue: number;
}

/**
 * Hashes passwords off the event loop. Every method that hashes throws NijoError('hashing_busy') when the
 * queue is full or the hash waits in it for too long.
 */
export interface PasswordHasher {
  /** @returns a PHC string. @throws RangeError for what `verify` never accepts: empty, too long, not text. */
  hash(plain: string): Promise<string>;
  /**
   * The hash made with the salt and parameters of another one (of which `withoutOutput` is enough): for the
   * same password it is the same. @throws RangeError as `hash`, or where the other one has none.
   */
  hashAs(phc: string, plain: string): Promise<string>;
  /** Never true for an empty or too long password, nor for a PHC string that cannot be read. */
  verify(phc: string, plain: string): Promise<boolean>;
  /**
   * Does the work of `verify` for an account that does not exist, so that time reveals nothing (C13).
   * @param parameters of the stored hash that it stands for, as `parametersOf` gives them; without them
   *   the configured ones.
   */
  verifyNothing(plain: string, parameters?: string): Promise<false>;
  /** Whether the string was made with other parameters than the configured ones. */
  needsRehash(phc: string): boolean;
  load(): HashingLoad;
  /** Whether a hash for the present request would be refused at once. */
  isFull(): boolean;
}

// `Algorithm.Argon2id`: a const enum exists only in the types.
const argon2id = 2;
const outputLength = 32;

const randomBase64 = (length: number): string => randomBytes(length).toString('base64').replaceAll('=', '');

interface PhcParameters {
  /** Of the kind and version made here: argon2id, version 19. */
  current: boolean;
  /** Names no version: it may be of either one. */
  versionless: boolean;
  memoryKib: number;
  passes: number;
  parallelism: number;
  outputLength: number;
  saltLength: number;
}

/** The parameters of an argon2 PHC string; undefined for anything else. */
export function readPhc(phc: string): PhcParameters | undefined {
  if (phc.length > 512) return undefined;
  try {
    const read = parseOptions(phc);
    return {
      current: phc.startsWith('$argon2id$v=19$'),
      versionless: !phc.includes('$v='),
      memoryKib: read.memoryCost,
      passes: read.timeCost,
      parallelism: read.parallelism,
      outputLength: read.outputLen,
      saltLength: read.saltLen,
    };
  } catch {
    return undefined;
  }
}

/** The part of a PHC string that decides what comparing costs: kind, version and parameters. */
export function parametersOf(phc: string): string | undefined {
  return readPhc(phc) === undefined ? undefined : phc.split('$').slice(0, -2).join('$');
}

/** A PHC string without its hash: what is needed to compute that again. */
export function withoutOutput(phc: string): string {
  return phc.replace(/[^$]+$/, (output) => 'A'.repeat(output.length));
}

/**
 * The bytes that are hashed. NFC, so that the same typed text verifies from every system (RFC 8265 §4.2),
 * and nothing more: imported hashes were made of the text as typed. A NUL is a byte like any other: it goes
 * to argon2, never to the database.
 * @returns undefined for what is never a password.
 */
function bytesOf(plain: string): Buffer | undefined {
  // Before normalising, which costs more than linear time and would be useless.
  if (plain === '' || plain.length > longestPassword || !plain.isWellFormed()) return undefined;
  const bytes = Buffer.from(plain.normalize('NFC'));
  return bytes.length > longestPassword ? undefined : bytes;
}

// A command that hashes only for itself need not set how long it waits.
const usualQueueMs = 20_000;

export type HashingSettings = Omit<Configuration['passwords'], 'queue_timeout_ms'> &
  Partial<Pick<Configuration['passwords'], 'queue_timeout_ms'>>;

/** A hash that waits in the queue. */
interface WaitingHash {
  go: () => void;
  refuse: () => void;
}

/**
 * argon2id (C48). Each running hash uses one thread of libuv's pool (four unless UV_THREADPOOL_SIZE says
 * otherwise) and `memory_kib` of memory; the others wait, at most `max_queue` of them and for
 * `queue_timeout_ms` (F20). The queue alternates between networks: one that sends thousands does not delay
 * the others.
 */
export function createPasswordHasher(settings: HashingSettings): PasswordHasher {
  const parameters = {
    algorithm: argon2id,
    memoryCost: settings.memory_kib,
    timeCost: settings.passes,
    parallelism: settings.parallelism,
    outputLen: outputLength,
  };
  const configured = `$argon2id$v=19$m=${settings.memory_kib},t=${settings.passes},p=${settings.parallelism}`;
  const filler = Buffer.from('not a password');
  const waiting = createFairQueue<WaitingHash>(settings.max_queue);
  let running = 0;

  /** Waits until a place is handed over. */
  async function turn(): Promise<void> {
    const { source } = traveller();
    await new Promise<void>((go, refuse) => {
      const entry: WaitingHash = {
        go: () => {
          clearTimeout(late);
          go();
        },
        refuse: () => {
          clearTimeout(late);
          refuse(new NijoError('hashing_busy'));
        },
      };
      const late = setTimeout(() => {
        waiting.remove(source, entry);
        entry.refuse();
      }, settings.queue_timeout_ms ?? usualQueueMs);
      waiting.push(source, entry)?.refuse();
    });
  }

  async function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    // The hash that finishes hands its place over, so `running` stays as it is.
    if (running >= settings.max_parallel) await turn();
    else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next.go();
    }
  }

  /**
   * A hash that names no version may be of either: the PHC format means 16, most programs mean 19. The
   * stand-in for an unknown ID is compared the same way, so the second comparison reveals nothing.
   */
  async function compare(phc: string, bytes: Buffer): Promise<boolean> {
    if (readPhc(phc)?.versionless !== true) return argon2Verify(phc, bytes);
    return (await argon2Verify(phc.replace('$m=', '$v=19$m='), bytes)) || argon2Verify(phc, bytes);
  }

  async function verifyNothing(plain: string, like = configured): Promise<false> {
    // A random hash: verifying against it costs what a real one costs and never succeeds.
    const decoy = `${like}$${randomBase64(16)}$${randomBase64(outputLength)}`;
    const nobody = readPhc(decoy) === undefined ? decoy.replace(like, configured) : decoy;
    await inTurn(() => compare(nobody, bytesOf(plain) ?? filler));
    return false;
  }

  return {
    async hash(plain) {
      const bytes = bytesOf(plain);
      if (bytes === undefined) throw new RangeError('not a password: empty, too long or no text');
      return inTurn(() => argon2Hash(bytes, parameters));
    },
    async hashAs(phc, plain) {
      const bytes = bytesOf(plain);
      const read = readPhc(phc);
      if (bytes === undefined || read === undefined) throw new RangeError('not a password, or no parameters');
      const { memoryKib: memoryCost, passes: timeCost, parallelism, outputLength: outputLen } = read;
      const salt = Buffer.from(phc.split('$').at(-2) ?? '', 'base64');
      const options = { algorithm: argon2id, memoryCost, timeCost, parallelism, outputLen, salt };
      return inTurn(() => argon2Hash(bytes, options));
    },
    async verify(phc, plain) {
      const bytes = bytesOf(plain);
      if (bytes === undefined || readPhc(phc) === undefined) return verifyNothing(plain, parametersOf(phc));
      return inTurn(() => compare(phc, bytes));
    },
    verifyNothing,
    needsRehash(phc) {
      const read = readPhc(phc);
      return (
        read === undefined ||
        !read.current ||
        read.memoryKib !== settings.memory_kib ||
        read.passes !== settings.passes ||
        read.parallelism !== settings.parallelism ||
        read.outputLength !== outputLength
      );
    },
    load: () => ({
      running,
      waiting: waiting.length,
      maxParallel: settings.max_parallel,
      maxQueue: settings.max_queue,
    }),
    isFull: () => running >= settings.max_parallel && waiting.isFullFor(traveller().source),
  };
}
