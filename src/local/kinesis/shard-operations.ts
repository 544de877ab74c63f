import { KinesisFault } from './fault.ts';
import { isHashKey, toDecimal, type HashRange } from './hash-key.ts';
import type { Input } from './input.ts';
import { openShards, shardId, shardIndex, type ShardMeta, type StreamMeta } from './metadata.ts';
import { streamArn } from './names.ts';
import { SHARD_ID, streamName, type Operation } from './operation.ts';
import type { Output } from './protocol.ts';
import { ShardSequence } from './sequence.ts';
import { readListToken, writeToken, type ListToken } from './token.ts';

const FILTERS = [
  'AFTER_SHARD_ID',
  'AT_TRIM_HORIZON',
  'FROM_TRIM_HORIZON',
  'AT_LATEST',
  'AT_TIMESTAMP',
  'FROM_TIMESTAMP',
] as const;
const HOUR = 3_600_000;

type Filter = NonNullable<ListToken['filter']>;

/** A shard as `DescribeStream` and `ListShards` give it. */
export function describeShard(shard: ShardMeta): Output {
  const sequence = new ShardSequence(shard.epoch, shard.index);
  const [parent, adjacent] = shard.parents;
  return {
    ShardId: shardId(shard.index),
    ParentShardId: parent === undefined ? undefined : shardId(parent),
    AdjacentParentShardId: adjacent === undefined ? undefined : shardId(adjacent),
    HashKeyRange: describeRange(shard),
    SequenceNumberRange: {
      StartingSequenceNumber: sequence.start(),
      EndingSequenceNumber: shard.closedAt === undefined ? undefined : sequence.end(shard.closedAt),
    },
  };
}

export function describeRange(range: HashRange): Output {
  return { StartingHashKey: toDecimal(range.start), EndingHashKey: toDecimal(range.end) };
}

const listShards: Operation = async ({ store }, input) => {
  const limit = input.optionalInteger('MaxResults', 1, 10_000) ?? 1000;
  const now = store.clock.now();
  const page = firstPage(input) ?? continued(input, now);
  const stream = await store.describe(page.stream);
  const rest = stream.shards.filter(
    (shard) => shardId(shard.index) > page.after && matches(shard, stream, page.filter, now),
  );
  const shards = rest.slice(0, limit);
  const last = shards.at(-1);
  const next = rest.length > shards.length && last !== undefined;
  return {
    Shards: shards.map(describeShard),
    NextToken: next ? writeToken({ ...page, after: shardId(last.index), issuedAt: now }) : undefined,
  };
};

const splitShard: Operation = async ({ store }, input) => {
  const name = streamName(input);
  const shard = input.text('ShardToSplit', SHARD_ID);
  const key = input.text('NewStartingHashKey', { pattern: /^(0|([1-9]\d{0,38}))$/ });
  if (!isHashKey(key)) {
    throw new KinesisFault(
      'InvalidArgumentException',
      `NewStartingHashKey ${key} is not in the range [0, 2^128-1].`,
    );
  }
  await store.splitShard(name, shard, key);
  return {};
};

const mergeShards: Operation = async ({ store }, input) => {
  const name = streamName(input);
  const shard = input.text('ShardToMerge', SHARD_ID);
  const adjacent = input.text('AdjacentShardToMerge', SHARD_ID);
  await store.mergeShards(name, shard, adjacent);
  return {};
};

const updateShardCount: Operation = async ({ store, region }, input) => {
  const name = streamName(input);
  const target = input.integer('TargetShardCount', 1, 10_000);
  input.text('ScalingType', { oneOf: ['UNIFORM_SCALING'] });
  const current = openShards(await store.describe(name)).length;
  if (target > 2 * current || 2 * target < current) {
    const [bound, word] = target > current ? ['up over double', 'up'] : ['down below half', 'down'];
    throw new KinesisFault(
      'InvalidArgumentException',
      `UpdateShardCount cannot scale ${bound} your current open shard count. Current open shard count: ${current} ` +
        `Target shard count: ${target}. Scale ${word} in steps.`,
    );
  }
  if (target !== current) await store.scaleUniformly(name, target);
  return {
    StreamName: name,
    CurrentShardCount: current,
    TargetShardCount: target,
    StreamARN: streamArn(region, name),
  };
};

export const SHARD_OPERATIONS: Record<string, Operation> = {
  ListShards: listShards,
  SplitShard: splitShard,
  MergeShards: mergeShards,
  UpdateShardCount: updateShardCount,
};

function firstPage(input: Input): Omit<ListToken, 'issuedAt'> | undefined {
  if (input.optionalText('NextToken') !== undefined) return undefined;
  const after = input.optionalText('ExclusiveStartShardId', SHARD_ID) ?? '';
  const filter = readFilter(input.optionalStructure('ShardFilter'));
  return { stream: streamName(input), after, ...(filter === undefined ? {} : { filter }) };
}

function continued(input: Input, now: number): Omit<ListToken, 'issuedAt'> {
  for (const member of ['StreamName', 'StreamARN', 'ExclusiveStartShardId'] as const) {
    if (input.optionalText(member) !== undefined && member !== 'StreamARN') {
      throw new KinesisFault(
        'InvalidArgumentException',
        `NextToken and ${member} cannot be provided together.`,
      );
    }
  }
  return readListToken(input.text('NextToken'), now);
}

function readFilter(input: Input | undefined): Filter | undefined {
  if (input === undefined) return undefined;
  const type = input.text('Type', { oneOf: FILTERS });
  const shard = input.optionalText('ShardId', SHARD_ID);
  const time = input.optionalTimestamp('Timestamp');
  if (type === 'AFTER_SHARD_ID' && shard === undefined) {
    throw new KinesisFault(
      'InvalidArgumentException',
      'ShardFilter of type AFTER_SHARD_ID must have a ShardId.',
    );
  }
  if (type.endsWith('TIMESTAMP') && time === undefined) {
    throw new KinesisFault('InvalidArgumentException', `ShardFilter of type ${type} must have a Timestamp.`);
  }
  return { type, ...(shard === undefined ? {} : { shard }), ...(time === undefined ? {} : { time }) };
}

/** Whether `shard` belongs to the listing; times before the trim horizon count as the trim horizon. */
function matches(shard: ShardMeta, stream: StreamMeta, filter: Filter | undefined, now: number): boolean {
  const horizon = Math.max(stream.createdAt, now - stream.retentionHours * HOUR);
  const time = Math.max(filter?.time ?? 0, horizon);
  const closedAt = shard.closedAt ?? Number.POSITIVE_INFINITY;
  switch (filter?.type) {
    case 'AFTER_SHARD_ID':
      return shard.index > (shardIndex(filter.shard ?? '') ?? -1);
    case 'AT_LATEST':
      return shard.closedAt === undefined;
    case 'AT_TRIM_HORIZON':
      return shard.createdAt <= horizon && closedAt > horizon;
    case 'AT_TIMESTAMP':
      return shard.createdAt <= time && closedAt > time;
    case 'FROM_TIMESTAMP':
      return closedAt >= time;
    default:
      return closedAt >= horizon;
  }
}
