import { afterEach, describe, expect, test } from '@jest/globals';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { setTimeout as wait } from 'node:timers/promises';
import { startKinesisServer } from '../../src/local/kinesis/server.ts';
import {
  createProducer,
  type ProducerEvent,
  type ProducerOptions,
  type PutResult,
  type RecordOf,
} from '../../src/producer/index.ts';
import { cleanUp, startEndpoint, type Endpoint } from '../local/kinesis/harness.ts';
import { placeOf, stored, visit, VISITS } from './support.ts';

type Options = Partial<ProducerOptions<typeof VISITS>>;

async function open(
  endpoint: Endpoint,
  shards: number,
  more: Options = {},
): Promise<ReturnType<typeof createProducer<typeof VISITS>>> {
  await endpoint.store.createStream('visits', { shardCount: shards });
  const { client } = endpoint;
  return createProducer({
    client,
    streamName: 'visits',
    contract: VISITS,
    partitionKey: 'visitor',
    lingerMs: 5,
    ...more,
  });
}

/** The numbers of each key in the order of the stream; a key's records are all in one shard. */
async function orders(endpoint: Endpoint): Promise<Record<string, number[]>> {
  const found: Record<string, number[]> = {};
  for (const { partitionKey, n } of await stored(endpoint.store, 'visits'))
    (found[partitionKey] ??= []).push(n);
  return found;
}

afterEach(cleanUp);

