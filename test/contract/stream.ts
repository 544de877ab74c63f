import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { BIRTH, type Position } from '../../src/ports/ledger.ts';
import type { ShardRead, Stream, StreamRecord } from '../../src/ports/stream.ts';

/** The stream under test, and what the suite needs to bring it into the states that the laws speak of. */
export interface StreamAdapter {
  stream: Stream;
  /** Creates a stream of `shardCount` empty shards and returns its name. */
  createStream(shardCount: number): Promise<string>;
  /** Puts in order and returns when every record is taken. */
  put(stream: string, records: { partitionKey: string; data: Uint8Array }[]): Promise<void>;
  /** Splits a shard into two. */
  split(stream: string, shardId: string): Promise<void>;
  /** Merges two neighbours. */
  merge(stream: string, shardId: string, adjacentShardId: string): Promise<void>;
  close(): Promise<void>;
}

const ALL = { records: 10_000, bytes: 10_000_000 };

export function positionOf(record: StreamRecord): Position {
  return record.sequenceNumber.padStart(56, '0');
}

/** Reads on from `after` until nothing stands behind, `limit` at a time. */
export async function drain(
  stream: Stream,
  name: string,
  shardId: string,
  limit: { records: number; bytes: number } = ALL,
  after: Position = BIRTH,
): Promise<StreamRecord[]> {
  const records: StreamRecord[] = [];
  for (;;) {
    const read: ShardRead = await stream.read(name, shardId, after, limit);
    records.push(...read.records);
    if (read.caughtUp) return records;
    // A read may come back empty and yet not be caught up: something was put meanwhile.
    const last = read.records.at(-1);
    if (last !== undefined) after = positionOf(last);
  }
}

