import { randomUUID } from 'node:crypto';
import { link, mkdir, open, opendir, readFile, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { errorCode, TidemarkError } from '../../errors.ts';
import type { ObjectStore } from '../../ports/object-store.ts';

function hasCode(error: unknown, ...codes: string[]): boolean {
  return codes.includes(errorCode(error) ?? '');
}

async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export interface FileObjectStoreSettings {
  /** Folder for files being written; on the same file system as the objects. */
  staging: string;
  /**
   * Whether a `put` waits until the disk has the bytes. Without it a power cut, but not a killed process, can lose them.
   * @default true
   */
  fsync?: boolean;
}

/**
 * Objects as files. A conditional put is a hard link from a finished temporary file: atomic, and refused when the
 * name exists, so an object is seen whole or not at all.
 */
export class FileObjectStore implements ObjectStore {
  readonly #staging: string;
  readonly #fsync: boolean;
  readonly #madeFolders = new Set<string>();

  constructor(settings: FileObjectStoreSettings) {
    this.#staging = settings.staging;
    this.#fsync = settings.fsync ?? true;
  }

  async put(uri: string, bytes: Uint8Array): Promise<void> {
    await this.#folder(this.#staging);
    const temporary = join(this.#staging, randomUUID());
    try {
      const handle = await open(temporary, 'wx');
      try {
        await handle.writeFile(bytes);
        if (this.#fsync) await handle.sync();
      } finally {
        await handle.close();
      }
      await this.#publish(temporary, uri);
    } catch (error) {
      throw this.#translate(error, uri);
    } finally {
      await this.#discard(temporary);
    }
  }

  async putFile(uri: string, localPath: string): Promise<void> {
    try {
      if (this.#fsync) await syncPath(localPath);
      await this.#publish(localPath, uri);
      await unlink(localPath);
    } catch (error) {
      throw this.#translate(error, uri);
    }
  }

  async get(uri: string): Promise<Uint8Array> {
    try {
      return await readFile(fileURLToPath(uri));
    } catch (error) {
      throw this.#translate(error, uri);
    }
  }

  async head(uri: string): Promise<{ size: number } | undefined> {
    try {
      return { size: (await stat(fileURLToPath(uri))).size };
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
      throw this.#translate(error, uri);
    }
  }

  async *list(prefix: string): AsyncIterable<{ uri: string; size: number; modifiedAt: number }> {
    const path = fileURLToPath(prefix);
    const root = path.endsWith('/') ? path : dirname(path);
    try {
      for await (const entry of await opendir(root, { recursive: true })) {
        if (!entry.isFile()) continue;
        const file = join(entry.parentPath, entry.name);
        const uri = pathToFileURL(file).href;
        if (!uri.startsWith(prefix)) continue;
        const { size, mtimeMs } = await stat(file);
        yield { uri, size, modifiedAt: mtimeMs };
      }
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return;
      throw this.#translate(error, prefix);
    }
  }

  async delete(uri: string): Promise<void> {
    await this.#discard(fileURLToPath(uri));
  }

  async readable(uri: string): Promise<string> {
    if ((await this.head(uri)) === undefined) throw this.#missing(uri);
    return fileURLToPath(uri);
  }

  async #publish(temporary: string, uri: string): Promise<void> {
    const target = fileURLToPath(uri);
    await this.#folder(dirname(target));
    await link(temporary, target);
    if (this.#fsync) await syncPath(dirname(target));
  }

  async #folder(path: string): Promise<void> {
    if (this.#madeFolders.has(path)) return;
    await mkdir(path, { recursive: true });
    this.#madeFolders.add(path);
  }

  async #discard(path: string): Promise<void> {
    try {
      await unlink(path);
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw this.#translate(error, path);
    }
  }

  #missing(uri: string, cause?: unknown): TidemarkError {
    return new TidemarkError('notFound', `no object at ${uri}`, { context: { uri }, cause });
  }

  #translate(error: unknown, uri: string): unknown {
    if (error instanceof TidemarkError) return error;
    if (hasCode(error, 'ENOENT')) return this.#missing(uri, error);
    if (hasCode(error, 'EEXIST'))
      return new TidemarkError('conflict', `an object exists already at ${uri}`, {
        context: { uri },
        cause: error,
      });
    if (hasCode(error, 'ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE'))
      return new TidemarkError('unavailable', `cannot write ${uri}: ${(error as Error).message}`, {
        context: { uri },
        remedy: 'free disk space or file handles; the write is repeated until it succeeds',
        cause: error,
      });
    return error;
  }
}
