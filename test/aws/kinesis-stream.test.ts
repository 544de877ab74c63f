import { afterEach, describe, expect, test } from '@jest/globals';
import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
} from '@aws-sdk/client-kinesis';
import { mockClient } from 'aws-sdk-client-mock';
import { kinesisClient } from '../../src/adapters/aws/aws-clients.ts';
import { KinesisStream } from '../../src/adapters/aws/kinesis-stream.ts';
import { systemClock, systemRandom } from '../../src/adapters/local/system.ts';
import { toDecimal, toHashKey, toInteger } from '../../src/local/kinesis/hash-key.ts';
import { BIRTH } from '../../src/ports/ledger.ts';
import { streamContract } from '../contract/stream.ts';
import { cleanUp, startEndpoint } from '../local/kinesis/harness.ts';
import { fakePace, serviceError } from './support.ts';

/** The laws of the port, through HTTP and the SDK, on our own endpoint: it reshards as Kinesis does. */
streamContract('Kinesis by the SDK', async () => {
  const { store, server } = await startEndpoint({ fsync: false });
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = kinesisClient({ region: 'us-east-1', endpoint: server.url, credentials });
  return {
    stream: new KinesisStream(client, { clock: systemClock, random: systemRandom }),
    createStream: async (shardCount) => {
      await store.createStream('events', { shardCount });
      return 'events';
    },
    put: async (stream, records) => {
      const { failed } = await store.putRecords(stream, records);
      if (failed > 0) throw new Error(`${failed} records failed`);
    },
    split: async (stream, shardId) => {
      const { start, end } = (await store.shard(stream, shardId)).meta;
      const middle = toHashKey((toInteger(start) + toInteger(end) + 1n) / 2n);
      await store.splitShard(stream, shardId, toDecimal(middle));
    },
    merge: (stream, left, right) => store.mergeShards(stream, left, right),
    close: () => {
      client.destroy();
      return cleanUp();
    },
  };
});

describe('what only the real service does', () => {
  const client = new KinesisClient({ region: 'us-east-1' });
  const kinesis = mockClient(client);
  const pace = fakePace();
  const stream = new KinesisStream(client, pace);
  afterEach(() => {
    kinesis.reset();
  });
  const record = (n: number) => ({ SequenceNumber: String(n), PartitionKey: 'k', Data: new Uint8Array(1) });
  const ALL = { records: 100, bytes: 1e6 };

  test('empty pages in the middle of a shard are not its end', async () => {
    kinesis.on(GetShardIteratorCommand).resolves({ ShardIterator: 'i' });
    kinesis
      .on(GetRecordsCommand)
      .resolvesOnce({ Records: [], NextShardIterator: 'j', MillisBehindLatest: 9000 })
      .resolvesOnce({ Records: [record(7)], NextShardIterator: 'k', MillisBehindLatest: 0 })
      .resolvesOnce({ Records: [], NextShardIterator: 'l', MillisBehindLatest: 0 });
    const read = await stream.read('s', 'shard', BIRTH, ALL);
    expect(read).toMatchObject({ records: [{ sequenceNumber: '7' }], caughtUp: true, ended: false });
  });

  test('a number that the service does not know is read past from the oldest record', async () => {
    kinesis
      .on(GetShardIteratorCommand)
      .rejectsOnce(serviceError('InvalidArgumentException', 400))
      .resolves({ ShardIterator: 'i' });
    kinesis.on(GetRecordsCommand).resolves({ Records: [record(4), record(5), record(6)] });
    const read = await stream.read('s', 'shard', '5'.padStart(56, '0'), ALL);
    expect(read.records.map((r) => r.sequenceNumber)).toEqual(['6']);
    const types = kinesis.commandCalls(GetShardIteratorCommand).map((c) => c.args[0].input.ShardIteratorType);
    expect(types).toEqual(['AFTER_SEQUENCE_NUMBER', 'TRIM_HORIZON']);
  });

  test('more than five reads a second are waited for', async () => {
    kinesis.on(GetShardIteratorCommand).resolves({ ShardIterator: 'i' });
    kinesis
      .on(GetRecordsCommand)
      .rejectsOnce(serviceError('ProvisionedThroughputExceededException', 400))
      .resolves({ Records: [] });
    expect(await stream.read('s', 'shard', BIRTH, ALL)).toMatchObject({ ended: true });
    expect(pace.clock.slept.length).toBeGreaterThan(0);
  });

  test('shards are listed over pages, of which the later have the token alone', async () => {
    kinesis
      .on(ListShardsCommand)
      .resolvesOnce({ Shards: [{ ShardId: 'a' } as never], NextToken: 't' })
      .resolves({ Shards: [{ ShardId: 'b', ParentShardId: 'a' } as never] });
    expect(await stream.shards('s')).toEqual([
      { shardId: 'a', parents: [], closed: false },
      { shardId: 'b', parents: ['a'], closed: false },
    ]);
    expect(kinesis.commandCalls(ListShardsCommand)[1]!.args[0].input).toEqual({ NextToken: 't' });
  });
});
