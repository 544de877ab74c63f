import { open, readFile, unlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isAlive } from '../../adapters/local/system.ts';
import { TidemarkError } from '../../errors.ts';
import { errorCode } from './log-file.ts';

const held = new Set<string>();

/**
 * Keeps a second store, in this process or another, out of `directory`; two writers would overwrite each other's
 * records. The lock of a process that died is taken over. Throws kind `refused`.
 */
export async function lockDirectory(directory: string): Promise<() => Promise<void>> {
  const file = join(resolve(directory), 'LOCK');
  if (held.has(file)) throw inUse(directory, process.pid);
  held.add(file);
  try {
    for (;;) {
      const owner = await take(file);
      if (owner === undefined) break;
      if (owner !== process.pid && isAlive(owner)) throw inUse(directory, owner);
      await removeStale(file);
    }
  } catch (error) {
    held.delete(file);
    throw error;
  }
  return async () => {
    held.delete(file);
    await unlink(file);
  };
}

/** Creates the lock; when there is one already, returns its owner's process id (0 when it cannot be read). */
async function take(file: string): Promise<number | undefined> {
  try {
    const handle = await open(file, 'wx');
    try {
      await handle.writeFile(String(process.pid));
    } finally {
      await handle.close();
    }
    return undefined;
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  }
  try {
    return Number(await readFile(file, 'utf8')) || 0;
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    return 0;
  }
}

async function removeStale(file: string): Promise<void> {
  try {
    await unlink(file);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

function inUse(directory: string, pid: number): TidemarkError {
  return new TidemarkError('refused', `${directory} is in use by process ${pid}`, {
    context: { directory, pid },
    remedy:
      'Stop that process, or choose another directory. If no such process exists, delete the file LOCK there.',
  });
}
