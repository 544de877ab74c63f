import {
  AddTagsToStreamCommand,
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  IncreaseStreamRetentionPeriodCommand,
  DecreaseStreamRetentionPeriodCommand,
  ListShardsCommand,
  ListStreamsCommand,
  ListTagsForStreamCommand,
  MergeShardsCommand,
  PutRecordCommand,
  PutRecordsCommand,
  SplitShardCommand,
  UpdateShardCountCommand,
  type KinesisClient,
} from '@aws-sdk/client-kinesis';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { cleanUp, makeClient, startEndpoint } from './harness.ts';

// kinesis-local finds its settings beside itself only when it runs in its own folder.
const ORACLE = join(import.meta.dirname, '../../../node_modules/kinesis-local');

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function startOracle(): Promise<{ child: ChildProcess; url: string }> {
  const [plain, tls] = [await freePort(), await freePort()];
  const durations = ['CREATE_STREAM', 'DELETE_STREAM', 'MERGE_SHARDS', 'SPLIT_SHARD', 'UPDATE_SHARD_COUNT'];
  const child = spawn(process.execPath, ['main.js'], {
    cwd: ORACLE,
    stdio: 'ignore',
    env: {
      ...process.env,
      KINESIS_MOCK_PLAIN_PORT: `${plain}`,
      KINESIS_MOCK_TLS_PORT: `${tls}`,
      ...Object.fromEntries(durations.map((name) => [`${name}_DURATION`, '1ms'])),
    },
  });
  return { child, url: `http://127.0.0.1:${plain}` };
}

/** Keeps what both must agree on; numbers of records, iterators and times are reduced to what they are. */
function shape(value: unknown, name = ''): unknown {
  if (value instanceof Date) return '<time>';
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map((member) => shape(member, name));
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).filter(
      ([key, v]) => !IGNORED.has(key) && v !== undefined && v !== null,
    );
    return Object.fromEntries(members.sort().map(([key, v]) => [key, shape(v, key)]));
  }
  if (/SequenceNumber$/.test(name)) return /^49\d{54}$/.test(String(value)) ? '<sequence>' : value;
  // The oracle's shards begin one key earlier than the service's.
  if (/HashKey$/.test(name)) return ((BigInt(String(value)) + 2n ** 99n) >> 100n).toString();
  if (/Iterator$|Token$|ErrorMessage$|MillisBehindLatest$/.test(name)) return `<${typeof value}>`;
  return value;
}

/** The request's own metadata, and members of the service that the oracle knows nothing of, or gives only sometimes. */
const IGNORED = new Set([
  '$metadata',
  'EncryptionType',
  'KeyId',
  'MaxRecordSizeInKiB',
  'StreamARN',
  'StreamId',
  'StreamSummaries',
  'WarmThroughput',
]);

const StreamName = 'oracle';
const shard = (n: number): string => `shardId-${String(n).padStart(12, '0')}`;

type Call = (client: KinesisClient) => Promise<unknown>;

