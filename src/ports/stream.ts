import type { Position } from './ledger.ts';

/** One record as it stands in the stream. */
export interface StreamRecord {
  sequenceNumber: string;
  partitionKey: string;
  /** Milliseconds since 1970: when the stream took it. */
  arrivedAt: number;
  data: Uint8Array;
}

export interface ShardInfo {
  shardId: string;
  parents: string[];
  /** A closed shard takes no more records; it is drained when a read reaches its end. */
  closed: boolean;
}

export interface ShardRead {
  records: StreamRecord[];
  /** True when nothing stands behind what was returned, now. */
  caughtUp: boolean;
  /** True when the shard is closed and this read reached its end. */
  ended: boolean;
}

/**
 * Reading a stream. Laws, checked by `test/contract/stream.ts`:
 * 1. Records of a shard come in the order of their sequence numbers, each once per read.
 * 2. `read` returns records strictly above `after`, none left out that the retention still holds.
 * 3. `ended` is only said of a closed shard with no record above those returned.
 */
export interface Stream {
  shards(stream: string): Promise<ShardInfo[]>;
  read(
    stream: string,
    shardId: string,
    after: Position,
    limit: { records: number; bytes: number },
  ): Promise<ShardRead>;
}
