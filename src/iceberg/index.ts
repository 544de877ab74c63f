/** Apache Iceberg v2: table metadata, commits and scan planning. Knows nothing of streams, SQL or Parquet bytes. */
export { ancestors, isAncestor, isOnMain, LINEAGE_PROPERTY } from './ancestry.ts';
export type { Ancestry } from './ancestry.ts';
export type { Operation, SnapshotChange } from './change.ts';
export { changedFiles } from './changed-files.ts';
export type { ChangedFiles } from './changed-files.ts';
export { commitMetadata, commitSnapshot } from './commit.ts';
export type { CommitIds, CommitOptions, Plan } from './commit.ts';
export type { CommitOutcome, Settle } from './settle.ts';
export { createTable } from './create.ts';
export type { TableDraft } from './create.ts';
export { Content, DELETE_FILE_PATH_ID, DELETE_FILE_POS_ID, EntryStatus, isLive } from './data-file.ts';
export type { DataFile, ManifestEntry } from './data-file.ts';
export { dataFolder, metadataFolder } from './locations.ts';
export { ManifestCache } from './manifest-cache.ts';
export {
  currentSchema,
  currentSnapshot,
  schemaById,
  snapshotAsOf,
  snapshotById,
  snapshotByRef,
  specById,
} from './metadata.ts';
export type { TableMetadata } from './metadata.ts';
export { parseMetadata, serialiseMetadata } from './metadata-json.ts';
export type { MetadataUpdates } from './metadata-update.ts';
export type { Partition, PartitionField, PartitionSpec } from './partition.ts';
export { UNPARTITIONED } from './partition.ts';
export { compilePredicate } from './predicate.ts';
export type { Predicate } from './predicate.ts';
export { reachableFiles } from './reachable.ts';
export type { ReachableFiles } from './reachable.ts';
export { DEFAULT_RETENTION } from './retention.ts';
export type { Retention } from './retention.ts';
export { planScan } from './scan.ts';
export type { ScanFile, ScanOptions, ScanPlan } from './scan.ts';
export { addColumns, assignIds, findById, findByName, leafColumns } from './schema.ts';
export type { FieldDraft, LeafColumn, Schema, TypeDraft } from './schema.ts';
export type { Snapshot, SnapshotRef, Summary } from './snapshot.ts';
export { MAIN } from './snapshot.ts';
export { loadTable, requireTable } from './table.ts';
export type { Table, TableIo } from './table.ts';
export {
  DEFAULT_TRUNCATION,
  truncateBytesLower,
  truncateBytesUpper,
  truncateLower,
  truncateUpper,
} from './truncate.ts';
export { isPrimitive, primitiveKind } from './types.ts';
export type { ListType, MapType, NestedField, PrimitiveType, StructType, Type } from './types.ts';
export { compareBytes, compareValues, decodeValue, encodeValue } from './value.ts';
export type { Value } from './value.ts';
export { checkMetadata } from './validate.ts';
export type { Finding } from './finding.ts';
