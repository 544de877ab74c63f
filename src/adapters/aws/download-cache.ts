import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { errorCode, TidemarkError } from '../../errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Random } from '../../ports/random.ts';

export interface DownloadCacheSettings {
  /** A folder of its own, not shared with another cache. On Lambda: inside `/tmp`. */
  folder: string;
  /** What the files may take together; leave room for what the function itself writes. */
  maxBytes: number;
}

/** An object about to be downloaded. */
export interface Download {
  size: number;
  body: Readable;
}

interface Entry {
  bytes: number;
  /** Who uses the file: it is not evicted while there is somebody. */
  users: Set<object>;
}

/** A file being written that is older than this was left by a process that was killed. */
const ABANDONED_MS = 3_600_000;
const WRITING = '.part';

/**
 * Immutable objects as local files, bounded by bytes, the least recently used evicted first.
 *
 * A file's name is the hash of its URI and appears by a rename when it is whole. So a warm Lambda, and a new process in
 * the same sandbox after a crash, go on with what is there; half a file is never seen. Requests for one object at the
 * same time share one download.
 */
export class DownloadCache {
  readonly #settings: DownloadCacheSettings;
  readonly #clock: Clock;
  readonly #random: Random;
  /** In order of last use. */
  readonly #entries = new Map<string, Entry>();
  readonly #underWay = new Map<string, { users: Set<object>; done: Promise<void> }>();
  #bytes = 0;
  #opened: Promise<void> | undefined;

  constructor(settings: DownloadCacheSettings, ports: { clock: Clock; random: Random }) {
    this.#settings = settings;
    this.#clock = ports.clock;
    this.#random = ports.random;
  }

  /** Bytes in files, those under way included. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * The path of the object's file, which stays until `user` is released.
   * @param download called when the object is not here
   * @throws kind `refused` when what is in use leaves no room
   */
  async path(uri: string, user: object, download: () => Promise<Download>): Promise<string> {
    await (this.#opened ??= this.#open());
    const name = createHash('sha256').update(uri).digest('hex');
    for (;;) {
      const known = this.#entries.get(name);
      if (known) {
        this.#use(name, known, user);
        if ((await statIfThere(this.#file(name)))?.size === known.bytes) return this.#file(name);
        // Somebody cleared the folder.
        this.#drop(name, known);
        continue;
      }
      let loading = this.#underWay.get(name);
      if (!loading) {
        const users = new Set<object>();
        const done = this.#load(name, uri, users, download).finally(() => this.#underWay.delete(name));
        loading = { users, done };
        this.#underWay.set(name, loading);
      }
      // Noted before the wait: a file that nobody uses yet could be evicted at once.
      loading.users.add(user);
      await loading.done;
      return this.#file(name);
    }
  }

  /** Lets go of every file that `user` asked for. */
  release(user: object): void {
    for (const entry of this.#entries.values()) entry.users.delete(user);
  }

  #file(name: string): string {
    return join(this.#settings.folder, name);
  }

  #use(name: string, entry: Entry, user: object): void {
    entry.users.add(user);
    // A Map iterates in order of insertion: moved to the end is used last.
    this.#entries.delete(name);
    this.#entries.set(name, entry);
  }

  #drop(name: string, entry: Entry): void {
    if (this.#entries.get(name) !== entry) return;
    this.#bytes -= entry.bytes;
    this.#entries.delete(name);
  }

  /** Takes over what an earlier process of this sandbox left. */
  async #open(): Promise<void> {
    const { folder } = this.#settings;
    await mkdir(folder, { recursive: true });
    const found: { name: string; bytes: number; usedAt: number }[] = [];
    for (const name of await readdir(folder)) {
      const status = await statIfThere(join(folder, name));
      if (!status) continue;
      if (!name.endsWith(WRITING)) found.push({ name, bytes: status.size, usedAt: status.mtimeMs });
      else if (this.#clock.now() - status.mtimeMs > ABANDONED_MS)
        await rm(join(folder, name), { force: true });
    }
    for (const { name, bytes } of found.sort((a, b) => a.usedAt - b.usedAt)) {
      this.#entries.set(name, { bytes, users: new Set() });
      this.#bytes += bytes;
    }
    await this.#evict();
  }

  async #load(
    name: string,
    uri: string,
    users: Set<object>,
    download: () => Promise<Download>,
  ): Promise<void> {
    const { size, body } = await download();
    const writing = this.#file(`${name}.${this.#random.uuid()}${WRITING}`);
    this.#bytes += size;
    try {
      await this.#makeRoom(uri, size);
      await pipeline(body, createWriteStream(writing));
      const written = (await stat(writing)).size;
      if (written !== size)
        throw new TidemarkError('unavailable', `${uri} broke off: ${written} of ${size} bytes came`, {
          context: { uri },
        });
      await rename(writing, this.#file(name));
    } catch (error) {
      this.#bytes -= size;
      body.destroy();
      await rm(writing, { force: true });
      throw error;
    }
    this.#entries.set(name, { bytes: size, users });
  }

  async #makeRoom(uri: string, size: number): Promise<void> {
    await this.#evict();
    const { maxBytes } = this.#settings;
    if (this.#bytes <= maxBytes) return;
    throw new TidemarkError('refused', `no room for ${uri}: files in use take ${this.#bytes - size} bytes`, {
      context: { uri, size, inUse: this.#bytes - size, maxBytes },
      remedy: "raise the function's ephemeral storage, or take fewer files at once",
    });
  }

  async #evict(): Promise<void> {
    for (const [name, entry] of [...this.#entries]) {
      if (this.#bytes <= this.#settings.maxBytes) return;
      if (entry.users.size > 0 || this.#entries.get(name) !== entry) continue;
      this.#drop(name, entry);
      await rm(this.#file(name), { force: true });
    }
  }
}

async function statIfThere(path: string): Promise<{ size: number; mtimeMs: number } | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
