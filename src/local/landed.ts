import { createHash } from 'node:crypto';
import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  ListShardsCommand,
  type KinesisClient,
} from '@aws-sdk/client-kinesis';

/** A multiset of records, by hash of partition key and payload, and how far the stream was read for it. */
export class Landed {
  /** The last sequence number read, by shard. */
  readonly positions: Record<string, string> = {};
  readonly #counts = new Map<string, number>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(partitionKey: string, data: Uint8Array): void {
    const key = hash(partitionKey, data);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    this.#size++;
  }

  /** Takes one copy out; false when there is none. */
  take(partitionKey: string, data: Uint8Array): boolean {
    const key = hash(partitionKey, data);
    const count = this.#counts.get(key);
    if (count === undefined) return false;
    if (count === 1) this.#counts.delete(key);
    else this.#counts.set(key, count - 1);
    this.#size--;
    return true;
  }
}

function hash(partitionKey: string, data: Uint8Array): string {
  return createHash('sha256').update(partitionKey).update('\0').update(data).digest('base64');
}

/**
 * What stands in the stream behind the positions a producer knows of. A producer that was killed after a put and before
 * it noted the answer reads here what did land, and so puts nothing twice.
 * @param after the last known sequence number by shard; shards without one are read from their beginning
 */
export async function readLanded(
  client: KinesisClient,
  stream: string,
  after: Record<string, string>,
): Promise<Landed> {
  const landed = new Landed();
  const { Shards = [] } = await client.send(new ListShardsCommand({ StreamName: stream }));
  for (const { ShardId } of Shards) {
    const known = after[ShardId!];
    const start = await client.send(
      new GetShardIteratorCommand({
        StreamName: stream,
        ShardId,
        ...(known === undefined
          ? { ShardIteratorType: 'TRIM_HORIZON' }
          : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: known }),
      }),
    );
    let iterator = start.ShardIterator;
    while (iterator !== undefined) {
      const page = await client.send(new GetRecordsCommand({ ShardIterator: iterator }));
      for (const record of page.Records ?? []) {
        landed.add(record.PartitionKey!, record.Data!);
        landed.positions[ShardId!] = record.SequenceNumber!;
      }
      if ((page.Records ?? []).length === 0 && page.MillisBehindLatest === 0) break;
      iterator = page.NextShardIterator;
    }
  }
  return landed;
}
