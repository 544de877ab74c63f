import { afterEach, describe, expect, test } from '@jest/globals';
import { createProducer } from '../../src/producer/index.ts';
import { rangeIndex, rangeStart } from '../../src/producer/hash-range.ts';
import { cleanUp, startEndpoint } from '../local/kinesis/harness.ts';
import { placeOf, stored, visit, VISITS } from './support.ts';

afterEach(cleanUp);

describe('aggregated records', () => {
  test('are what ingest unpacks: every record at its place, keys and order kept, within their size', async () => {
    const endpoint = await startEndpoint({ fsync: false });
    await endpoint.store.createStream('visits', { shardCount: 4 });
    const { client } = endpoint;
    const producer = createProducer({
      client,
      streamName: 'visits',
      contract: VISITS,
      partitionKey: 'visitor',
      aggregate: true,
      lingerMs: 20,
    });
    const note = 'n'.repeat(400);
    const puts = Array.from({ length: 5000 }, (_, n) => producer.put(visit(`v${n % 300}`, n, note)));
    const results = await Promise.all(puts);
    const found = await stored(endpoint.store, 'visits');
    expect(found).toHaveLength(5000);
    const places = new Map(found.map((s) => [placeOf(s), s]));
    results.forEach((r, n) => {
      expect(places.get(placeOf(r))).toMatchObject({ n, partitionKey: `v${n % 300}` });
    });
    const last = new Map<string, number>();
    for (const { partitionKey, n } of found) {
      expect(n).toBeGreaterThan(last.get(partitionKey) ?? -1);
      last.set(partitionKey, n);
    }
    expect(Math.max(...found.map((s) => s.streamBytes))).toBeLessThanOrEqual(25_600);
    expect(new Set(found.map((s) => `${s.shardId}/${s.sequenceNumber}`)).size).toBeLessThan(5000 / 20);
    expect(new Set(found.map((s) => s.shardId)).size).toBe(4);
  });

  test('a record larger than an aggregate goes alone and keeps its turn', async () => {
    const endpoint = await startEndpoint({ fsync: false });
    await endpoint.store.createStream('visits', { shardCount: 2 });
    const { client } = endpoint;
    const producer = createProducer({
      client,
      streamName: 'visits',
      contract: VISITS,
      partitionKey: 'visitor',
      aggregate: true,
      ranges: 1,
    });
    const sizes = [10, 90_000, 10, 10, 30_000, 10];
    await Promise.all(sizes.map((size, n) => producer.put(visit('k', n, 'x'.repeat(size)))));
    expect((await stored(endpoint.store, 'visits')).map((s) => s.n)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test('an explicit hash key chooses the shard, and is kept in the aggregate', async () => {
    const endpoint = await startEndpoint({ fsync: false });
    await endpoint.store.createStream('visits', { shardCount: 2 });
    const { client } = endpoint;
    const producer = createProducer({
      client,
      streamName: 'visits',
      contract: VISITS,
      partitionKey: 'visitor',
      aggregate: true,
    });
    const low = Array.from({ length: 5 }, (_, n) => producer.put(visit('a', n), { explicitHashKey: '0' }));
    const high = Array.from({ length: 5 }, (_, n) =>
      producer.put(visit('a', n), { explicitHashKey: ((1n << 128n) - 1n).toString() }),
    );
    expect(new Set((await Promise.all(low)).map((r) => r.shardId))).toEqual(
      new Set(['shardId-000000000000']),
    );
    expect(new Set((await Promise.all(high)).map((r) => r.shardId))).toEqual(
      new Set(['shardId-000000000001']),
    );
  });

  test('ranges cover the key space: a start belongs to its own range', () => {
    for (const count of [1, 2, 3, 7, 16, 1000])
      for (const index of [0, 1, count >> 1, count - 1].filter((i) => i < count))
        expect(rangeIndex('', rangeStart(index, count), count)).toBe(index);
    expect(rangeIndex('', ((1n << 128n) - 1n).toString(), 7)).toBe(6);
  });
});
