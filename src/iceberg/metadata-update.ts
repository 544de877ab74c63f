import { currentSchema } from './metadata.ts';
import type { TableMetadata } from './metadata.ts';
import { addColumns } from './schema.ts';
import type { FieldDraft, Schema } from './schema.ts';
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

/** The metadata with properties set and removed, and columns added. Throws `invalid` as `addColumns` does. */
export function applyUpdates(metadata: TableMetadata, updates: MetadataUpdates): TableMetadata {
  const withProperties = applyProperties(metadata, updates);
  if (!updates.addColumns || updates.addColumns.length === 0) return withProperties;
  const added = addColumns(currentSchema(metadata), [...updates.addColumns], metadata['last-column-id']);
  const schemaId = Math.max(...metadata.schemas.map((schema) => schema['schema-id'])) + 1;
  const schema: Schema = { ...added.schema, 'schema-id': schemaId };
  return {
    ...withProperties,
    schemas: [...metadata.schemas, schema],
    'current-schema-id': schemaId,
    'last-column-id': added.lastColumnId,
  };
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