async function readAll(client: KinesisClient, ShardId: string, Limit?: number): Promise<unknown> {
  const { ShardIterator } = await client.send(
    new GetShardIteratorCommand({ StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' }),
  );
  return client.send(new GetRecordsCommand({ ShardIterator, Limit }));
}

async function startAfter(
  client: KinesisClient,
  type: 'AT_SEQUENCE_NUMBER' | 'AFTER_SEQUENCE_NUMBER',
): Promise<unknown> {
  const put = await client.send(
    new PutRecordCommand({ StreamName, PartitionKey: 'b', Data: Buffer.from(type) }),
  );
  const { ShardIterator } = await client.send(
    new GetShardIteratorCommand({
      StreamName,
      ShardId: put.ShardId,
      ShardIteratorType: type,
      StartingSequenceNumber: put.SequenceNumber,
    }),
  );
  return client.send(new GetRecordsCommand({ ShardIterator }));
}

const Records = Array.from({ length: 20 }, (_, i) => ({
  PartitionKey: `key-${i}`,
  Data: Buffer.from(`record ${i}`),
}));

const CALLS: [string, Call][] = [
  ['create', (c) => c.send(new CreateStreamCommand({ StreamName, ShardCount: 2 }))],
  ['create again', (c) => c.send(new CreateStreamCommand({ StreamName, ShardCount: 2 }))],
  ['describe', (c) => c.send(new DescribeStreamCommand({ StreamName }))],
  ['describe none', (c) => c.send(new DescribeStreamCommand({ StreamName: 'none' }))],
  ['summary', (c) => c.send(new DescribeStreamSummaryCommand({ StreamName }))],
  ['list streams', (c) => c.send(new ListStreamsCommand({}))],
  ['list shards', (c) => c.send(new ListShardsCommand({ StreamName }))],
  ['put', (c) => c.send(new PutRecordCommand({ StreamName, PartitionKey: 'a', Data: Buffer.from('one') }))],
  ['put many', (c) => c.send(new PutRecordsCommand({ StreamName, Records }))],
  ['put to none', (c) => c.send(new PutRecordsCommand({ StreamName: 'none', Records }))],
  ['read the first', (c) => readAll(c, shard(0))],
  ['read the second by three', (c) => readAll(c, shard(1), 3)],
  ['read none', (c) => readAll(c, shard(7))],
  ['start at', (c) => startAfter(c, 'AT_SEQUENCE_NUMBER')],
  ['start after', (c) => startAfter(c, 'AFTER_SEQUENCE_NUMBER')],
  [
    'an iterator without its number',
    (c) =>
      c.send(
        new GetShardIteratorCommand({
          StreamName,
          ShardId: shard(0),
          ShardIteratorType: 'AT_SEQUENCE_NUMBER',
        }),
      ),
  ],
  [
    'keep longer',
    (c) => c.send(new IncreaseStreamRetentionPeriodCommand({ StreamName, RetentionPeriodHours: 48 })),
  ],
  [
    'keep too short',
    (c) => c.send(new DecreaseStreamRetentionPeriodCommand({ StreamName, RetentionPeriodHours: 1 })),
  ],
  ['tag', (c) => c.send(new AddTagsToStreamCommand({ StreamName, Tags: { a: '1' } }))],
  ['tags', (c) => c.send(new ListTagsForStreamCommand({ StreamName }))],
  [
    'split at the edge',
    (c) => c.send(new SplitShardCommand({ StreamName, ShardToSplit: shard(1), NewStartingHashKey: '0' })),
  ],
  [
    'merge strangers',
    (c) =>
      c.send(new MergeShardsCommand({ StreamName, ShardToMerge: shard(0), AdjacentShardToMerge: shard(9) })),
  ],
  [
    'merge',
    (c) =>
      c.send(new MergeShardsCommand({ StreamName, ShardToMerge: shard(0), AdjacentShardToMerge: shard(1) })),
  ],
  [
    'list the merged',
    (c) => c.send(new ListShardsCommand({ StreamName, ShardFilter: { Type: 'AT_LATEST' } })),
  ],
  [
    'scale',
    (c) =>
      c.send(
        new UpdateShardCountCommand({ StreamName, TargetShardCount: 2, ScalingType: 'UNIFORM_SCALING' }),
      ),
  ],
  [
    'scale too far',
    (c) =>
      c.send(
        new UpdateShardCountCommand({ StreamName, TargetShardCount: 50, ScalingType: 'UNIFORM_SCALING' }),
      ),
  ],
  ['delete', (c) => c.send(new DeleteStreamCommand({ StreamName }))],
  ['delete again', (c) => c.send(new DeleteStreamCommand({ StreamName }))],
];

describe('beside kinesis-local', () => {
  let oracle: ChildProcess;
  let theirs: KinesisClient;
  let ours: KinesisClient;

  beforeAll(async () => {
    const { child, url } = await startOracle();
    oracle = child;
    theirs = makeClient(url);
    ours = (await startEndpoint()).client;
    for (let tries = 0; ; tries++) {
      try {
        await theirs.send(new ListStreamsCommand({}));
        return;
      } catch (error) {
        if (tries === 150) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  });
  afterAll(async () => {
    oracle.kill();
    await cleanUp();
  });

  /** The answer's shape, or the error's type and status. */
  async function outcome(client: KinesisClient, call: Call): Promise<unknown> {
    try {
      return shape(await call(client));
    } catch (error) {
      const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } };
      return { error: name, status: $metadata?.httpStatusCode };
    }
  }

  test('the same calls get the same answers and the same errors', async () => {
    const different: Record<string, unknown> = {};
    for (const [name, call] of CALLS) {
      const [expected, found] = [await outcome(theirs, call), await outcome(ours, call)];
      if (JSON.stringify(expected) !== JSON.stringify(found)) different[name] = { expected, found };
      // The oracle is busy with a stream for a moment after each change.
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    expect(different).toEqual({});
  });
});
