import { isLive } from './data-file.ts';
import type { TableMetadata } from './metadata.ts';
import { readAllEntries, readList } from './read.ts';
import type { TableIo } from './table.ts';

/** Everything that a table's metadata still needs, by URI. */
export interface ReachableFiles {
  /** Manifest lists, manifests, statistics and the metadata files of the log. */
  metadata: Set<string>;
  /** Data and delete files that are live in at least one snapshot. */
  data: Set<string>;
}

/**
 * What must not be deleted while this metadata is current, its own file excepted: maintenance compares candidates with
 * it. Reads every manifest of every snapshot, each once.
 */
export async function reachableFiles(io: TableIo, metadata: TableMetadata): Promise<ReachableFiles> {
  const logged = metadata['metadata-log'].map((entry) => entry['metadata-file']);
  const lists = metadata.snapshots.map((snapshot) => snapshot['manifest-list']);
  const files = new Set([...logged, ...lists, ...statisticsPaths(metadata)]);
  const data = new Set<string>();
  for (const path of lists) {
    const unread = (await readList(io, path)).filter((manifest) => !files.has(manifest.path));
    for (const [manifest, entries] of await readAllEntries(io, metadata, unread)) {
      files.add(manifest.path);
      for (const entry of entries) if (isLive(entry)) data.add(entry.file.path);
    }
  }
  return { metadata: files, data };
}

function statisticsPaths(metadata: TableMetadata): string[] {
  const files = [metadata['statistics'], metadata['partition-statistics']].flatMap((list) =>
    Array.isArray(list) ? (list as Record<string, unknown>[]) : [],
  );
  return files.map((file) => file['statistics-path']).filter((path) => typeof path === 'string');
}
