import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  PutRecordCommand,
  PutRecordsCommand,
  type GetRecordsCommandOutput,
  type GetShardIteratorCommandInput,
  type KinesisClient,
} from '@aws-sdk/client-kinesis';
import { afterEach, describe, expect, test } from '@jest/globals';
import { openLogFile } from '../../../src/local/kinesis/log-file.ts';
import { cleanUp, entries, ManualClock, startEndpoint } from './harness.ts';

afterEach(cleanUp);

const SHARD = 'shardId-000000000000';
const LAST_HASH_KEY = (2n ** 128n - 1n).toString();

type Start = Omit<GetShardIteratorCommandInput, 'StreamName' | 'ShardId'>;

async function iterator(client: KinesisClient, start: Start): Promise<string> {
  const command = new GetShardIteratorCommand({ StreamName: 'events', ShardId: SHARD, ...start });
  return (await client.send(command)).ShardIterator!;
}

const get = (
  client: KinesisClient,
  ShardIterator: string,
  Limit?: number,
): Promise<GetRecordsCommandOutput> => client.send(new GetRecordsCommand({ ShardIterator, Limit }));

const textsOf = (output: GetRecordsCommandOutput): string[] =>
  output.Records!.map((r) => Buffer.from(r.Data!).toString());

describe('putting, through the SDK', () => {
  test('a record goes to the shard of its hash key, and comes back whole', async () => {
    const { client, store } = await startEndpoint({ clock: new ManualClock(1_700_000_000_123) });
    await store.createStream('events', { shardCount: 4 });
    const put = await client.send(
      new PutRecordCommand({ StreamName: 'events', PartitionKey: 'b', Data: Buffer.of(0, 255) }),
    );
    // MD5('b') = 92eb5ffe…: third quarter.
    expect(put).toMatchObject({ ShardId: 'shardId-000000000002', EncryptionType: 'NONE' });
    const explicit = await client.send(
      new PutRecordCommand({
        StreamName: 'events',
        PartitionKey: 'b',
        Data: Buffer.of(1),
        ExplicitHashKey: '0',
      }),
    );
    expect(explicit.ShardId).toBe(SHARD);
    const start = await client.send(
      new GetShardIteratorCommand({
        StreamName: 'events',
        ShardId: 'shardId-000000000002',
        ShardIteratorType: 'TRIM_HORIZON',
      }),
    );
    const { Records } = await get(client, start.ShardIterator!);
    expect(Records).toEqual([
      {
        SequenceNumber: put.SequenceNumber,
        PartitionKey: 'b',
        Data: Uint8Array.of(0, 255),
        ApproximateArrivalTimestamp: new Date(1_700_000_000_123),
        EncryptionType: 'NONE',
      },
    ]);
  });

  test('500 records go in one request, 501 are refused', async () => {
    const { client, store } = await startEndpoint();
    await store.createStream('events', { shardCount: 2 });
    const records = (n: number): { PartitionKey: string; Data: Buffer }[] =>
      Array.from({ length: n }, (_, i) => ({ PartitionKey: `${i}`, Data: Buffer.from(`${i}`) }));
    const done = await client.send(new PutRecordsCommand({ StreamName: 'events', Records: records(500) }));
    expect(done.FailedRecordCount).toBe(0);
    expect(done.Records).toHaveLength(500);
    await expect(
      client.send(new PutRecordsCommand({ StreamName: 'events', Records: records(501) })),
    ).rejects.toMatchObject({ name: 'ValidationException' });
  });

  test('a record is at most 1 MiB with its key, a request at most 10 MiB', async () => {
    const { client, store } = await startEndpoint({ fsync: false });
    await store.createStream('events', { shardCount: 1 });
    const put = (bytes: number, count = 1): Promise<unknown> => {
      const record = { PartitionKey: 'abcd', Data: Buffer.alloc(bytes) };
      return client.send(new PutRecordsCommand({ StreamName: 'events', Records: Array(count).fill(record) }));
    };
    await put(1_048_572);
    await expect(put(1_048_573)).rejects.toMatchObject({ name: 'ValidationException' });
    await put(1_048_572, 10);
    await expect(put(1_000_000, 11)).rejects.toMatchObject({ name: 'InvalidArgumentException' });
    await expect(put(1_048_572, 14)).rejects.toMatchObject({ name: 'ValidationException' });
  });

  test('keys out of range are refused, and nothing of the request is stored', async () => {
    const { client, store } = await startEndpoint();
    await store.createStream('events', { shardCount: 1 });
    const bad = [
      { PartitionKey: 'k'.repeat(257) },
      { PartitionKey: '' },
      { PartitionKey: 'a', ExplicitHashKey: '01' },
    ];
    for (const record of bad) {
      const Records = [
        { PartitionKey: 'good', Data: Buffer.of(1) },
        { ...record, Data: Buffer.of(2) },
      ];
      await expect(
        client.send(new PutRecordsCommand({ StreamName: 'events', Records })),
      ).rejects.toMatchObject({
        name: 'ValidationException',
      });
    }
    const beyond = { PartitionKey: 'a', Data: Buffer.of(1), ExplicitHashKey: (2n ** 128n).toString() };
    await expect(
      client.send(new PutRecordCommand({ StreamName: 'events', ...beyond })),
    ).rejects.toMatchObject({
      name: 'InvalidArgumentException',
    });
    expect((await store.shard('events', SHARD)).log.next).toBe(1);
  });

  test('a shard that has had its throughput fails single records, and takes them a second later', async () => {
    const clock = new ManualClock();
    const limits = { recordsPerSecond: 10, bytesPerSecond: 1000 };
    const { client, store } = await startEndpoint({ clock, limits });
    await store.createStream('events', { shardCount: 2 });
    const record = (ExplicitHashKey: string, bytes = 1): object => ({
      PartitionKey: 'k',
      Data: Buffer.alloc(bytes),
      ExplicitHashKey,
    });
    const put = async (records: object[]): Promise<(string | undefined)[]> => {
      const { Records, FailedRecordCount } = await client.send(
        new PutRecordsCommand({ StreamName: 'events', Records: records as never }),
      );
      const codes = Records!.map((r) => r.ErrorCode);
      expect(codes.filter((code) => code !== undefined)).toHaveLength(FailedRecordCount!);
      return codes;
    };
    const exceeded = 'ProvisionedThroughputExceededException';
    const codes = await put([...Array.from({ length: 12 }, () => record('0')), record(LAST_HASH_KEY)]);
    expect(codes).toEqual([...Array.from({ length: 10 }, () => undefined), exceeded, exceeded, undefined]);
    expect(await put([record(LAST_HASH_KEY, 900), record(LAST_HASH_KEY, 900)])).toEqual([
      undefined,
      exceeded,
    ]);
    const single = new PutRecordCommand({
      StreamName: 'events',
      PartitionKey: 'k',
      Data: Buffer.of(1),
      ExplicitHashKey: '0',
    });
    await expect(client.send(single)).rejects.toMatchObject({
      name: exceeded,
      $metadata: { httpStatusCode: 400 },
    });
    clock.time += 1000;
    await client.send(single);
  });

  test('a disk that refuses everything is a 500 that the client retries by itself', async () => {
    let failures = 0;
    const { client, store } = await startEndpoint(
      {
        openLogFile: async (path) => {
          const file = await openLogFile(path);
          return Object.assign(Object.create(file) as typeof file, {
            write: (bytes: Buffer, position: number) => {
              if (failures-- > 0) return Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' }));
              return file.write(bytes, position);
            },
            datasync: () => file.datasync(),
            truncate: (length: number) => file.truncate(length),
            close: () => file.close(),
          });
        },
      },
      { maxAttempts: 3 },
    );
    await store.createStream('events', { shardCount: 1 });
    const Records = [{ PartitionKey: 'a', Data: Buffer.of(1) }];
    failures = 2;
    const { $metadata } = await client.send(new PutRecordsCommand({ StreamName: 'events', Records }));
    expect($metadata.attempts).toBe(3);
    failures = 3;
    await expect(
      client.send(new PutRecordCommand({ StreamName: 'events', ...Records[0]! })),
    ).rejects.toMatchObject({ name: 'InternalFailure', $metadata: { httpStatusCode: 500 } });
  });
});

