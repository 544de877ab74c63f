import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  ListShardsCommand,
  MergeShardsCommand,
  SplitShardCommand,
  UpdateShardCountCommand,
  type GetRecordsCommandOutput,
  type KinesisClient,
  type ShardFilter,
} from '@aws-sdk/client-kinesis';
import { afterEach, describe, expect, test } from '@jest/globals';
import { uniformRanges } from '../../../src/local/kinesis/hash-key.ts';
import { openShards } from '../../../src/local/kinesis/metadata.ts';
import { cleanUp, entries, makeDirectory, ManualClock, openStore, startEndpoint } from './harness.ts';

afterEach(cleanUp);

const MIDDLE = (2n ** 127n).toString();
const id = (n: number): string => `shardId-${String(n).padStart(12, '0')}`;
const stream = { StreamName: 'events' };

const split = (client: KinesisClient, shard: number, key: string): Promise<unknown> =>
  client.send(new SplitShardCommand({ ...stream, ShardToSplit: id(shard), NewStartingHashKey: key }));
const merge = (client: KinesisClient, shard: number, adjacent: number): Promise<unknown> =>
  client.send(
    new MergeShardsCommand({ ...stream, ShardToMerge: id(shard), AdjacentShardToMerge: id(adjacent) }),
  );

async function readShard(client: KinesisClient, shard: string): Promise<GetRecordsCommandOutput> {
  const { ShardIterator } = await client.send(
    new GetShardIteratorCommand({ ...stream, ShardId: shard, ShardIteratorType: 'TRIM_HORIZON' }),
  );
  return client.send(new GetRecordsCommand({ ShardIterator }));
}

