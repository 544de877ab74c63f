import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  ListShardsCommand,
  type GetRecordsCommandOutput,
  type KinesisClient,
  type _Record,
} from '@aws-sdk/client-kinesis';
import { TidemarkError } from '../../errors.ts';
import { BIRTH, type Position } from '../../ports/ledger.ts';
import type { ShardInfo, ShardRead, Stream, StreamRecord } from '../../ports/stream.ts';
import { awsError, faultOf } from './aws-fault.ts';
import { pause, type Backoff, type Pace } from './backoff.ts';

/** GetRecords gives at most so many records. */
const LARGEST_PAGE = 10_000;
/** A shard takes five reads a second from all readers together. */
const LOAD: Backoff = { attempts: 8, firstMs: 200, longestMs: 3_000 };

/**
 * Reads a Kinesis stream by polling: for audits, replays and backfills. What is processed as it arrives comes through
 * the event source mapping.
 */
export class KinesisStream implements Stream {
  readonly #client: KinesisClient;
  readonly #pace: Pace;
  /** Digits of a stream's numbers where they begin with zeros: Kinesis's own never do, those of emulators may. */
  readonly #digits = new Map<string, number>();

  constructor(client: KinesisClient, pace: Pace) {
    this.#client = client;
    this.#pace = pace;
  }

  async shards(stream: string): Promise<ShardInfo[]> {
    const shards: ShardInfo[] = [];
    let next: string | undefined;
    do {
      // A token replaces every other argument.
      const input = next === undefined ? { StreamName: stream } : { NextToken: next };
      const page = await this.#call(stream, 'list the shards', () =>
        this.#client.send(new ListShardsCommand(input)),
      );
      for (const shard of page.Shards ?? []) {
        const first = shard.SequenceNumberRange?.StartingSequenceNumber ?? '';
        if (first.startsWith('0')) this.#digits.set(stream, first.length);
        shards.push({
          shardId: shard.ShardId ?? '',
          parents: [shard.ParentShardId, shard.AdjacentParentShardId].filter((id) => id !== undefined),
          closed: shard.SequenceNumberRange?.EndingSequenceNumber !== undefined,
        });
      }
      next = page.NextToken;
    } while (next !== undefined);
    return shards;
  }

  /**
   * Reads pages until the limit is reached, or a page is empty with nothing behind it, or the closed shard's end: pages
   * may be empty in the middle of a shard, and the last records of a closed one do not say that they are the last.
   */
  async read(
    stream: string,
    shardId: string,
    after: Position,
    limit: { records: number; bytes: number },
  ): Promise<ShardRead> {
    const records: StreamRecord[] = [];
    let bytes = 0;
    let iterator = await this.#iterator(stream, shardId, after);
    for (;;) {
      const page = await this.#page(stream, shardId, iterator, limit.records - records.length);
      for (const raw of page.Records ?? []) {
        const record = recordOf(raw);
        if (padded(record.sequenceNumber) <= after) continue;
        const full =
          records.length >= limit.records || (records.length > 0 && bytes + record.data.length > limit.bytes);
        if (full) return { records, caughtUp: false, ended: false };
        records.push(record);
        bytes += record.data.length;
      }
      if (page.NextShardIterator === undefined) return { records, caughtUp: true, ended: true };
      if ((page.Records ?? []).length === 0 && page.MillisBehindLatest === 0)
        return { records, caughtUp: true, ended: false };
      if (records.length >= limit.records || bytes >= limit.bytes)
        return { records, caughtUp: false, ended: false };
      iterator = page.NextShardIterator;
    }
  }

  /**
   * Strictly after a position. A number that Kinesis does not take for one of this shard (it was made by us, or its
   * record expired) is answered from the oldest record on; `read` drops what is not above the position.
   */
  async #iterator(stream: string, shardId: string, after: Position): Promise<string> {
    const of = { StreamName: stream, ShardId: shardId };
    const oldest = { ...of, ShardIteratorType: 'TRIM_HORIZON' as const };
    const exact = {
      ...of,
      ShardIteratorType: 'AFTER_SEQUENCE_NUMBER' as const,
      StartingSequenceNumber: after.replace(/^0+(?=\d)/, '').padStart(this.#digits.get(stream) ?? 0, '0'),
    };
    const get = (input: typeof oldest | typeof exact) =>
      this.#call(stream, `read shard ${shardId}`, () =>
        this.#client.send(new GetShardIteratorCommand(input)),
      );
    let answer;
    try {
      answer = await get(after === BIRTH ? oldest : exact);
    } catch (error) {
      if (!(error instanceof TidemarkError) || error.context.error !== 'InvalidArgumentException')
        throw error;
      answer = await get(oldest);
    }
    return answer.ShardIterator ?? '';
  }

  #page(
    stream: string,
    shardId: string,
    iterator: string,
    records: number,
  ): Promise<GetRecordsCommandOutput> {
    const Limit = Math.max(1, Math.min(LARGEST_PAGE, records));
    const command = new GetRecordsCommand({ ShardIterator: iterator, Limit });
    return this.#call(stream, `read shard ${shardId}`, () => this.#client.send(command));
  }

  async #call<T>(stream: string, what: string, call: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await call();
      } catch (error) {
        const { name, fate } = faultOf(error);
        if (name === 'ResourceNotFoundException')
          throw new TidemarkError('notFound', `cannot ${what} of ${stream}: there is none`, {
            context: { stream },
            cause: error,
          });
        if (fate !== 'throttled' || attempt >= LOAD.attempts)
          throw awsError(error, `${what} of ${stream}`, { stream });
        await pause(this.#pace, LOAD, attempt);
      }
    }
  }
}

function recordOf(record: _Record): StreamRecord {
  return {
    sequenceNumber: record.SequenceNumber ?? '',
    partitionKey: record.PartitionKey ?? '',
    arrivedAt: record.ApproximateArrivalTimestamp?.getTime() ?? 0,
    data: record.Data ?? new Uint8Array(0),
  };
}

/** As positions are: text order is stream order. */
function padded(sequenceNumber: string): Position {
  return sequenceNumber.padStart(BIRTH.length, '0');
}
