import { linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * When a process started, by the system's own count; '' where that cannot be known. A process id alone does
 * not identify a process: after a restart, above all of a container, another process has it.
 */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The 22nd field of proc(5); the second one, the name, may contain blanks but ends at the last bracket.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

/** Creates the file with its content in one step: no process ever sees it empty. */
function createExclusively(file: string, content: string): boolean {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, content);
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** The process that holds a lock with this content, if it still runs. */
function holderOf(content: string): number | undefined {
  const [number = '', start = ''] = content.split(' ');
  const pid = Number(number);
  if (!Number.isInteger(pid) || pid <= 0 || !isRunning(pid)) return undefined;
  return start === '' || start === startOf(pid) ? pid : undefined;
}

/** Removes a lock whose process is gone; of several processes that see it, one at a time. */
function removeStale(file: string): void {
  const turn = `${file}.turn`;
  const age = Date.now() - (statSync(turn, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
  if (age > 10_000) rmSync(turn, { force: true });
  if (!createExclusively(turn, '')) return;
  try {
    if (holderOf(read(file)) === undefined) rmSync(file, { force: true });
  } finally {
    rmSync(turn, { force: true });
  }
}

/**
 * Locks a data folder for this process, because the embedded database lets a second process open it and then
 * loses rows (E12). A lock left behind by a killed process is taken over.
 * @throws Error with a line for the operator when another process holds it.
 */
export function lockFolder(folder: string): { release(): void } {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, 'lock');
  const own = `${process.pid} ${startOf(process.pid)}`;
  if (!createExclusively(file, own)) {
    removeStale(file);
    if (!createExclusively(file, own)) {
      throw new Error(
        `Nijo already runs on the folder ${folder} (process ${holderOf(read(file)) ?? 'unknown'}). Stop it first, or set NIJO_DATA to another folder.`,
      );
    }
  }
  return {
    release: () => {
      if (read(file) === own) rmSync(file, { force: true });
    },
  };
}