describe('reading, through the SDK', () => {
  test('all five iterator types start where they say', async () => {
    const clock = new ManualClock();
    const { client, store } = await startEndpoint({ clock });
    await store.createStream('events', { shardCount: 1 });
    const numbers: string[] = [];
    for (let i = 0; i < 5; i++) {
      const { results } = await store.putRecords('events', entries(`${i}`));
      for (const r of results) numbers.push(r.errorCode === undefined ? r.sequenceNumber : '');
      clock.time += 1000;
    }
    const start = clock.time - 5000;
    const from = async (request: Start): Promise<string[]> =>
      textsOf(await get(client, await iterator(client, request)));
    expect(await from({ ShardIteratorType: 'TRIM_HORIZON' })).toEqual(['0', '1', '2', '3', '4']);
    expect(
      await from({ ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber: numbers[2] }),
    ).toEqual(['2', '3', '4']);
    expect(
      await from({ ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: numbers[2] }),
    ).toEqual(['3', '4']);
    const at = (ms: number): Promise<string[]> =>
      from({ ShardIteratorType: 'AT_TIMESTAMP', Timestamp: new Date(ms) });
    expect(await at(start + 2000)).toEqual(['2', '3', '4']);
    expect(await at(start + 2001)).toEqual(['3', '4']);
    expect(await at(start - 1e6)).toEqual(['0', '1', '2', '3', '4']);
    expect(await at(clock.time)).toEqual([]);
    const latest = await iterator(client, { ShardIteratorType: 'LATEST' });
    await store.putRecords('events', entries('5'));
    expect(textsOf(await get(client, latest))).toEqual(['5']);
    const shard = await store.shard('events', SHARD);
    const first = {
      ShardIteratorType: 'AT_SEQUENCE_NUMBER',
      StartingSequenceNumber: shard.sequence.start(),
    } as const;
    expect((await from(first)).length).toBe(6);
  });

  test('iterators that cannot be given are refused', async () => {
    const clock = new ManualClock();
    const { client, store } = await startEndpoint({ clock });
    await store.createStream('events', { shardCount: 2 });
    const other = (await store.shard('events', 'shardId-000000000001')).sequence.start();
    const wrong: Start[] = [
      { ShardIteratorType: 'AT_SEQUENCE_NUMBER' },
      { ShardIteratorType: 'AT_TIMESTAMP' },
      { ShardIteratorType: 'AT_TIMESTAMP', Timestamp: new Date(clock.time + 1000) },
      { ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber: other },
      { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: '12345' },
      { ShardIteratorType: 'LATEST', StartingSequenceNumber: other },
    ];
    for (const start of wrong) {
      await expect(iterator(client, start)).rejects.toMatchObject({ name: 'InvalidArgumentException' });
    }
    await expect(iterator(client, { ShardIteratorType: 'NOWHERE' as never })).rejects.toMatchObject({
      name: 'ValidationException',
    });
  });

  test('an iterator serves five minutes, and dies with its stream', async () => {
    const clock = new ManualClock();
    const { client, store } = await startEndpoint({ clock });
    await store.createStream('events', { shardCount: 1 });
    const start = await iterator(client, { ShardIteratorType: 'TRIM_HORIZON' });
    clock.time += 300_000;
    const { NextShardIterator } = await get(client, start);
    clock.time += 1;
    await expect(get(client, start)).rejects.toMatchObject({
      name: 'ExpiredIteratorException',
      message:
        'Iterator expired. The iterator was created at time Thu Jan 01 00:00:00 UTC 2026 while right now it is ' +
        'Thu Jan 01 00:05:00 UTC 2026 which is further in the future than the tolerated delay of 300000 milliseconds.',
    });
    await get(client, NextShardIterator!);
    for (const nonsense of ['x', Buffer.from('{"stream":1}').toString('base64')]) {
      await expect(get(client, nonsense)).rejects.toMatchObject({ name: 'InvalidArgumentException' });
    }
    await store.deleteStream('events');
    await expect(get(client, NextShardIterator!)).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
    await store.createStream('events', { shardCount: 1 });
    await expect(get(client, NextShardIterator!)).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  test('a reader page by page sees how far behind it is, and then that it is not', async () => {
    const clock = new ManualClock();
    const { client, store } = await startEndpoint({ clock });
    await store.createStream('events', { shardCount: 1 });
    for (let i = 0; i < 5; i++) await store.putRecords('events', entries(`${i}`));
    clock.time += 7000;
    let at: string | undefined = await iterator(client, { ShardIteratorType: 'TRIM_HORIZON' });
    const seen: [string[], number][] = [];
    for (let i = 0; i < 4; i++) {
      const page: GetRecordsCommandOutput = await get(client, at!, 2);
      seen.push([textsOf(page), page.MillisBehindLatest!]);
      at = page.NextShardIterator;
    }
    expect(seen).toEqual([
      [['0', '1'], 7000],
      [['2', '3'], 7000],
      [['4'], 0],
      [[], 0],
    ]);
  });

  test('one answer holds at most 10 MiB', async () => {
    const { client, store } = await startEndpoint({ fsync: false });
    await store.createStream('events', { shardCount: 1 });
    const data = Buffer.alloc(1_000_000);
    await store.putRecords(
      'events',
      Array.from({ length: 15 }, () => ({ partitionKey: 'k', data })),
    );
    const page = await get(client, await iterator(client, { ShardIteratorType: 'TRIM_HORIZON' }));
    expect(page.Records).toHaveLength(10);
    expect((await get(client, page.NextShardIterator!)).Records).toHaveLength(5);
  });
});
