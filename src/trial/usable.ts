import { accessSync, constants, type Dirent, readdirSync, statfsSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { TrialRefusedError } from './refused.ts';

// A new database takes some 40 MB, and its log needs room to grow.
const neededBytes = 100 * 1024 * 1024;
const neededToGoOn = 16 * 1024 * 1024;

const elsewhere = `or set NIJO_DATA to another folder: NIJO_DATA=${path.join(homeOrTemporary(), 'nijo-trial')} npm start`;

/** A user ID with neither a passwd entry nor HOME has no home folder. */
function homeOrTemporary(): string {
  try {
    return homedir() === '/' ? '/tmp' : homedir();
  } catch {
    return '/tmp';
  }
}

/** What a system error about the folder means, in words for the terminal; undefined for other errors. */
export function folderFault(error: unknown, folder: string): TrialRefusedError | undefined {
  const { code, path: where } = Object(error) as NodeJS.ErrnoException;
  // A missing file elsewhere says nothing about the folder.
  if (code === 'ENOENT' && where?.startsWith(folder) !== true) return undefined;
  // `rm` reports the longer code.
  const said = sayFault(code === 'ERR_FS_EISDIR' ? 'EISDIR' : code, folder);
  return said === undefined ? undefined : new TrialRefusedError(said, { cause: error });
}

function sayFault(code: string | undefined, folder: string): string | undefined {
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return `The folder ${folder} cannot be written by this user${whoOwns(folder)}. Change its owner or permissions, ${elsewhere}`;
    case 'EROFS':
      return `The folder ${folder} is on a file system that cannot be written. Mount it for writing, ${elsewhere}`;
    case 'ENOTDIR':
    case 'EEXIST':
      return `${folder} is a file, or lies below one, and must be a folder. Remove the file, ${elsewhere}`;
    case 'EISDIR':
      return `In the folder ${folder} a folder stands where the trial keeps a file. Delete ${folder} to begin again, ${elsewhere}`;
    case 'ENOENT':
      return `The folder ${folder} cannot be made or read: it, or something in it, links to what does not exist. Remove the link, ${elsewhere}`;
    case 'ENOSPC':
    case 'EDQUOT':
      return `There is no room left on the disk of the folder ${folder}. Free some 100 MB, ${elsewhere}`;
    case 'ENAMETOOLONG':
    case 'ELOOP':
    case 'EINVAL':
      return `${folder} cannot be the name of a folder here (${code}). Set NIJO_DATA to another one.`;
    default:
      return undefined;
  }
}

function whoOwns(folder: string): string {
  const owner = statSync(folder, { throwIfNoEntry: false })?.uid;
  const self = process.getuid?.();
  return owner === undefined || self === undefined || owner === self
    ? ''
    : ` (user ID ${self}; it belongs to user ID ${owner})`;
}

/**
 * Checks whether a trial can keep its data in an existing folder, before the embedded database tries, which
 * would only report that it failed.
 * @throws TrialRefusedError with one line that says what to do.
 */
export function assertFolderUsable(folder: string): void {
  try {
    if (!statSync(folder).isDirectory()) throw Object.assign(new Error('a file'), { code: 'ENOTDIR' });
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) assertOurs(entry);
    const isNew = !readdirSync(folder).includes('database');
    const { bavail, bsize } = statfsSync(folder);
    if (bavail * bsize < (isNew ? neededBytes : neededToGoOn))
      throw Object.assign(new Error('too little room'), { code: 'ENOSPC' });
  } catch (error) {
    throw folderFault(error, folder) ?? error;
  }
}

function assertOurs(entry: Dirent): void {
  const rights = entry.isDirectory() ? constants.W_OK | constants.X_OK : constants.W_OK;
  accessSync(path.join(entry.parentPath, entry.name), constants.R_OK | rights);
}
