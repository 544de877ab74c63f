import type { TidemarkError } from '../errors.ts';
import { encodeAggregated } from '../ingest/aggregated.ts';

/** Where a record is in the stream. */
export interface PutResult {
  shardId: string;
  sequenceNumber: string;
  /** Its place inside an aggregated record. */
  subSequence?: number;
  /** A request with this record was repeated after its answer was lost: it may be in the stream more than once. */
  repeated?: true;
}

/** One put under way. */
export interface Item {
  partitionKey: string;
  explicitHashKey: string | undefined;
  data: Uint8Array;
  bytes: number;
  /** When it was accepted into the buffer. */
  since: number;
  repeated: boolean;
  resolve: (result: PutResult) => void;
  reject: (error: unknown) => void;
}

/** What becomes one record of the stream. */
export interface Unit {
  lane: Lane;
  items: Item[];
  entry: { Data: Uint8Array; PartitionKey: string; ExplicitHashKey?: string };
  bytes: number;
}

/** Frame, checksum, and the longest protobuf overhead of one user record with its keys. */
const AGGREGATE_OVERHEAD = 64;
const ITEM_OVERHEAD = 32;

/**
 * Records that must keep their order: of one partition key, or of one range of hash keys when they are aggregated. Only
 * one stream record of a lane is under way at a time: were there two in a request, the second could be stored and the
 * first refused.
 */
export class Lane {
  readonly id: string;
  /** The hash key that every record of the lane is put with, when it is a range. */
  readonly hashKey: string | undefined;
  readonly #items: Item[] = [];
  /** The head of the queue; what is before it has left. */
  #head = 0;
  /** A stream record of this lane is under way. */
  locked = false;
  /** Not to be tried before; milliseconds since 1970. */
  retryAt = 0;
  /** Refusals in a row. */
  failures = 0;
  /** A stream record that was refused for now: the next to go, as it was. */
  held: Unit | undefined;
  /** Why the held one was refused. */
  lastError: TidemarkError | undefined;

  constructor(id: string, hashKey: string | undefined) {
    this.id = id;
    this.hashKey = hashKey;
  }

  /** The record that goes next. */
  get first(): Item | undefined {
    return this.held?.items[0] ?? this.#items[this.#head];
  }

  /** Forgets refusals: a record was stored. */
  succeed(): void {
    this.failures = 0;
    this.retryAt = 0;
    this.lastError = undefined;
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  #shift(): Item {
    const item = this.#items[this.#head++]!;
    if (this.#head > 64 && this.#head * 2 > this.#items.length) {
      this.#items.splice(0, this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Takes the next stream record: one item, or as many as fit into `aggregateBytes` when this is a range. */
  take(aggregateBytes: number): Unit {
    const { held } = this;
    if (held !== undefined) {
      this.held = undefined;
      return held;
    }
    const items = [this.#shift()];
    if (this.hashKey !== undefined) {
      let bytes = AGGREGATE_OVERHEAD + items[0]!.bytes + ITEM_OVERHEAD + items[0]!.partitionKey.length * 3;
      for (let next = this.first; next !== undefined; next = this.first) {
        bytes += next.bytes + ITEM_OVERHEAD;
        if (bytes > aggregateBytes) break;
        items.push(this.#shift());
      }
    }
    const [first] = items as [Item];
    const hashKey = this.hashKey ?? first.explicitHashKey;
    const entry = {
      Data: items.length === 1 ? first.data : encodeAggregated(items.map(userRecord)),
      PartitionKey: first.partitionKey,
      ...(hashKey === undefined ? {} : { ExplicitHashKey: hashKey }),
    };
    return { lane: this, items, entry, bytes: entry.Data.byteLength + Buffer.byteLength(first.partitionKey) };
  }
}

const userRecord = ({ partitionKey, explicitHashKey, data }: Item) => ({
  partitionKey,
  ...(explicitHashKey === undefined ? {} : { explicitHashKey }),
  data,
});