describe('resharding, through the SDK', () => {
  test('a reader that follows ChildShards from the first shard meets every record, parents first', async () => {
    const { client, store } = await startEndpoint({ fsync: false });
    await store.createStream('events', { shardCount: 1 });
    let n = 0;
    const put = async (): Promise<void> => {
      const texts = Array.from({ length: 20 }, () => `${n++}`);
      expect((await store.putRecords('events', entries(...texts))).failed).toBe(0);
    };
    await put();
    await split(client, 0, MIDDLE); // 1, 2
    await put();
    await split(client, 2, (3n * 2n ** 126n).toString()); // 3, 4
    await put();
    await merge(client, 1, 3); // 5
    await put();
    await merge(client, 4, 5); // 6
    await put();

    const seen: string[] = [];
    const drained = new Set<string>();
    const visited = new Set<string>();
    const ready: { ShardId?: string | undefined; ParentShards?: string[] | undefined }[] = [
      { ShardId: id(0) },
    ];
    for (let shard = ready.shift(); shard !== undefined; shard = ready.shift()) {
      if (visited.has(shard.ShardId!) || shard.ParentShards?.every((p) => drained.has(p)) === false) continue;
      visited.add(shard.ShardId!);
      const page = await readShard(client, shard.ShardId!);
      seen.push(...page.Records!.map((r) => Buffer.from(r.Data!).toString()));
      if (page.NextShardIterator !== undefined) continue;
      drained.add(shard.ShardId!);
      ready.push(...page.ChildShards!);
    }
    expect(seen.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(
      seen
        .slice(-20)
        .map(Number)
        .sort((a, b) => a - b),
    ).toEqual(Array.from({ length: 20 }, (_, i) => 80 + i));
    expect([...drained]).toEqual([id(0), id(1), id(2), id(3), id(4), id(5)]);
  });

  test('a closed shard says where it ended, and its children say whence they come', async () => {
    const { client, store } = await startEndpoint();
    await store.createStream('events', { shardCount: 2 });
    await store.putRecords('events', entries('a', 'b', 'c', 'd'));
    await merge(client, 1, 0);
    const { Shards } = await client.send(new ListShardsCommand(stream));
    expect(Shards).toHaveLength(3);
    const [left, right, child] = Shards!;
    expect(child).toMatchObject({
      ParentShardId: id(1),
      AdjacentParentShardId: id(0),
      HashKeyRange: { StartingHashKey: '0', EndingHashKey: (2n ** 128n - 1n).toString() },
    });
    expect(child!.SequenceNumberRange!.EndingSequenceNumber).toBeUndefined();
    for (const parent of [left!, right!]) {
      const { StartingSequenceNumber, EndingSequenceNumber } = parent.SequenceNumberRange!;
      expect(StartingSequenceNumber! < EndingSequenceNumber!).toBe(true);
      expect(EndingSequenceNumber! < child!.SequenceNumberRange!.StartingSequenceNumber!).toBe(true);
      const page = await readShard(client, parent.ShardId!);
      for (const record of page.Records!) expect(record.SequenceNumber! < EndingSequenceNumber!).toBe(true);
      expect(page.NextShardIterator).toBeUndefined();
      expect(page.ChildShards).toEqual([
        { ShardId: id(2), ParentShards: [id(1), id(0)], HashKeyRange: child!.HashKeyRange },
      ]);
    }
  });

  test('splits and merges that make no sense are refused', async () => {
    const { client, store } = await startEndpoint();
    await store.createStream('events', { shardCount: 4 });
    const quarter = 2n ** 126n;
    const refused: [Promise<unknown>, string][] = [
      [split(client, 1, quarter.toString()), 'InvalidArgumentException'],
      [split(client, 1, (quarter + 1n).toString()), 'InvalidArgumentException'],
      [split(client, 1, (2n * quarter - 1n).toString()), 'InvalidArgumentException'],
      [split(client, 0, MIDDLE), 'InvalidArgumentException'],
      [split(client, 9, MIDDLE), 'ResourceNotFoundException'],
      [merge(client, 0, 2), 'InvalidArgumentException'],
      [merge(client, 0, 0), 'InvalidArgumentException'],
    ];
    for (const [call, name] of refused) await expect(call).rejects.toMatchObject({ name });
    await split(client, 1, (quarter + 2n).toString());
    await expect(split(client, 1, (quarter + 3n).toString())).rejects.toMatchObject({
      name: 'InvalidArgumentException',
      message: expect.stringContaining('has already been merged or split'),
    });
    await expect(merge(client, 0, 1)).rejects.toMatchObject({ name: 'InvalidArgumentException' });
    expect(openShards(await store.describe('events'))).toHaveLength(5);
  });

  test.each([
    [1, 2],
    [4, 5],
    [4, 2],
    [10, 13],
    [5, 3],
    [7, 7],
  ])('UpdateShardCount from %i to %i leaves shards of equal width', async (from, to) => {
    const { client, store } = await startEndpoint({ fsync: false });
    await store.createStream('events', { shardCount: from });
    const texts = Array.from({ length: 50 }, (_, i) => `${i}`);
    await store.putRecords('events', entries(...texts));
    const answer = await client.send(
      new UpdateShardCountCommand({ ...stream, TargetShardCount: to, ScalingType: 'UNIFORM_SCALING' }),
    );
    expect(answer).toMatchObject({ ...stream, CurrentShardCount: from, TargetShardCount: to });
    const open = openShards(await store.describe('events'));
    expect(open.map(({ start, end }) => ({ start, end }))).toEqual(uniformRanges(to));
    expect((await store.putRecords('events', entries(...texts))).failed).toBe(0);
  });

  test('UpdateShardCount refuses more than double and less than half', async () => {
    const { client, store } = await startEndpoint();
    await store.createStream('events', { shardCount: 4 });
    for (const TargetShardCount of [9, 1]) {
      const command = new UpdateShardCountCommand({
        ...stream,
        TargetShardCount,
        ScalingType: 'UNIFORM_SCALING',
      });
      await expect(client.send(command)).rejects.toMatchObject({ name: 'InvalidArgumentException' });
    }
  });

  test('every shard filter selects what it says', async () => {
    const clock = new ManualClock();
    const { client, store } = await startEndpoint({ clock });
    await store.createStream('events', { shardCount: 1 });
    const born = clock.time;
    clock.time += 3_600_000;
    await split(client, 0, MIDDLE);
    const splitAt = clock.time;
    clock.time += 3_600_000;
    await merge(client, 1, 2);
    const mergedAt = clock.time;
    clock.time += 3_600_000;
    const list = async (filter: ShardFilter): Promise<number[]> => {
      const { Shards } = await client.send(new ListShardsCommand({ ...stream, ShardFilter: filter }));
      return Shards!.map((s) => Number(s.ShardId!.slice(-12)));
    };
    const at = (time: number): Promise<number[]> => list({ Type: 'AT_TIMESTAMP', Timestamp: new Date(time) });
    const from = (time: number): Promise<number[]> =>
      list({ Type: 'FROM_TIMESTAMP', Timestamp: new Date(time) });
    expect(await list({ Type: 'AFTER_SHARD_ID', ShardId: id(1) })).toEqual([2, 3]);
    expect(await list({ Type: 'AT_LATEST' })).toEqual([3]);
    expect(await list({ Type: 'AT_TRIM_HORIZON' })).toEqual([0]);
    expect(await list({ Type: 'FROM_TRIM_HORIZON' })).toEqual([0, 1, 2, 3]);
    expect(await at(born - 1)).toEqual([0]);
    expect(await at(splitAt - 1)).toEqual([0]);
    expect(await at(splitAt)).toEqual([1, 2]);
    expect(await at(mergedAt)).toEqual([3]);
    expect(await from(splitAt + 1)).toEqual([1, 2, 3]);
    expect(await from(mergedAt + 1)).toEqual([3]);
    clock.time = splitAt + 24 * 3_600_000 + 1;
    expect(await list({ Type: 'AT_TRIM_HORIZON' })).toEqual([1, 2]);
    expect(await list({ Type: 'FROM_TRIM_HORIZON' })).toEqual([1, 2, 3]);
    for (const filter of [{ Type: 'AFTER_SHARD_ID' }, { Type: 'AT_TIMESTAMP' }] as const) {
      await expect(list(filter)).rejects.toMatchObject({ name: 'InvalidArgumentException' });
    }
  });

  test('lineage and closed shards survive a restart', async () => {
    const dir = await makeDirectory();
    const first = await startEndpoint({ dir });
    await first.store.createStream('events', { shardCount: 1 });
    await first.store.putRecords('events', entries('a', 'b', 'c'));
    await split(first.client, 0, MIDDLE);
    const before = (await first.client.send(new ListShardsCommand(stream))).Shards;
    await first.server.close();
    await first.store.close();
    const store = await openStore({ dir });
    expect(await store.shards('events')).toEqual([
      { shardId: id(0), parents: [], closed: true },
      { shardId: id(1), parents: [id(0)], closed: false },
      { shardId: id(2), parents: [id(0)], closed: false },
    ]);
    await store.close();
    const second = await startEndpoint({ dir });
    expect((await second.client.send(new ListShardsCommand(stream))).Shards).toEqual(before);
    const page = await readShard(second.client, id(0));
    expect(page.Records).toHaveLength(3);
    expect(page.ChildShards!.map((s) => s.ShardId)).toEqual([id(1), id(2)]);
  });
});