/** The laws of the port `Stream`, for every adapter. */
export function streamContract(name: string, makeAdapter: () => Promise<StreamAdapter>): void {
  describe(`Stream: ${name}`, () => {
    let adapter: StreamAdapter;
    let stream: Stream;

    beforeEach(async () => {
      adapter = await makeAdapter();
      stream = adapter.stream;
    });
    afterEach(() => adapter.close());

    async function numbered(of: string, from: number, to: number): Promise<void> {
      const records = [];
      for (let i = from; i < to; i++)
        records.push({ partitionKey: `key-${i % 7}`, data: Buffer.from(`record ${i}`) });
      await adapter.put(of, records);
    }
    const texts = (records: StreamRecord[]): string[] => records.map((r) => Buffer.from(r.data).toString());
    const series = (from: number, to: number): string[] =>
      Array.from({ length: to - from }, (_, i) => `record ${from + i}`);

    test('an empty shard is caught up, and not ended while it is open', async () => {
      const of = await adapter.createStream(1);
      const [shard] = await stream.shards(of);
      expect(shard).toMatchObject({ parents: [], closed: false });
      expect(await stream.read(of, shard!.shardId, BIRTH, ALL)).toEqual({
        records: [],
        caughtUp: true,
        ended: false,
      });
    });

    test('a record comes back whole: bytes, key, a time', async () => {
      const of = await adapter.createStream(1);
      const data = Uint8Array.from({ length: 256 }, (_, i) => i);
      await adapter.put(of, [
        { partitionKey: 'Zürich ✈ 🛬', data },
        { partitionKey: 'k'.repeat(256), data: new Uint8Array(0) },
      ]);
      const [first, second] = await drain(stream, of, (await stream.shards(of))[0]!.shardId);
      expect(first!.partitionKey).toBe('Zürich ✈ 🛬');
      expect(Buffer.from(first!.data).equals(Buffer.from(data))).toBe(true);
      expect(second!.partitionKey).toBe('k'.repeat(256));
      expect(second!.data.byteLength).toBe(0);
      expect(Number.isInteger(first!.arrivedAt)).toBe(true);
    });

    test.each([1, 7, 1000])(
      'law 1: pages of %i give every record once, in the order of its number',
      async (page) => {
        const of = await adapter.createStream(1);
        for (let i = 0; i < 120; i += 30) await numbered(of, i, i + 30);
        const records = await drain(stream, of, (await stream.shards(of))[0]!.shardId, {
          records: page,
          bytes: 1e7,
        });
        expect(texts(records)).toEqual(series(0, 120));
        const positions = records.map(positionOf);
        expect(positions).toEqual([...new Set(positions)].sort());
      },
    );

    test('law 2: a read starts strictly above any position, not only above those it gave itself', async () => {
      const of = await adapter.createStream(1);
      await numbered(of, 0, 50);
      const { shardId } = (await stream.shards(of))[0]!;
      const records = await drain(stream, of, shardId);
      for (const [i, record] of records.entries()) {
        const rest = await stream.read(of, shardId, positionOf(record), ALL);
        expect(texts(rest.records)).toEqual(series(i + 1, 50));
      }
      const between = (BigInt(records[9]!.sequenceNumber) - 1n).toString().padStart(56, '0');
      expect(texts((await stream.read(of, shardId, between, ALL)).records)).toEqual(series(9, 50));
    });

    test('law 2: a reader at the end finds what is put later', async () => {
      const of = await adapter.createStream(1);
      await numbered(of, 0, 5);
      const { shardId } = (await stream.shards(of))[0]!;
      const last = positionOf((await drain(stream, of, shardId)).at(-1)!);
      expect(await stream.read(of, shardId, last, ALL)).toEqual({
        records: [],
        caughtUp: true,
        ended: false,
      });
      await numbered(of, 5, 9);
      expect(texts((await stream.read(of, shardId, last, ALL)).records)).toEqual(series(5, 9));
    });

    test('a limit of bytes smaller than a record does not stop the reader', async () => {
      const of = await adapter.createStream(1);
      await numbered(of, 0, 4);
      const { shardId } = (await stream.shards(of))[0]!;
      expect(texts(await drain(stream, of, shardId, { records: 100, bytes: 1 }))).toEqual(series(0, 4));
    });

    test('a read that a limit cut short is not caught up', async () => {
      const of = await adapter.createStream(1);
      await numbered(of, 0, 4);
      const { shardId } = (await stream.shards(of))[0]!;
      const read = await stream.read(of, shardId, BIRTH, { records: 3, bytes: 1e7 });
      expect([read.records.length, read.caughtUp, read.ended]).toEqual([3, false, false]);
    });

    test('law 3: a closed shard has ended only for a read that reached its end', async () => {
      const of = await adapter.createStream(1);
      await numbered(of, 0, 10);
      const { shardId } = (await stream.shards(of))[0]!;
      await adapter.split(of, shardId);
      const cut = await stream.read(of, shardId, BIRTH, { records: 9, bytes: 1e7 });
      expect([cut.records.length, cut.ended]).toEqual([9, false]);
      const end = await stream.read(of, shardId, positionOf(cut.records.at(-1)!), ALL);
      expect([end.records.length, end.caughtUp, end.ended]).toEqual([1, true, true]);
      const beyond = await stream.read(of, shardId, positionOf(end.records[0]!), ALL);
      expect([beyond.records.length, beyond.caughtUp, beyond.ended]).toEqual([0, true, true]);
    });

    test('children name their parents and number their records above them', async () => {
      const of = await adapter.createStream(1);
      await numbered(of, 0, 10);
      const root = (await stream.shards(of))[0]!.shardId;
      await adapter.split(of, root);
      const children = (await stream.shards(of)).filter((s) => s.parents.includes(root));
      expect(children.map((s) => s.closed)).toEqual([false, false]);
      await numbered(of, 10, 40);
      const [left, right] = children.map((s) => s.shardId);
      await adapter.merge(of, left!, right!);
      const shards = await stream.shards(of);
      const merged = shards.find((s) => s.parents.length === 2)!;
      expect([...merged.parents].sort()).toEqual([left, right].sort());
      expect(shards.filter((s) => !s.closed)).toEqual([merged]);
      await numbered(of, 40, 50);

      const last = async (id: string): Promise<string> => positionOf((await drain(stream, of, id)).at(-1)!);
      const first = async (id: string): Promise<string> => positionOf((await drain(stream, of, id))[0]!);
      for (const child of [left!, right!]) {
        expect((await first(child)) > (await last(root))).toBe(true);
        expect((await first(merged.shardId)) > (await last(child))).toBe(true);
      }
      const everything = await Promise.all(shards.map((s) => drain(stream, of, s.shardId)));
      expect(texts(everything.flat()).sort()).toEqual(series(0, 50).sort());
    });

    test('a reader that runs beside the producers misses nothing', async () => {
      const of = await adapter.createStream(1);
      const { shardId } = (await stream.shards(of))[0]!;
      const producer = { done: false };
      const producing = (async () => {
        for (let i = 0; i < 200; i += 10) await numbered(of, i, i + 10);
        producer.done = true;
      })();
      const seen: StreamRecord[] = [];
      for (let last = false; !last;) {
        last = producer.done;
        const after = seen.length === 0 ? BIRTH : positionOf(seen.at(-1)!);
        seen.push(...(await drain(stream, of, shardId, { records: 13, bytes: 1e7 }, after)));
      }
      await producing;
      expect(texts(seen)).toEqual(series(0, 200));
    });

    test('an unknown stream or shard is kind notFound', async () => {
      const of = await adapter.createStream(1);
      await expect(stream.shards('no-such-stream')).rejects.toMatchObject({ kind: 'notFound' });
      await expect(stream.read('no-such-stream', 'shardId-000000000000', BIRTH, ALL)).rejects.toMatchObject({
        kind: 'notFound',
      });
      await expect(stream.read(of, 'shardId-000000000099', BIRTH, ALL)).rejects.toMatchObject({
        kind: 'notFound',
      });
    });
  });
}
