import type { TableMetadata } from './metadata.ts';
import type { SchemaChange } from './schema-change.ts';
import { evolveSchema } from './schema-evolution.ts';
import type { FieldDraft } from './schema.ts';
import { MAIN } from './snapshot.ts';
import type { Snapshot } from './snapshot.ts';
import { nextMetadataLog } from './trim.ts';

export interface PropertyUpdates {
  setProperties?: Readonly<Record<string, string>>;
  removeProperties?: readonly string[];
}

/** Changes of a table that need no snapshot. */
export interface MetadataUpdates extends PropertyUpdates {
  /** Optional columns to add at the end of the current schema. */
  addColumns?: readonly FieldDraft[];
  /** Changes of the current schema, in order, after `addColumns`. */
  schema?: readonly SchemaChange[];
}

/** What every commit does to the metadata it replaces. `now` is milliseconds since 1970. */
export function touch(metadata: TableMetadata, replaced: string, now: number): TableMetadata {
  return {
    ...metadata,
    'last-updated-ms': nextTimestamp(metadata, now),
    'metadata-log': nextMetadataLog(metadata, replaced),
  };
}

/** Now, or the last change when the clock stands behind it: time never runs backwards in a table's logs. */
export function nextTimestamp(metadata: TableMetadata, now: number): number {
  return Math.max(now, metadata['last-updated-ms'], metadata.snapshots.at(-1)?.['timestamp-ms'] ?? 0);
}

/** The metadata with another current schema, and properties set and removed. Throws as `evolveSchema` does. */
export function applyUpdates(metadata: TableMetadata, updates: MetadataUpdates): TableMetadata {
  const added = (updates.addColumns ?? []).map((column): SchemaChange => ({ kind: 'add', column }));
  return applyProperties(evolveSchema(metadata, [...added, ...(updates.schema ?? [])]), updates);
}

export function applyProperties(metadata: TableMetadata, updates: PropertyUpdates): TableMetadata {
  const removed = new Set(updates.removeProperties);
  const kept = Object.entries(metadata.properties).filter(([key]) => !removed.has(key));
  return { ...metadata, properties: { ...Object.fromEntries(kept), ...updates.setProperties } };
}

/** The metadata with a new head of main. */
export function withSnapshot(metadata: TableMetadata, snapshot: Snapshot): TableMetadata {
  const id = snapshot['snapshot-id'];
  return {
    ...metadata,
    'last-sequence-number': snapshot['sequence-number'],
    'current-snapshot-id': id,
    refs: { ...metadata.refs, [MAIN]: { ...metadata.refs[MAIN], 'snapshot-id': id, type: 'branch' } },
    snapshots: [...metadata.snapshots, snapshot],
    'snapshot-log': [
      ...metadata['snapshot-log'],
      { 'timestamp-ms': snapshot['timestamp-ms'], 'snapshot-id': id },
    ],
  };
}
