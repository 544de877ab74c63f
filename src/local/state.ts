import type { Positions } from '../commit/mark.ts';
import type { Layer } from '../definition/tables.ts';
import type { Alert } from '../ports/effects.ts';

/** Milliseconds from a record's arrival in the stream to the commit that made it queryable. */
export interface Freshness {
  p50: number;
  p99: number;
  /** Records measured. */
  samples: number;
}

export interface TableState {
  layer: Layer;
  database: string;
  table: string;
  rows: number;
  dataFiles: number;
  deleteFiles: number;
  bytes: number;
  snapshotId?: string;
  /** Milliseconds since 1970 of the newest snapshot. */
  committedAt?: number;
  /** What the table contains: the last position by source and shard. */
  tidemark: Positions;
  /** Real-time tables only. */
  freshness?: Freshness;
  /** Silver and Gold: the last merge that changed rows. */
  lastMerge?: { at: number; read: number; changed: number; elapsedMs: number };
}

export interface StreamState {
  name: string;
  shards: number;
  /** Records claimed since the data folder was made. */
  records: number;
  /** Records claimed a second, over the last few seconds. */
  perSecond: number;
  /** Milliseconds since the arrival of the oldest record that is not claimed yet. */
  lagMs: number;
}

export interface ReplayState {
  stream: string;
  done: number;
  total: number;
  /** Event time of the record put last, ISO 8601. */
  at?: string;
  finished: boolean;
}

/** What the console shows and `tidemark status` prints. */
export interface LakehouseState {
  lakehouse: string;
  now: number;
  startedAt: number;
  /** Address of the Kinesis endpoint. */
  endpoint: string;
  streams: StreamState[];
  replays: ReplayState[];
  tables: TableState[];
  alerts: { total: number; recent: Alert[] };
  quarantined: number;
}
