import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { access, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { errorCode } from '../../src/errors.ts';

const run = promisify(execFile);
const REQUIREMENTS = fileURLToPath(new URL('requirements.txt', import.meta.url));
const CACHE = fileURLToPath(new URL('../../.cache/emulator/', import.meta.url));
const INSTALL_MS = 300_000;

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/**
 * The Python of a virtual environment that holds the pinned emulator; makes it when it is missing. The folder's name
 * carries the hash of the requirements, and it appears by a rename: several test processes may install at once.
 */
export async function installedPython(): Promise<string> {
  const hash = createHash('sha256')
    .update(await readFile(REQUIREMENTS))
    .digest('hex');
  const folder = join(CACHE, hash.slice(0, 12));
  const python = join(folder, 'bin', 'python');
  if (await exists(python)) return python;
  await mkdir(CACHE, { recursive: true });
  const draft = join(CACHE, `draft-${randomUUID()}`);
  try {
    await run('python3', ['-m', 'venv', draft], { timeout: INSTALL_MS });
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS];
    await run(join(draft, 'bin', 'python'), pip, { timeout: INSTALL_MS });
    await rename(draft, folder);
  } catch (error) {
    // Somebody else may have been faster: their environment is as good.
    if (!(await exists(python))) throw error;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return python;
}
