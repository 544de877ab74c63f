import { TidemarkError } from '../errors.ts';
import type { PartitionSpec } from './partition.ts';
import type { Schema } from './schema.ts';
import { MAIN } from './snapshot.ts';
import type { MetadataLogEntry, Snapshot, SnapshotLogEntry, SnapshotRef } from './snapshot.ts';

export interface SortOrder {
  'order-id': number;
  fields: unknown[];
  [key: string]: unknown;
}

/**
 * A table's metadata: the JSON tree itself, with Iceberg's own key names, so that what a foreign writer put there
 * and we do not know goes back unchanged. Snapshot ids and sequence numbers are bigint wherever the specification
 * makes them long (snapshot ids exceed 2^53). Treated as immutable: updates return a new tree that shares the rest.
 */
export interface TableMetadata {
  'format-version': number;
  'table-uuid': string;
  location: string;
  'last-sequence-number': bigint;
  'last-updated-ms': number;
  'last-column-id': number;
  'current-schema-id': number;
  schemas: Schema[];
  'default-spec-id': number;
  'partition-specs': PartitionSpec[];
  'last-partition-id': number;
  'default-sort-order-id': number;
  'sort-orders': SortOrder[];
  properties: Record<string, string>;
  /** Absent in a table without a snapshot (on reading, -1 and null mean the same). */
  'current-snapshot-id'?: bigint;
  refs: Record<string, SnapshotRef>;
  snapshots: Snapshot[];
  'snapshot-log': SnapshotLogEntry[];
  'metadata-log': MetadataLogEntry[];
  [key: string]: unknown;
}

/** Throws `corrupt` when the current schema is missing. */
export function currentSchema(metadata: TableMetadata): Schema {
  return schemaById(metadata, metadata['current-schema-id']);
}

/** Throws `corrupt` when there is no such schema. */
export function schemaById(metadata: TableMetadata, id: number): Schema {
  const schema = metadata.schemas.find((candidate) => candidate['schema-id'] === id);
  if (schema) return schema;
  throw new TidemarkError('corrupt', `The metadata has no schema ${id}`, { context: { schemaId: id } });
}

/** Throws `corrupt` when there is no such partition spec. */
export function specById(metadata: TableMetadata, id: number): PartitionSpec {
  const spec = metadata['partition-specs'].find((candidate) => candidate['spec-id'] === id);
  if (spec) return spec;
  throw new TidemarkError('corrupt', `The metadata has no partition spec ${id}`, { context: { specId: id } });
}

export function snapshotById(metadata: TableMetadata, id: bigint): Snapshot | undefined {
  return metadata.snapshots.find((snapshot) => snapshot['snapshot-id'] === id);
}

/** The head of main; undefined in a table that never had a snapshot. Throws `corrupt` when it is named but missing. */
export function currentSnapshot(metadata: TableMetadata): Snapshot | undefined {
  const id = metadata['current-snapshot-id'];
  if (id === undefined) return undefined;
  const snapshot = snapshotById(metadata, id);
  if (snapshot) return snapshot;
  throw new TidemarkError('corrupt', `The current snapshot ${id} is not in the metadata`, {
    context: { snapshotId: id },
  });
}

/** The snapshot a branch or tag names, or undefined. A table without refs has `main` at its current snapshot. */
export function snapshotByRef(metadata: TableMetadata, ref: string): Snapshot | undefined {
  const id =
    metadata.refs[ref]?.['snapshot-id'] ?? (ref === MAIN ? metadata['current-snapshot-id'] : undefined);
  return id === undefined ? undefined : snapshotById(metadata, id);
}

/**
 * The snapshot that was current at a moment (milliseconds since 1970, inclusive), by the snapshot log. Undefined
 * when the log does not reach back so far: the log loses everything before a removed snapshot, because a guess
 * across a gap would show a state the table never had at that moment.
 */
export function snapshotAsOf(metadata: TableMetadata, atMs: number): Snapshot | undefined {
  const entry = metadata['snapshot-log'].findLast((candidate) => candidate['timestamp-ms'] <= atMs);
  return entry && snapshotById(metadata, entry['snapshot-id']);
}
