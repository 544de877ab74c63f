import type { Partition } from './partition.ts';

/** What a file holds (specification, data_file field 134). */
export const Content = { data: 0, positionDeletes: 1, equalityDeletes: 2 } as const;
export type Content = (typeof Content)[keyof typeof Content];

/** What became of a file in the manifest that lists it (manifest_entry field 0). */
export const EntryStatus = { existing: 0, added: 1, deleted: 2 } as const;
export type EntryStatus = (typeof EntryStatus)[keyof typeof EntryStatus];

/**
 * One data or delete file of a table. Immutable: it is shared between snapshots and caches.
 * Maps go from field id to the column's number or bound (single-value binary form).
 */
export interface DataFile {
  content: Content;
  /** Full URI. Position deletes name data files by exactly this text. */
  path: string;
  /** Upper case; this writer adds only PARQUET, foreign tables may hold others. */
  format: string;
  specId: number;
  partition: Partition;
  recordCount: number;
  fileSizeInBytes: number;
  columnSizes?: ReadonlyMap<number, number>;
  /** Includes nulls and NaN. */
  valueCounts?: ReadonlyMap<number, number>;
  nullCounts?: ReadonlyMap<number, number>;
  nanCounts?: ReadonlyMap<number, number>;
  lowerBounds?: ReadonlyMap<number, Uint8Array>;
  upperBounds?: ReadonlyMap<number, Uint8Array>;
  keyMetadata?: Uint8Array;
  /** Byte offsets of the row groups, ascending. */
  splitOffsets?: readonly number[];
  /** Only on equality deletes. */
  equalityIds?: readonly number[];
  sortOrderId?: number;
  /** Only on position deletes: the one data file they speak of. */
  referencedDataFile?: string;
}

/** A file with its place in history, sequence numbers already inherited from the manifest list. */
export interface ManifestEntry {
  status: EntryStatus;
  /** The snapshot that added the file, or removed it when `status` is deleted. */
  snapshotId: bigint;
  /** Data sequence number: orders the file against deletes. */
  sequenceNumber: bigint;
  /** When the file itself came into the table. */
  fileSequenceNumber: bigint;
  file: DataFile;
}

/** Field ids of a position delete file's columns (specification, "Reserved Field IDs"). */
export const DELETE_FILE_PATH_ID = 2147483546;
export const DELETE_FILE_POS_ID = 2147483545;

export function isLive(entry: ManifestEntry): boolean {
  return entry.status !== EntryStatus.deleted;
}
