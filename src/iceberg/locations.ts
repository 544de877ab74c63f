import type { TableMetadata } from './metadata.ts';

/** The folder of metadata files: `write.metadata.path`, or `metadata` in the table's folder. */
export function metadataFolder(metadata: TableMetadata): string {
  const folder = metadata.properties['write.metadata.path'] ?? `${metadata.location}/metadata`;
  return folder.replace(/\/+$/, '');
}

/** The folder of data files: `write.data.path`, or `data` in the table's folder. */
export function dataFolder(metadata: TableMetadata): string {
  const folder = metadata.properties['write.data.path'] ?? `${metadata.location}/data`;
  return folder.replace(/\/+$/, '');
}

/**
 * The path of the next metadata file, `<version>-<uuid>.metadata.json`, in the naming of metastore catalogs: the
 * version is that of the previous file plus one.
 */
export function metadataPath(metadata: TableMetadata, previous: string | undefined, uuid: string): string {
  const version = previous === undefined ? 0 : versionOf(previous) + 1;
  const gzip = metadata.properties['write.metadata.compression-codec']?.toLowerCase() === 'gzip';
  const number = String(version).padStart(5, '0');
  return `${metadataFolder(metadata)}/${number}-${uuid}${gzip ? '.gz' : ''}.metadata.json`;
}

// A file of a foreign naming counts as version -1, as in Java.
function versionOf(location: string): number {
  const match = /(?:^|\/)(\d+)-[^/]*$/.exec(location);
  return match ? Number(match[1]) : -1;
}

export function manifestPath(metadata: TableMetadata, commitUuid: string, index: number): string {
  return `${metadataFolder(metadata)}/${commitUuid}-m${index}.avro`;
}

export function manifestListPath(metadata: TableMetadata, snapshotId: bigint, commitUuid: string): string {
  return `${metadataFolder(metadata)}/snap-${snapshotId}-1-${commitUuid}.avro`;
}
