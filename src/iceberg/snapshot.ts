/** A snapshot's summary: all values are text. */
export interface Summary {
  operation: string;
  [key: string]: string;
}

/** One version of the table, as the metadata carries it. Never changed once written. */
export interface Snapshot {
  'snapshot-id': bigint;
  /** Stays when the parent itself is trimmed. */
  'parent-snapshot-id'?: bigint;
  'sequence-number': bigint;
  /** Milliseconds since 1970. */
  'timestamp-ms': number;
  'manifest-list': string;
  summary: Summary;
  'schema-id'?: number;
  [key: string]: unknown;
}

/** A named snapshot: the branch `main`, other branches, tags. */
export interface SnapshotRef {
  'snapshot-id': bigint;
  type: 'branch' | 'tag';
  [key: string]: unknown;
}

export interface SnapshotLogEntry {
  'timestamp-ms': number;
  'snapshot-id': bigint;
}

export interface MetadataLogEntry {
  'timestamp-ms': number;
  'metadata-file': string;
}

export const MAIN = 'main';
