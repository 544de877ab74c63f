import { positionOf } from '../../../src/ingest/event.ts';
import type { Position } from '../../../src/ports/ledger.ts';
import type { Checkpoints } from '../../../src/local/event-source.ts';
import type { ShardInfo, ShardRead, Stream, StreamRecord } from '../../../src/ports/stream.ts';

/** A stream in memory whose reads a test can watch, delay and let fail. */
export class FakeStream implements Stream {
  readonly shardList: ShardInfo[] = [];
  reads = 0;
  /** Runs between a read's answer being made and its being handed over. */
  beforeAnswer: (shard: string) => void | Promise<void> = () => undefined;
  failShards: Error | undefined;
  readonly #records = new Map<string, StreamRecord[]>();
  readonly #now: () => number;
  #sequence = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  open(shardId: string, parents: string[] = []): void {
    for (const parent of this.shardList) if (parents.includes(parent.shardId)) parent.closed = true;
    this.shardList.push({ shardId, parents, closed: false });
    this.#records.set(shardId, []);
  }

  /** Puts records and returns their sequence numbers. */
  put(shardId: string, ...texts: (string | Uint8Array)[]): string[] {
    return texts.map((text) => {
      const sequenceNumber = String(++this.#sequence);
      this.#records.get(shardId)!.push({
        sequenceNumber,
        partitionKey: 'k',
        arrivedAt: this.#now(),
        data: typeof text === 'string' ? Buffer.from(text) : text,
      });
      return sequenceNumber;
    });
  }

  shards(): Promise<ShardInfo[]> {
    if (this.failShards !== undefined) return Promise.reject(this.failShards);
    return Promise.resolve(this.shardList.map((s) => ({ ...s })));
  }

  async read(
    _stream: string,
    shardId: string,
    after: Position,
    limit: { records: number; bytes: number },
  ): Promise<ShardRead> {
    this.reads++;
    const behind = this.#records.get(shardId)!.filter((r) => positionOf(r.sequenceNumber) > after);
    const records: StreamRecord[] = [];
    let bytes = 0;
    for (const record of behind) {
      if (records.length >= limit.records) break;
      if (records.length > 0 && bytes + record.data.length > limit.bytes) break;
      records.push(record);
      bytes += record.data.length;
    }
    const caughtUp = records.length === behind.length;
    const ended = caughtUp && this.shardList.find((s) => s.shardId === shardId)!.closed;
    await this.beforeAnswer(shardId);
    return { records, caughtUp, ended };
  }
}

/** Checkpoints in memory, that fail as often as a test wants. */
export class FakeCheckpoints implements Checkpoints {
  readonly saved = new Map<string, { position: Position; ended: boolean }>();
  failures = 0;

  get(_stream: string, shard: string): Promise<{ position: Position; ended: boolean } | undefined> {
    return Promise.resolve(this.saved.get(shard));
  }

  set(_stream: string, shard: string, at: { position: Position; ended: boolean }): Promise<void> {
    if (this.failures-- > 0) return Promise.reject(new Error('the disk failed'));
    this.saved.set(shard, at);
    return Promise.resolve();
  }
}
