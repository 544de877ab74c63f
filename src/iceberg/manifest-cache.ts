import { Lru } from './lru.ts';
import type { ManifestEntry } from './data-file.ts';
import type { ManifestFile } from './manifest-list.ts';
import type { TableMetadata } from './metadata.ts';

/**
 * Parsed manifests, manifest lists and metadata by path. All of them are immutable files with unique names, so what
 * is in here never grows stale; it only grows, and is bounded.
 */
export class ManifestCache {
  readonly manifests: Lru<readonly ManifestEntry[]>;
  readonly lists: Lru<readonly ManifestFile[]>;
  readonly metadata: Lru<TableMetadata>;

  /**
   * @param limits how many manifest entries (some 5 kB each with statistics of 12 columns), manifest list rows and
   *   metadata trees are kept. @default 10,000, 10,000 and 8
   */
  constructor(limits: { entries?: number; listRows?: number; metadata?: number } = {}) {
    this.manifests = new Lru(limits.entries ?? 10_000, (entries) => entries.length + 1);
    this.lists = new Lru(limits.listRows ?? 10_000, (rows) => rows.length + 1);
    this.metadata = new Lru(limits.metadata ?? 8, () => 1);
  }
}
