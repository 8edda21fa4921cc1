import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Configuration } from '../config/schema.ts';
import { lockFolder } from '../db/folder-lock.ts';
import { migrate } from '../db/migrate.ts';
import { type Db, openEmbedded } from '../db/open.ts';
import { trialConfiguration } from './configuration.ts';
import { TrialRefusedError } from './refused.ts';
import { assertFolderUsable, folderFault } from './usable.ts';

/** The folder in which a trial keeps everything, locked by this process. */
export interface TrialFolder {
  /** What every key of the trial is derived from. */
  secret: string;
  db: Db;
  /** Closes the database, then unlocks the folder. */
  close(): Promise<void>;
}

const shortestSecret = 32;

/** Created once per folder, readable by its owner alone. */
function secretOf(folder: string): string {
  const file = path.join(folder, 'secret');
  const present = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  if (present.length >= shortestSecret) return present;
  // An interrupted first start leaves a partial secret; one that sealed a database cannot be recreated.
  if (existsSync(file)) {
    if (existsSync(path.join(folder, 'database')))
      throw new TrialRefusedError(
        `The file ${file} is damaged, and without it the data of the trial cannot be read: delete the folder ${folder} to begin again, or set NIJO_DATA to another one.`,
      );
    rmSync(file);
  }
  const secret = randomBytes(48).toString('base64url');
  writeFileSync(file, secret, { mode: 0o600, flag: 'wx' });
  return secret;
}

/** @throws TrialRefusedError while another process has the folder, or it cannot be used. */
export function openTrialFolder(folder: string): TrialFolder {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw folderFault(error, folder) ?? error;
  }
  assertFolderUsable(folder);
  let lock: { release(): void };
  try {
    lock = lockFolder(folder);
  } catch (error) {
    const fault = folderFault(error, folder);
    if (fault !== undefined) throw fault;
    throw new TrialRefusedError(error instanceof Error ? error.message : String(error), { cause: error });
  }
  try {
    const secret = secretOf(folder);
    const db = openEmbedded(path.join(folder, 'database'));
    const close = async (): Promise<void> => {
      await db.destroy();
      lock.release();
    };
    return { secret, db, close };
  } catch (error) {
    lock.release();
    throw folderFault(error, folder) ?? error;
  }
}

/** The embedded database throws the file system's errors as bare objects: a name, a number, no message. */
function wordsOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  const { name, errno } = Object(error) as { name?: unknown; errno?: unknown };
  return typeof name === 'string' ? `${name} ${String(errno)}` : String(error);
}

/** Explains why a database could not be opened or filled; the embedded one says little of system errors. */
export function databaseFault(error: unknown, folder: string): unknown {
  if (error instanceof TrialRefusedError) return error;
  const fault = folderFault(error, folder);
  if (fault !== undefined) return fault;
  const said = wordsOf(error);
  if (!/pglite|ErrnoError|Aborted|unreachable|No space left|could not (write|open|extend|create)/i.test(said))
    return error;
  try {
    assertFolderUsable(folder);
  } catch (unusable) {
    return unusable;
  }
  const text = `The database in the folder ${folder} cannot be opened (${said.split('\n')[0]}). It may be damaged: delete the folder to begin again, or set NIJO_DATA to another one.`;
  return new TrialRefusedError(text, { cause: error });
}

/**
 * The trial's database and settings for a command, while the trial itself is stopped.
 * @throws TrialRefusedError where there has been no trial yet, or it is running.
 */
export async function openStoppedTrial(place: {
  port: number;
  folder: string;
}): Promise<TrialFolder & { config: Configuration }> {
  if (existsSync(place.folder)) assertFolderUsable(place.folder);
  if (!existsSync(path.join(place.folder, 'database')))
    throw new TrialRefusedError(`There is no trial in ${place.folder} yet: run npm start first.`);
  const held = openTrialFolder(place.folder);
  try {
    await migrate(held.db);
    // A mail that a command writes is sent when the trial runs again.
    const smtpUrl = `smtp://127.0.0.1:${place.port}`;
    return { ...held, config: trialConfiguration({ port: place.port, secret: held.secret, smtpUrl }) };
  } catch (error) {
    await held.close().catch(() => undefined);
    throw databaseFault(error, place.folder);
  }
}
