import { afterEach, describe, expect, test } from '@jest/globals';
import { toDecimal, toHashKey, toInteger } from '../../../src/local/kinesis/hash-key.ts';
import { KinesisStore } from '../../../src/local/kinesis/store.ts';
import { streamContract, drain, type StreamAdapter } from '../../contract/stream.ts';
import { allTexts, cleanUp, entries, makeDirectory, ManualClock, openStore, realClock } from './harness.ts';

afterEach(cleanUp);

/** Splits a shard in the middle of its range. */
async function halve(store: KinesisStore, stream: string, shardId: string): Promise<void> {
  const { start, end } = (await store.shard(stream, shardId)).meta;
  await store.splitShard(
    stream,
    shardId,
    toDecimal(toHashKey((toInteger(start) + toInteger(end) + 1n) / 2n)),
  );
}

async function makeAdapter(segmentBytes?: number): Promise<StreamAdapter> {
  const store = await openStore({ fsync: false, ...(segmentBytes === undefined ? {} : { segmentBytes }) });
  return {
    stream: store,
    createStream: async (shardCount) => {
      await store.createStream('events', { shardCount });
      return 'events';
    },
    put: async (stream, records) => {
      const { failed } = await store.putRecords(stream, records);
      if (failed > 0) throw new Error(`${failed} records failed`);
    },
    split: (stream, shardId) => halve(store, stream, shardId),
    merge: (stream, shardId, adjacent) => store.mergeShards(stream, shardId, adjacent),
    close: cleanUp,
  };
}

streamContract('KinesisStore', () => makeAdapter());
streamContract('KinesisStore with a new segment every few records', () => makeAdapter(200));

describe('KinesisStore', () => {
  test('sequence numbers rise over restarts and clocks that step back', async () => {
    const dir = await makeDirectory();
    const clock = new ManualClock();
    const numbers: string[] = [];
    for (const step of [0, -3_600_000, 1000, -86_400_000]) {
      clock.time += step;
      const store = await openStore({ dir, clock });
      if ((await store.streamNames()).length === 0) await store.createStream('events', { shardCount: 1 });
      const { results } = await store.putRecords('events', entries('a', 'b', 'c'));
      for (const result of results) numbers.push(result.errorCode === undefined ? result.sequenceNumber : '');
      await store.close();
    }
    expect(numbers).toHaveLength(12);
    expect(numbers).toEqual([...new Set(numbers)].sort());
    for (const number of numbers) expect(number).toMatch(/^49\d{54}$/);
  });

  test('a stream created again under its name, even by an older clock, numbers above the one before', async () => {
    const clock = new ManualClock();
    const store = await openStore({ clock });
    const numbers: string[] = [];
    for (let i = 0; i < 3; i++) {
      await store.createStream('events', { shardCount: 1 });
      const { results } = await store.putRecords('events', entries('a'));
      for (const result of results) numbers.push(result.errorCode === undefined ? result.sequenceNumber : '');
      await store.deleteStream('events');
      clock.time -= 10_000;
    }
    expect(numbers).toEqual([...new Set(numbers)].sort());
  });

  test('retention removes whole segments, and what is left is read from any older position', async () => {
    const clock = new ManualClock();
    const store = await openStore({ clock, segmentBytes: 150 });
    await store.createStream('events', { shardCount: 1 });
    const put = async (text: string): Promise<void> => {
      await store.putRecords('events', entries(text));
      clock.time += 3_600_000;
    };
    for (let i = 0; i < 30; i++) await put(`record ${i}`);
    const [first] = await drain(store, 'events', 'shardId-000000000000');
    await store.trim();
    const left = (await allTexts(store, 'events'))['shardId-000000000000']!;
    expect(left.at(-1)).toBe('record 29');
    expect(left.length).toBeGreaterThanOrEqual(24);
    expect(left.length).toBeLessThan(30);
    const after = first!.sequenceNumber;
    const rest = await drain(store, 'events', 'shardId-000000000000', undefined, after);
    expect(rest.map((r) => Buffer.from(r.data).toString())).toEqual(left);
  });

  test('a stream whose every record expired goes on with higher numbers after a restart', async () => {
    const dir = await makeDirectory();
    const clock = new ManualClock();
    const before = await openStore({ dir, clock });
    await before.createStream('events', { shardCount: 1 });
    await before.putRecords('events', entries('a', 'b'));
    const [, b] = await drain(before, 'events', 'shardId-000000000000');
    clock.time += 48 * 3_600_000;
    await before.trim();
    await before.close();
    const after = await openStore({ dir, clock });
    expect(await allTexts(after, 'events')).toEqual({ 'shardId-000000000000': [] });
    await after.putRecords('events', entries('c'));
    const records = await drain(after, 'events', 'shardId-000000000000', undefined, b!.sequenceNumber);
    expect(records.map((r) => r.partitionKey)).toEqual(['c']);
    expect(records[0]!.sequenceNumber > b!.sequenceNumber).toBe(true);
  });

  test('a closed shard is forgotten when retention has passed it, not before', async () => {
    const clock = new ManualClock();
    const store = await openStore({ clock });
    await store.createStream('events', { shardCount: 1 });
    await store.putRecords('events', entries('a'));
    await halve(store, 'events', 'shardId-000000000000');
    clock.time += 23 * 3_600_000;
    await store.trim();
    expect((await store.shards('events')).map((s) => s.shardId)).toContain('shardId-000000000000');
    clock.time += 2 * 3_600_000;
    await store.trim();
    expect((await store.shards('events')).map((s) => s.shardId)).toEqual([
      'shardId-000000000001',
      'shardId-000000000002',
    ]);
  });

  test('records put together stay together: a listener hears of them when they can be read', async () => {
    const store = await openStore();
    await store.createStream('events', { shardCount: 2 });
    const heard: Promise<number>[] = [];
    const stop = store.onPut((stream, shardId) => {
      heard.push(drain(store, stream, shardId).then((records) => records.length));
    });
    await store.putRecords('events', entries(...Array.from({ length: 20 }, (_, i) => `${i}`)));
    stop();
    await store.putRecords('events', entries('unheard'));
    const counts = await Promise.all(heard);
    expect(counts).toHaveLength(2);
    expect(counts[0]! + counts[1]!).toBeGreaterThanOrEqual(20);
  });

  test('puts that run while shards are replaced are neither lost nor put to a closed shard', async () => {
    const store = await openStore({ fsync: false });
    await store.createStream('events', { shardCount: 2 });
    let stop = false;
    let n = 0;
    const producers = Array.from({ length: 4 }, async () => {
      while (!stop) {
        const { failed } = await store.putRecords('events', entries(`${n++}`, `${n++}`));
        expect(failed).toBe(0);
      }
    });
    for (const target of [4, 3, 6, 3, 2]) await store.scaleUniformly('events', target);
    stop = true;
    await Promise.all(producers);
    const texts = Object.values(await allTexts(store, 'events')).flat();
    expect(texts.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
  });

  test('a second store on the same directory is refused while the first lives', async () => {
    const dir = await makeDirectory();
    const first = await openStore({ dir });
    await expect(KinesisStore.open({ dir, clock: realClock })).rejects.toMatchObject({ kind: 'refused' });
    await first.close();
    await openStore({ dir });
  });

  test('a store that was closed says so', async () => {
    const store = await openStore();
    await store.close();
    await expect(store.streamNames()).rejects.toMatchObject({ kind: 'unavailable' });
  });
});
