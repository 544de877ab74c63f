import type { TableName } from './catalog.ts';

/**
 * A stream position: a Kinesis sequence number, zero-padded to 56 digits so that text order is stream order.
 * `BIRTH` sorts before every record.
 */
export type Position = string;
export const BIRTH: Position = '0'.repeat(56);

/** One shard of one stream. */
export interface ShardRef {
  stream: string;
  shard: string;
}

/** Iceberg statistics of one data file, as the ledger carries them; bounds are base64 of the single-value form. */
export interface FileStats {
  recordCount: number;
  fileSizeBytes: number;
  columnSizes: Record<number, number>;
  valueCounts: Record<number, number>;
  nullCounts: Record<number, number>;
  nanCounts: Record<number, number>;
  lowerBounds: Record<number, string>;
  upperBounds: Record<number, string>;
  splitOffsets: number[];
}

/** A data file that is durable but not yet in a table. */
export interface StagedFile extends FileStats {
  uri: string;
  /** The Iceberg schema the file was written with. */
  schemaId: number;
}

/** Where every record of a range went; `received` is the sum of the other three. */
export interface RangeCounts {
  received: number;
  written: number;
  filtered: number;
  quarantined: number;
}

/**
 * A claimed, durable wish to append to one table the records of one shard in (after, last].
 * It applies only if `after` equals the table's mark for that shard.
 */
export interface Intent extends ShardRef {
  table: TableName;
  after: Position;
  first: Position;
  last: Position;
  /** The claim that made it; the same for all tables of a batch. */
  claimId: string;
  planVersion: number;
  counts: RangeCounts;
  /** Absent when nothing of the range belongs in this table. */
  file?: StagedFile;
  /** Milliseconds since 1970: arrival of the range's records in the stream, and when it was claimed. */
  arrivedFrom: number;
  arrivedTo: number;
  claimedAt: number;
  /** Event-time bounds of the written rows, milliseconds since 1970. */
  eventFrom?: number;
  eventTo?: number;
}

export interface ShardState {
  /** Everything up to here is claimed. */
  claimed: Position;
  /** The claim that moved it last, so that a claim whose answer was lost can be recognised. */
  claimId?: string;
  /** The newest plan that has claimed here; never goes down. */
  planVersion: number;
  /** Hot store and alerts have been told of everything up to here. */
  effected: Position;
}

/** One batch's claim: the intents of all live tables of the stream, and the shard's new position. */
export interface Claim extends ShardRef {
  claimId: string;
  after: Position;
  first: Position;
  last: Position;
  planVersion: number;
  intents: Intent[];
}

export type ClaimOutcome =
  | { kind: 'claimed' }
  /** The shard does not stand at `after`, or a newer plan claims here: nothing was stored. */
  | { kind: 'conflict'; state: ShardState };

/**
 * Claims and intents. Laws, checked by `test/contract/ledger.ts`:
 * 1. `claim` stores all intents and moves the shard, or does nothing, on the condition that the shard stands at
 *    `after` and its plan version is not above the claim's.
 * 2. A claim that returned is durable. All reads are consistent with every claim that returned.
 * 3. The same claim id is claimed once; a repeat of a claim that is the shard's last answers `claimed`.
 * 4. `effected` and `planVersion` never go down.
 */
export interface Ledger {
  shard(ref: ShardRef): Promise<ShardState>;
  shards(stream: string): Promise<({ shard: string } & ShardState)[]>;
  claim(claim: Claim): Promise<ClaimOutcome>;
  /** Moves `effected` up to `to`; lower values are ignored. */
  effect(ref: ShardRef, to: Position): Promise<void>;
  /** Intents of `table` and shard whose `after` is at or above `from`, in order of position; at most `limit`. */
  intents(table: TableName, ref: ShardRef, from: Position, limit: number): Promise<Intent[]>;
  /** Every shard that has ever had an intent for `table`. */
  intentShards(table: TableName): Promise<ShardRef[]>;
  /** Removes intents that end at or below `upTo` and were claimed before `before` (milliseconds since 1970). Returns how many. */
  forget(table: TableName, ref: ShardRef, upTo: Position, before: number): Promise<number>;
  /**
   * Counts one more attempt at the batch that begins at `first`, durably, before it is read, and returns the count. Only
   * an attempt that ended with its process is left counted.
   */
  countAttempt(ref: ShardRef, first: Position): Promise<number>;
  /** Takes the count back: the attempt ended, well or with an error that was told. */
  forgetAttempts(ref: ShardRef, first: Position): Promise<void>;
  /** Called after each claim with the tables that have new intents: a hint, may be missed. Returns an unsubscribe. */
  onClaim(listener: (tables: TableName[]) => void): () => void;
}
