import type { ManifestEntry } from './data-file.ts';
import { readManifest } from './manifest.ts';
import { readManifestList } from './manifest-list.ts';
import type { ManifestFile } from './manifest-list.ts';
import { specById } from './metadata.ts';
import type { TableMetadata } from './metadata.ts';
import { partitionColumns } from './partition.ts';
import type { TableIo } from './table.ts';

const PARALLEL_READS = 16;

/** The manifests of a snapshot, from the cache where it has them. */
export async function readList(io: TableIo, path: string): Promise<readonly ManifestFile[]> {
  const known = io.cache?.lists.get(path);
  if (known) return known;
  const list = readManifestList(await io.store.get(path));
  io.cache?.lists.set(path, list);
  return list;
}

/** The entries of a manifest, deleted ones included, from the cache where it has them. */
export async function readEntries(
  io: TableIo,
  metadata: TableMetadata,
  manifest: ManifestFile,
): Promise<readonly ManifestEntry[]> {
  const known = io.cache?.manifests.get(manifest.path);
  if (known) return known;
  const columns = partitionColumns(specById(metadata, manifest.specId), metadata.schemas);
  const entries = readManifest(await io.store.get(manifest.path), manifest, columns);
  io.cache?.manifests.set(manifest.path, entries);
  return entries;
}

/** The entries of many manifests, in their order, a few read at a time. */
export async function readAllEntries(
  io: TableIo,
  metadata: TableMetadata,
  manifests: readonly ManifestFile[],
): Promise<[ManifestFile, readonly ManifestEntry[]][]> {
  const results: [ManifestFile, readonly ManifestEntry[]][] = [];
  for (let start = 0; start < manifests.length; start += PARALLEL_READS) {
    const batch = manifests.slice(start, start + PARALLEL_READS);
    const read = await Promise.all(batch.map((manifest) => readEntries(io, metadata, manifest)));
    batch.forEach((manifest, index) => results.push([manifest, read[index]!]));
  }
  return results;
}