describe('a producer', () => {
  test('resolves with the place of each record', async () => {
    const endpoint = await startEndpoint({ fsync: false });
    const producer = await open(endpoint, 3);
    const results = await Promise.all([0, 1, 2, 3].map((n) => producer.put(visit(`v${n}`, n))));
    const found = await stored(endpoint.store, 'visits');
    const places = new Map(found.map((s) => [placeOf(s), s.n]));
    expect(results.map((r) => places.get(placeOf(r)))).toEqual([0, 1, 2, 3]);
    expect(results[0]).not.toHaveProperty('subSequence');
    await producer.close();
    await expect(producer.put(visit('a', 1))).rejects.toMatchObject({ kind: 'refused' });
  });

  test('writes dates, 64-bit integers and bytes as the contract reads them, and refuses what JSON would lose', async () => {
    const endpoint = await startEndpoint({ fsync: false });
    const producer = await open(endpoint, 1);
    const seen = new Date('2026-01-02T03:04:05.678Z');
    await producer.put({ visitor: 'a', n: 1, seen, note: null });
    expect((await stored(endpoint.store, 'visits'))[0]!.text).toBe(
      '{"visitor":"a","n":1,"seen":"2026-01-02T03:04:05.678Z","note":null}',
    );
    for (const n of [NaN, Infinity])
      await expect(producer.put({ ...visit('a', 1), n })).rejects.toMatchObject({ kind: 'invalid' });
    expect(await stored(endpoint.store, 'visits')).toHaveLength(1);
  });

  test('never sends a record that breaks the contract, and says why', async () => {
    const endpoint = await startEndpoint({ fsync: false });
    const events: ProducerEvent[] = [];
    const producer = await open(endpoint, 1, { onEvent: (e) => events.push(e) });
    await expect(producer.put({ ...visit('a', 1), n: 'many' })).rejects.toMatchObject({
      kind: 'invalid',
      message: expect.stringContaining('n'),
      context: { stream: 'visits', reason: 'wrong_type' },
    });
    await producer.flush();
    expect(await stored(endpoint.store, 'visits')).toEqual([]);
    expect(events).toEqual([{ kind: 'bad', reason: 'wrong_type', sent: false }]);
  });

  test('sends a bad record when it is told to', async () => {
    const endpoint = await startEndpoint({ fsync: false });
    const producer = await open(endpoint, 1, { onBadRecord: 'send' });
    await producer.put(Buffer.from('{"n":1,"visitor":"a"}'));
    expect(await stored(endpoint.store, 'visits')).toHaveLength(1);
  });

  test('a throttled stream gets everything, once, in order for each key', async () => {
    const endpoint = await startEndpoint({
      fsync: false,
      limits: { recordsPerSecond: 300, bytesPerSecond: 2 ** 20 },
    });
    let failed = 0;
    const producer = await open(endpoint, 2, {
      backoffMs: 10,
      onEvent: (e) => (failed += e.kind === 'request' ? e.failed : 0),
    });
    const puts = Array.from({ length: 1500 }, (_, n) => producer.put(visit(`v${n % 150}`, n)));
    await Promise.all(puts);
    expect(failed).toBeGreaterThan(0);
    const found = await orders(endpoint);
    for (const [key, ns] of Object.entries(found))
      expect(ns).toEqual(Array.from({ length: 10 }, (_, i) => i * 150 + Number(key.slice(1))));
    expect(Object.keys(found)).toHaveLength(150);
  });

  test('a stream that is not there is told at once', async () => {
    const endpoint = await startEndpoint({ fsync: false });
    const producer = await open(endpoint, 1, { streamName: 'absent' });
    await expect(producer.put(visit('a', 1))).rejects.toMatchObject({ kind: 'notFound' });
  });

  test('a client that repeats by itself is refused, since a record could be there twice unseen', async () => {
    const endpoint = await startEndpoint({ fsync: false });
    const client = new KinesisClient({
      endpoint: endpoint.server.url,
      region: 'us-east-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    });
    const producer = await open(endpoint, 1, { client });
    await expect(producer.put(visit('a', 1))).rejects.toMatchObject({
      kind: 'invalid',
      remedy: expect.stringContaining('maxAttempts: 1'),
    });
    client.destroy();
  });

  test('an endpoint that goes away and comes back loses nothing', async () => {
    const endpoint = await startEndpoint({ fsync: false });
    const producer = await open(endpoint, 2, { backoffMs: 10 });
    const puts: Promise<PutResult>[] = [];
    for (let n = 0; n < 300; n++) puts.push(producer.put(visit(`v${n % 7}`, n)));
    await wait(20);
    await endpoint.server.close();
    for (let n = 300; n < 600; n++) puts.push(producer.put(visit(`v${n % 7}`, n)));
    await wait(100);
    expect(producer.pending).toBeGreaterThan(0);
    const again = await startKinesisServer({ store: endpoint.store, port: endpoint.server.port });
    try {
      const settled = await Promise.allSettled(puts);
      const rejected = settled.flatMap((s) =>
        s.status === 'rejected' ? [(s.reason as { kind: string }).kind] : [],
      );
      // Only what was under way when the connection broke.
      expect(rejected.filter((kind) => kind !== 'unknown')).toEqual([]);
      const found = await stored(endpoint.store, 'visits');
      const places = new Map(found.map((s) => [placeOf(s), s.n]));
      settled.forEach((s, n) => {
        if (s.status === 'fulfilled') expect(places.get(placeOf(s.value))).toBe(n);
      });
      for (const ns of Object.values(await orders(endpoint)))
        expect(ns).toEqual([...new Set(ns)].sort((a, b) => a - b));
    } finally {
      await producer.close();
      await again.close();
    }
  });

  test('gives up after its time, and says that nothing was stored', async () => {
    const endpoint = await startEndpoint({ fsync: false });
    const producer = await open(endpoint, 1, { timeoutMs: 200, backoffMs: 20 });
    await endpoint.server.close();
    await expect(producer.put(visit('a', 1))).rejects.toMatchObject({ kind: 'unavailable' });
    expect(producer.pending).toBe(0);
  });

  test('a full buffer lets puts wait, in their order, and refuses when too many wait', async () => {
    const endpoint = await startEndpoint({ fsync: false });
    const producer = await open(endpoint, 1, { bufferBytes: 2 ** 20, maxWaiting: 10, requests: 1 });
    const note = 'x'.repeat(100_000);
    const puts = Array.from({ length: 30 }, (_, n) => producer.put(visit('one key', n, note)));
    const waiting = producer.ready();
    const settled = await Promise.allSettled(puts);
    await waiting;
    const kinds = settled.map((s) =>
      s.status === 'fulfilled' ? 'stored' : (s.reason as { kind: string }).kind,
    );
    expect(kinds.slice(0, 21)).toEqual(Array.from({ length: 21 }, () => 'stored'));
    expect(kinds.slice(21)).toEqual(Array.from({ length: 9 }, () => 'throttled'));
    expect(await orders(endpoint)).toEqual({ 'one key': Array.from({ length: 21 }, (_, n) => n) });
  });

  test('ready() keeps a loop that does not wait for its puts within the buffer', async () => {
    const endpoint = await startEndpoint({ fsync: false });
    const producer = await open(endpoint, 1, { bufferBytes: 2 ** 20, maxWaiting: 0, aggregate: true });
    const puts: Promise<PutResult>[] = [];
    for (let n = 0; n < 3000; n++) {
      await producer.ready();
      puts.push(producer.put(visit(`v${n}`, n, 'x'.repeat(1000))));
    }
    await producer.flush();
    expect(new Set((await Promise.all(puts)).map(placeOf)).size).toBe(3000);
  });

  test.each([
    [{ batchRecords: 501 }, 'batchRecords'],
    [{ aggregateBytes: 100 }, 'aggregateBytes'],
    [{ requests: 0 }, 'requests'],
  ] as [Options, string][])('a wrong option is named: %j', async (more, name) => {
    const endpoint = await startEndpoint({ fsync: false });
    await expect(open(endpoint, 1, more)).rejects.toMatchObject({
      kind: 'invalid',
      message: expect.stringContaining(name),
    });
  });

  test.each([
    [{ partitionKey: '' }, '1 to 256'],
    [{ partitionKey: 'k'.repeat(257) }, '1 to 256'],
    [{ explicitHashKey: '-1' }, 'hash key'],
    [{ explicitHashKey: (1n << 128n).toString() }, 'hash key'],
  ])('keys that Kinesis would refuse are refused: %j', async (options, words) => {
    const endpoint = await startEndpoint({ fsync: false });
    const producer = await open(endpoint, 1);
    await expect(producer.put(visit('a', 1), options)).rejects.toMatchObject({
      kind: 'invalid',
      message: expect.stringContaining(words),
    });
  });
});

test('the type of a stream names its columns', () => {
  const good: RecordOf<typeof VISITS> = { visitor: 'a', n: 1, seen: new Date() };
  // @ts-expect-error: no such column
  const bad: RecordOf<typeof VISITS> = { visitors: 'a' };
  interface Narrow {
    columns: {
      id: { type: { kind: 'string' }; required: true };
      size: { type: { kind: 'int' }; required: false };
    };
    eventTime: string;
  }
  const narrow: RecordOf<Narrow> = { id: 'a' };
  // @ts-expect-error: a text is no int
  const wrong: RecordOf<Narrow> = { id: 'a', size: 'large' };
  // @ts-expect-error: the column is required
  const missing: RecordOf<Narrow> = { size: 1 };
  expect([good, bad, narrow, wrong, missing]).toHaveLength(5);
});
