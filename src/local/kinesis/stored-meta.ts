import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { loadMeta, saveMeta, streamIdOf, type StoreMeta } from './metadata.ts';

/** What follows the storing of the metadata: `abandon` when it failed, `finally` in any case. */
export interface Steps<T> {
  apply: () => T;
  abandon?: () => Promise<void>;
  finally?: () => void;
}
export type Applied<T> = (() => T) | Steps<T>;

/** The metadata of a store, in memory and on the disk, changed by one change at a time. */
export class StoredMeta {
  readonly #directory: string;
  #meta: StoreMeta;
  #changes: Promise<unknown> = Promise.resolve();

  private constructor(directory: string, meta: StoreMeta) {
    this.#directory = directory;
    this.#meta = meta;
  }

  /** Reads what is stored and removes what an interrupted creation or deletion left behind. Throws kind `corrupt`. */
  static async open(directory: string): Promise<StoredMeta> {
    const meta = await loadMeta(directory);
    const known = new Set(meta.streams.map((stream) => stream.id));
    for (const name of await readdir(directory)) {
      const id = streamIdOf(name);
      // A higher id cannot come from an interruption: it belongs to newer metadata than this.
      if (id === undefined || known.has(id) || id > meta.nextStream) continue;
      await rm(join(directory, name), { recursive: true, force: true });
    }
    return new StoredMeta(directory, meta);
  }

  get current(): Readonly<StoreMeta> {
    return this.#meta;
  }

  /**
   * Runs `prepare` on a copy of the metadata, stores the copy, and only then applies what `prepare` returned: a change
   * that fails anywhere leaves everything as it was.
   */
  change<T>(prepare: (meta: StoreMeta) => Promise<Applied<T>>): Promise<T> {
    const run = this.#changes.then(async () => {
      const meta = structuredClone(this.#meta);
      const applied = await prepare(meta);
      const steps: Steps<T> = typeof applied === 'function' ? { apply: applied } : applied;
      try {
        await saveMeta(this.#directory, meta);
        this.#meta = meta;
        return steps.apply();
      } catch (error) {
        await steps.abandon?.();
        throw error;
      } finally {
        steps.finally?.();
      }
    });
    this.#changes = run.catch(() => undefined); // the caller of this change is told; the next one starts afresh
    return run;
  }

  /** Resolves when the changes asked for so far are done. */
  async settled(): Promise<void> {
    await this.#changes;
  }
}
