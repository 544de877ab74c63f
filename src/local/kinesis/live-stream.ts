import { KinesisFault, type FaultCode } from './fault.ts';
import type { LogEntry } from './frame.ts';
import { fromDecimal, hashPartitionKey, isHashKey, rangeOf, type HashKey } from './hash-key.ts';
import type { LiveShard } from './live-shard.ts';
import { inAccount } from './names.ts';
import { isOpen, shardId, type StreamMeta } from './metadata.ts';

/** A shard that has this much waiting for the disk takes no more until it is written. */
const MAX_PENDING_BYTES = 64 * 1024 * 1024;

/** One record to put. The data is copied before `putRecords` first waits. */
export interface PutEntry {
  /** 1 to 256 characters. */
  partitionKey: string;
  data: Uint8Array;
  /** Decimal; chooses the shard instead of the partition key. */
  explicitHashKey?: string;
}

export type PutResult =
  | { shardId: string; sequenceNumber: string; errorCode?: never }
  | { errorCode: FaultCode; errorMessage: string; cause?: unknown };

export interface PutOutcome {
  results: PutResult[];
  /** How many results have an `errorCode`. */
  failed: number;
  /** The shards that took records. */
  touched: string[];
}

interface Share {
  shard: LiveShard;
  entries: LogEntry[];
  /** Index in the request of each entry. */
  from: number[];
}

/** One stream at run time: its shards, and the way from a hash key to the shard that takes it. */
export class LiveStream {
  meta: StreamMeta;
  /** While this is set, shards are being replaced and puts wait for it. */
  gate: Promise<void> | undefined;
  #shards = new Map<string, LiveShard>();
  #starts: HashKey[] = [];
  #open: LiveShard[] = [];

  constructor(meta: StreamMeta, shards: LiveShard[]) {
    this.meta = meta;
    this.replace(meta, shards);
  }

  shards(): LiveShard[] {
    return [...this.#shards.values()];
  }

  shard(id: string): LiveShard {
    const shard = this.#shards.get(id);
    if (shard === undefined) {
      throw new KinesisFault(
        'ResourceNotFoundException',
        `Shard ${id} in stream ${inAccount(this.meta.name)} does not exist`,
      );
    }
    return shard;
  }

  /** Takes new metadata; `shards` are those it names. */
  replace(meta: StreamMeta, shards: LiveShard[]): void {
    this.meta = meta;
    const stored = new Map(meta.shards.map((shard) => [shardId(shard.index), shard]));
    for (const shard of shards) shard.meta = stored.get(shard.id) ?? shard.meta;
    this.#shards = new Map(shards.map((shard) => [shard.id, shard]));
    this.#open = shards.filter((s) => isOpen(s.meta)).sort((a, b) => (a.meta.start < b.meta.start ? -1 : 1));
    this.#starts = this.#open.map((shard) => shard.meta.start);
  }

  /** Makes puts wait until the returned function is called. */
  shut(): () => void {
    let release!: () => void;
    this.gate = new Promise((resolve) => {
      release = resolve;
    });
    return () => {
      this.gate = undefined;
      release();
    };
  }

  async put(entries: readonly PutEntry[], now: number): Promise<PutOutcome> {
    for (const entry of entries) checkEntry(entry, this.meta);
    const results = new Array<PutResult>(entries.length);
    const shares = this.#share(entries, now, results);
    // Every share is appended before the first wait, so that a request keeps its order in each shard.
    const writes = [...shares.values()].map((share) => ({
      share,
      ...share.shard.log.append(share.entries, now),
    }));
    const settled = await Promise.allSettled(writes.map((write) => write.durable));
    const touched: string[] = [];
    for (const [n, { share, first }] of writes.entries()) {
      const end = settled[n]!;
      if (end.status === 'fulfilled') touched.push(share.shard.id);
      for (const [i, at] of share.from.entries()) {
        results[at] =
          end.status === 'fulfilled'
            ? { shardId: share.shard.id, sequenceNumber: share.shard.sequence.of(first + i, now) }
            : { errorCode: 'InternalFailure', errorMessage: 'Internal service failure.', cause: end.reason };
      }
    }
    return { results, failed: results.filter((r) => r.errorCode !== undefined).length, touched };
  }

  async close(): Promise<void> {
    for (const shard of this.#shards.values()) await shard.log.close();
  }

  /** Sorts the entries by shard; those that a shard refuses get their result at once. */
  #share(entries: readonly PutEntry[], now: number, results: PutResult[]): Map<LiveShard, Share> {
    const shares = new Map<LiveShard, Share>();
    const room = new Map<LiveShard, number>();
    for (const [i, entry] of entries.entries()) {
      const { explicitHashKey, partitionKey, data } = entry;
      const key =
        explicitHashKey === undefined ? hashPartitionKey(partitionKey) : fromDecimal(explicitHashKey);
      const shard = this.#open[rangeOf(this.#starts, key)]!;
      const bytes = data.byteLength + Buffer.byteLength(partitionKey);
      const left = room.get(shard) ?? MAX_PENDING_BYTES - shard.log.pendingBytes;
      if (left < bytes || shard.throughput?.take(bytes, now) === false) {
        results[i] = {
          errorCode: 'ProvisionedThroughputExceededException',
          errorMessage: `Rate exceeded for shard ${shard.id} in stream ${inAccount(this.meta.name)}.`,
        };
        continue;
      }
      room.set(shard, left - bytes);
      let share = shares.get(shard);
      if (share === undefined) shares.set(shard, (share = { shard, entries: [], from: [] }));
      share.entries.push({ partitionKey, data });
      share.from.push(i);
    }
    return shares;
  }
}

function checkEntry(entry: PutEntry, stream: StreamMeta): void {
  const { partitionKey, explicitHashKey, data } = entry;
  if (partitionKey.length < 1 || partitionKey.length > 256) {
    throw new KinesisFault(
      'ValidationException',
      `A partition key has 1 to 256 characters, not ${partitionKey.length}.`,
    );
  }
  const bytes = data.byteLength + Buffer.byteLength(partitionKey);
  if (bytes > stream.maxRecordKiB * 1024) {
    throw new KinesisFault(
      'ValidationException',
      `A record of ${bytes} bytes, partition key included, is larger than the stream's limit of ${stream.maxRecordKiB} KiB.`,
    );
  }
  if (explicitHashKey !== undefined && !isHashKey(explicitHashKey)) {
    throw new KinesisFault(
      'InvalidArgumentException',
      `Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was ${explicitHashKey}`,
    );
  }
}
