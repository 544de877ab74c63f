import { ancestors, LINEAGE_PROPERTY } from './ancestry.ts';
import { currentSnapshot } from './metadata.ts';
import type { TableMetadata } from './metadata.ts';
import { keptSnapshots } from './retention.ts';
import type { Retention } from './retention.ts';
import type { MetadataLogEntry, Snapshot, SnapshotLogEntry } from './snapshot.ts';

const PREVIOUS_VERSIONS_PROPERTY = 'write.metadata.previous-versions-max';
const PREVIOUS_VERSIONS_DEFAULT = 100;

/**
 * The metadata without the snapshots that the rule does not keep. Files are not touched: what only removed snapshots
 * name is for maintenance to find. Where a gap opens in main's history, the lineage property bridges it.
 *
 * @param now milliseconds since 1970
 */
export function trimSnapshots(metadata: TableMetadata, rule: Retention, now: number): TableMetadata {
  const head = currentSnapshot(metadata);
  if (!head) return metadata;
  const { chain } = ancestors(metadata, head);
  const onMain = new Set(chain);
  const others = metadata.snapshots.filter((snapshot) => !onMain.has(snapshot));
  const named = new Set(Object.values(metadata.refs).map((ref) => ref['snapshot-id']));
  const kept = keptSnapshots(rule, chain, others, named, now);
  const isKept = (snapshot: Snapshot): boolean => kept.has(snapshot['snapshot-id']);
  if (metadata.snapshots.every(isKept)) return metadata;
  const snapshots = metadata.snapshots.filter(isKept);
  const ids = new Set(snapshots.map((snapshot) => snapshot['snapshot-id']));
  return {
    ...metadata,
    snapshots,
    properties: withLineage(metadata.properties, chain.filter(isKept)),
    'snapshot-log': trimLog(metadata['snapshot-log'], ids),
    ...trimStatistics(metadata, 'statistics', ids),
    ...trimStatistics(metadata, 'partition-statistics', ids),
  };
}

function withLineage(properties: Record<string, string>, chain: Snapshot[]): Record<string, string> {
  const gap = chain.findIndex((snapshot, index) => {
    const older = chain[index + 1];
    return older !== undefined && snapshot['parent-snapshot-id'] !== older['snapshot-id'];
  });
  const rest = Object.fromEntries(Object.entries(properties).filter(([key]) => key !== LINEAGE_PROPERTY));
  if (gap < 0) return rest;
  const ids = chain.slice(gap).map((snapshot) => snapshot['snapshot-id']);
  return { ...rest, [LINEAGE_PROPERTY]: ids.join(',') };
}

// "All entries before a snapshot that has expired should be removed": a log with holes would answer time travel with
// a snapshot that was not current at that time.
function trimLog(log: SnapshotLogEntry[], ids: ReadonlySet<bigint>): SnapshotLogEntry[] {
  const lastGone = log.findLastIndex((entry) => !ids.has(entry['snapshot-id']));
  return log.slice(lastGone + 1);
}

function trimStatistics(
  metadata: TableMetadata,
  key: 'statistics' | 'partition-statistics',
  ids: ReadonlySet<bigint>,
): Record<string, unknown> {
  const files = metadata[key];
  if (!Array.isArray(files)) return {};
  const names = new Set([...ids].map(String));
  return {
    [key]: (files as Record<string, unknown>[]).filter((file) => names.has(String(file['snapshot-id']))),
  };
}

/** The metadata log with the file that is being replaced, and no more entries than the table's property allows. */
export function nextMetadataLog(metadata: TableMetadata, replaced: string): MetadataLogEntry[] {
  const setting = Number(metadata.properties[PREVIOUS_VERSIONS_PROPERTY] ?? PREVIOUS_VERSIONS_DEFAULT);
  const limit = Number.isSafeInteger(setting) ? Math.max(setting, 1) : PREVIOUS_VERSIONS_DEFAULT;
  const entry = { 'timestamp-ms': metadata['last-updated-ms'], 'metadata-file': replaced };
  return [...metadata['metadata-log'], entry].slice(-limit);
}
