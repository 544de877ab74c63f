import type { Position } from '../../ports/ledger.ts';
import type { ShardRead, StreamRecord } from '../../ports/stream.ts';
import { shardId, type ShardMeta } from './metadata.ts';
import { ShardSequence } from './sequence.ts';
import type { LogCursor, ShardLog } from './shard-log.ts';
import { Throughput, type ThroughputLimits } from './throughput.ts';

/** So many readers of one shard go on where they stopped without a look-up. */
const CURSORS = 64;

/** One shard at run time: what is stored about it, its log, and its sequence numbers. */
export class LiveShard {
  readonly id: string;
  meta: ShardMeta;
  readonly log: ShardLog;
  readonly sequence: ShardSequence;
  readonly throughput: Throughput | undefined;
  readonly #cursors = new Map<Position, LogCursor>();

  constructor(meta: ShardMeta, log: ShardLog, limits: ThroughputLimits | undefined, now: number) {
    this.id = shardId(meta.index);
    this.meta = meta;
    this.log = log;
    this.sequence = new ShardSequence(meta.epoch, meta.index);
    this.throughput = limits === undefined ? undefined : new Throughput(limits, now);
  }

  /** The records strictly above `after`: at least one if there is any, else as many as the limits allow. */
  async read(after: Position, limit: { records: number; bytes: number }): Promise<ShardRead> {
    const records: StreamRecord[] = [];
    let bytes = 0;
    const start = await this.#locate(after);
    let next = start?.place.counter ?? this.log.next;
    if (start !== undefined && limit.records > 0) {
      const position = BigInt(after);
      const floor = this.sequence.counterAt(position);
      const chunk = Math.min(1 << 20, 65_536 + Math.min(limit.bytes, limit.records * 1024));
      const end = await this.log.visit(start, chunk, (take) => {
        if (records.length >= limit.records) return false;
        const record = take();
        const sequenceNumber = this.sequence.of(record.counter, record.arrivedAt);
        if (record.counter <= floor && BigInt(sequenceNumber) <= position) return true;
        const size = record.data.byteLength + Buffer.byteLength(record.partitionKey);
        if (records.length > 0 && bytes + size > limit.bytes) return false;
        bytes += size;
        const { partitionKey, arrivedAt, data } = record;
        records.push({ sequenceNumber, partitionKey, arrivedAt, data });
        return true;
      });
      next = end.place.counter;
      if (records.length > 0) this.#remember(records.at(-1)!.sequenceNumber, end);
    }
    const caughtUp = next >= this.log.next;
    return { records, caughtUp, ended: caughtUp && this.meta.closedAt !== undefined };
  }

  /** A position above every durable record and below every later one. */
  latest(): bigint {
    return this.#above(this.log.next - 1);
  }

  /** A position below the first record that arrived at or after `time`, and above those before it. */
  async positionAt(time: number): Promise<bigint> {
    return this.#above((await this.log.firstSince(time)) - 1);
  }

  /** At or above the record `counter`, below the one after it. */
  #above(counter: number): bigint {
    return BigInt(this.sequence.of(counter + 1, 0)) - 3n;
  }

  async #locate(after: Position): Promise<LogCursor | undefined> {
    const known = this.#cursors.get(after);
    if (known !== undefined) return known;
    const counter = this.sequence.counterAt(BigInt(after));
    return counter >= this.log.next ? undefined : this.log.seek(counter);
  }

  #remember(sequenceNumber: string, cursor: LogCursor): void {
    this.#cursors.set(sequenceNumber.padStart(56, '0'), cursor);
    if (this.#cursors.size <= CURSORS) return;
    const [oldest] = this.#cursors.keys();
    if (oldest !== undefined) this.#cursors.delete(oldest);
  }
}
