import {
  AddTagsToStreamCommand,
  CreateStreamCommand,
  DecreaseStreamRetentionPeriodCommand,
  DeleteStreamCommand,
  DescribeLimitsCommand,
  DescribeStreamCommand,
  DescribeStreamSummaryCommand,
  GetShardIteratorCommand,
  IncreaseStreamRetentionPeriodCommand,
  ListShardsCommand,
  ListStreamsCommand,
  ListTagsForResourceCommand,
  ListTagsForStreamCommand,
  paginateListStreams,
  PutRecordCommand,
  PutRecordsCommand,
  RemoveTagsFromStreamCommand,
  SubscribeToShardCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateMaxRecordSizeCommand,
  UpdateStreamModeCommand,
  waitUntilStreamExists,
} from '@aws-sdk/client-kinesis';
import { afterEach, describe, expect, test } from '@jest/globals';
import { cleanUp, ManualClock, startEndpoint } from './harness.ts';

afterEach(cleanUp);

const ARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/events';

describe('streams, through the SDK', () => {
  test('a created stream is active and described in full', async () => {
    const { client } = await startEndpoint({ clock: new ManualClock(1_700_000_000_500) });
    await client.send(
      new CreateStreamCommand({ StreamName: 'events', ShardCount: 2, Tags: { team: 'ops' } }),
    );
    await waitUntilStreamExists({ client, minDelay: 1, maxWaitTime: 5 }, { StreamName: 'events' });
    const { StreamDescription } = await client.send(new DescribeStreamCommand({ StreamARN: ARN }));
    expect(StreamDescription).toEqual({
      StreamName: 'events',
      StreamARN: ARN,
      StreamStatus: 'ACTIVE',
      StreamModeDetails: { StreamMode: 'PROVISIONED' },
      RetentionPeriodHours: 24,
      StreamCreationTimestamp: new Date(1_700_000_000_000),
      EnhancedMonitoring: [{ ShardLevelMetrics: [] }],
      EncryptionType: 'NONE',
      HasMoreShards: false,
      Shards: [
        {
          ShardId: 'shardId-000000000000',
          HashKeyRange: { StartingHashKey: '0', EndingHashKey: '170141183460469231731687303715884105727' },
          SequenceNumberRange: { StartingSequenceNumber: expect.stringMatching(/^49\d{54}$/) },
        },
        {
          ShardId: 'shardId-000000000001',
          HashKeyRange: {
            StartingHashKey: '170141183460469231731687303715884105728',
            EndingHashKey: '340282366920938463463374607431768211455',
          },
          SequenceNumberRange: { StartingSequenceNumber: expect.stringMatching(/^49\d{54}$/) },
        },
      ],
    });
    const { StreamDescriptionSummary } = await client.send(
      new DescribeStreamSummaryCommand({ StreamName: 'events' }),
    );
    expect(StreamDescriptionSummary).toMatchObject({
      OpenShardCount: 2,
      ConsumerCount: 0,
      MaxRecordSizeInKiB: 1024,
    });
    expect(await client.send(new DescribeLimitsCommand({}))).toMatchObject({ OpenShardCount: 2 });
  });

  test('a name is taken once, and free again after deletion', async () => {
    const { client } = await startEndpoint();
    const create = new CreateStreamCommand({ StreamName: 'events', ShardCount: 1 });
    await client.send(create);
    await expect(client.send(create)).rejects.toMatchObject({
      name: 'ResourceInUseException',
      message: 'Stream events under account 000000000000 already exists.',
      $metadata: { httpStatusCode: 400 },
    });
    await client.send(new DeleteStreamCommand({ StreamName: 'events' }));
    await expect(client.send(new DescribeStreamCommand({ StreamName: 'events' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Stream events under account 000000000000 not found.',
    });
    await client.send(create);
  });

  test('names with dots never reach the file system', async () => {
    const { client } = await startEndpoint();
    for (const StreamName of ['..', '.', 'a.b'])
      await client.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
    expect((await client.send(new ListStreamsCommand({}))).StreamNames).toEqual(['.', '..', 'a.b']);
    await expect(
      client.send(new CreateStreamCommand({ StreamName: '../x', ShardCount: 1 })),
    ).rejects.toMatchObject({
      name: 'ValidationException',
    });
  });

  test('streams and shards are listed page by page', async () => {
    const { client } = await startEndpoint({ fsync: false });
    for (let i = 0; i < 5; i++)
      await client.send(new CreateStreamCommand({ StreamName: `s${i}`, ShardCount: 5 }));
    const names: string[] = [];
    for await (const page of paginateListStreams({ client, pageSize: 2 }, {})) {
      expect(page.StreamNames!.length).toBeLessThanOrEqual(2);
      expect(page.StreamSummaries!.map((s) => s.StreamName)).toEqual(page.StreamNames);
      names.push(...page.StreamNames!);
    }
    expect(names).toEqual(['s0', 's1', 's2', 's3', 's4']);
    const shards: string[] = [];
    for (let token: string | undefined, page = 0; page === 0 || token !== undefined; page++) {
      const from = page === 0 ? { StreamName: 's1' } : { NextToken: token };
      const { Shards, NextToken } = await client.send(new ListShardsCommand({ ...from, MaxResults: 2 }));
      shards.push(...Shards!.map((s) => s.ShardId!));
      token = NextToken;
    }
    expect(shards).toEqual([0, 1, 2, 3, 4].map((i) => `shardId-00000000000${i}`));
    const after = await client.send(
      new DescribeStreamCommand({ StreamName: 's1', ExclusiveStartShardId: shards[1], Limit: 2 }),
    );
    expect(after.StreamDescription!.Shards!.map((s) => s.ShardId)).toEqual(shards.slice(2, 4));
    expect(after.StreamDescription!.HasMoreShards).toBe(true);
  });

  test('a listing token serves five minutes, and not together with a name', async () => {
    const clock = new ManualClock();
    const { client } = await startEndpoint({ clock });
    await client.send(new CreateStreamCommand({ StreamName: 'events', ShardCount: 3 }));
    const { NextToken } = await client.send(new ListShardsCommand({ StreamName: 'events', MaxResults: 1 }));
    await expect(
      client.send(new ListShardsCommand({ StreamName: 'events', NextToken })),
    ).rejects.toMatchObject({
      name: 'InvalidArgumentException',
    });
    clock.time += 300_001;
    await expect(client.send(new ListShardsCommand({ NextToken }))).rejects.toMatchObject({
      name: 'ExpiredNextTokenException',
    });
    await expect(client.send(new ListShardsCommand({ NextToken: 'nonsense' }))).rejects.toMatchObject({
      name: 'InvalidArgumentException',
    });
  });

  test('retention goes up by Increase and down by Decrease, between 24 hours and a year', async () => {
    const { client, store } = await startEndpoint();
    const StreamName = 'events';
    await client.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
    const increase = (hours: number): Promise<unknown> =>
      client.send(new IncreaseStreamRetentionPeriodCommand({ StreamName, RetentionPeriodHours: hours }));
    const decrease = (hours: number): Promise<unknown> =>
      client.send(new DecreaseStreamRetentionPeriodCommand({ StreamName, RetentionPeriodHours: hours }));
    await increase(48);
    expect((await store.describe(StreamName)).retentionHours).toBe(48);
    for (const wrong of [increase(24), decrease(72), decrease(23), increase(8761)]) {
      await expect(wrong).rejects.toMatchObject({ name: 'InvalidArgumentException' });
    }
    await decrease(24);
    expect((await store.describe(StreamName)).retentionHours).toBe(24);
  });

  test('tags, the mode and the largest record are kept', async () => {
    const { client } = await startEndpoint();
    const StreamName = 'events';
    await client.send(
      new CreateStreamCommand({ StreamName, StreamModeDetails: { StreamMode: 'ON_DEMAND' } }),
    );
    await client.send(new AddTagsToStreamCommand({ StreamName, Tags: { a: '1', b: '2' } }));
    await client.send(new TagResourceCommand({ ResourceARN: ARN, Tags: { c: '3' } }));
    await client.send(new RemoveTagsFromStreamCommand({ StreamName, TagKeys: ['a'] }));
    await client.send(new UntagResourceCommand({ ResourceARN: ARN, TagKeys: ['x'] }));
    const tags = [
      { Key: 'b', Value: '2' },
      { Key: 'c', Value: '3' },
    ];
    expect((await client.send(new ListTagsForStreamCommand({ StreamName }))).Tags).toEqual(tags);
    expect((await client.send(new ListTagsForResourceCommand({ ResourceARN: ARN }))).Tags).toEqual(tags);
    await client.send(
      new UpdateStreamModeCommand({ StreamARN: ARN, StreamModeDetails: { StreamMode: 'PROVISIONED' } }),
    );
    await client.send(new UpdateMaxRecordSizeCommand({ StreamARN: ARN, MaxRecordSizeInKiB: 2048 }));
    const { StreamDescriptionSummary } = await client.send(new DescribeStreamSummaryCommand({ StreamName }));
    expect(StreamDescriptionSummary).toMatchObject({
      OpenShardCount: 4,
      MaxRecordSizeInKiB: 2048,
      StreamModeDetails: { StreamMode: 'PROVISIONED' },
    });
  });

  test('a dry run succeeds with its own error and stores nothing', async () => {
    const { client, store } = await startEndpoint();
    await client.send(new CreateStreamCommand({ StreamName: 'events', ShardCount: 1 }));
    const put = { StreamName: 'events', PartitionKey: 'a', Data: Buffer.from('a'), DryRun: true };
    await expect(client.send(new PutRecordCommand(put))).rejects.toMatchObject({
      name: 'DryRunOperationException',
    });
    await expect(client.send(new PutRecordCommand({ ...put, StreamName: 'none' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
    expect((await store.shard('events', 'shardId-000000000000')).log.next).toBe(1);
  });

  test('wrong input is refused in the words of the service', async () => {
    const { client } = await startEndpoint();
    await client.send(new CreateStreamCommand({ StreamName: 'events', ShardCount: 1 }));
    await expect(
      client.send(new CreateStreamCommand({ StreamName: 'x', ShardCount: 0 })),
    ).rejects.toMatchObject({
      name: 'ValidationException',
      message:
        "1 validation error detected: Value '0' at 'shardCount' failed to satisfy constraint: " +
        'Member must have value greater than or equal to 1',
    });
    await expect(
      client.send(new PutRecordsCommand({ StreamName: 'events', Records: [] })),
    ).rejects.toMatchObject({ name: 'ValidationException' });
    await expect(
      client.send(
        new GetShardIteratorCommand({ StreamName: 'events', ShardId: 'x', ShardIteratorType: 'LATEST' }),
      ),
    ).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await expect(client.send(new DescribeStreamCommand({}))).rejects.toMatchObject({
      name: 'InvalidArgumentException',
    });
    await expect(
      client.send(
        new SubscribeToShardCommand({ ConsumerARN: ARN, ShardId: 'x', StartingPosition: { Type: 'LATEST' } }),
      ),
    ).rejects.toMatchObject({ name: 'UnknownOperationException' });
  });
});
