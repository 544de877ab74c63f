import { KinesisFault } from './fault.ts';
import type { Input } from './input.ts';
import { openShards, shardId, type NewStream, type StreamMeta, type StreamMode } from './metadata.ts';
import { inAccount, streamArn } from './names.ts';
import { streamName, STREAM_NAME, SHARD_ID, type Operation } from './operation.ts';
import type { Output } from './protocol.ts';
import { describeShard } from './shard-operations.ts';

const MAX_SHARDS = 10_000;
const MIN_RETENTION_HOURS = 24;
const MAX_RETENTION_HOURS = 8760;
/** Shards of a new on-demand stream. */
const ON_DEMAND_SHARDS = 4;
const MODES: readonly StreamMode[] = ['PROVISIONED', 'ON_DEMAND'];

const createStream: Operation = async ({ store }, input) => {
  const name = input.text('StreamName', STREAM_NAME);
  const shardCount = input.optionalInteger('ShardCount', 1, MAX_SHARDS);
  const mode = readMode(input) ?? 'PROVISIONED';
  if (mode === 'PROVISIONED' && shardCount === undefined) {
    throw new KinesisFault(
      'InvalidArgumentException',
      'ShardCount must be given for a stream in PROVISIONED mode.',
    );
  }
  const options: NewStream = { shardCount: shardCount ?? ON_DEMAND_SHARDS, mode };
  const maxRecordKiB = input.optionalInteger('MaxRecordSizeInKiB', 1024, 10_240);
  if (maxRecordKiB !== undefined) options.maxRecordKiB = maxRecordKiB;
  const tags = input.optionalTextMap('Tags');
  if (tags !== undefined) options.tags = tags;
  await store.createStream(name, options);
  return {};
};

const deleteStream: Operation = async ({ store }, input) => {
  await store.deleteStream(streamName(input));
  return {};
};

const listStreams: Operation = async ({ store, region }, input) => {
  const limit = input.optionalInteger('Limit', 1, 10_000) ?? 100;
  const after =
    input.optionalText('NextToken') ?? input.optionalText('ExclusiveStartStreamName', STREAM_NAME) ?? '';
  const rest = (await store.streamNames()).filter((name) => name > after);
  const names = rest.slice(0, limit);
  const more = rest.length > names.length;
  return {
    StreamNames: names,
    StreamSummaries: await Promise.all(
      names.map(async (name) => {
        const stream = await store.describe(name);
        const { StreamName, StreamARN, StreamStatus, StreamModeDetails, StreamCreationTimestamp } = summary(
          stream,
          region,
        );
        return { StreamName, StreamARN, StreamStatus, StreamModeDetails, StreamCreationTimestamp };
      }),
    ),
    HasMoreStreams: more,
    NextToken: more ? names.at(-1) : undefined,
  };
};

const describeStream: Operation = async ({ store, region }, input) => {
  const limit = input.optionalInteger('Limit', 1, 10_000) ?? 100;
  const after = input.optionalText('ExclusiveStartShardId', SHARD_ID) ?? '';
  const stream = await store.describe(streamName(input));
  const rest = stream.shards.filter((shard) => shardId(shard.index) > after);
  return {
    StreamDescription: {
      ...summary(stream, region),
      Shards: rest.slice(0, limit).map(describeShard),
      HasMoreShards: rest.length > limit,
    },
  };
};

const describeStreamSummary: Operation = async ({ store, region }, input) => {
  const stream = await store.describe(streamName(input));
  return {
    StreamDescriptionSummary: {
      ...summary(stream, region),
      OpenShardCount: openShards(stream).length,
      ConsumerCount: 0,
      MaxRecordSizeInKiB: stream.maxRecordKiB,
    },
  };
};

const describeLimits: Operation = async ({ store }) => {
  const streams = await Promise.all((await store.streamNames()).map((name) => store.describe(name)));
  return {
    ShardLimit: MAX_SHARDS,
    OpenShardCount: streams.reduce((sum, stream) => sum + openShards(stream).length, 0),
    OnDemandStreamCount: streams.filter((stream) => stream.mode === 'ON_DEMAND').length,
    OnDemandStreamCountLimit: MAX_SHARDS,
  };
};

const increaseRetention: Operation = async ({ store }, input) => {
  const name = streamName(input);
  const hours = retentionHours(input);
  await store.updateStream(name, (stream) => {
    if (hours < stream.retentionHours) {
      throw new KinesisFault(
        'InvalidArgumentException',
        `Requested retention period (${hours} hours) for stream ${inAccount(name)} can not be shorter than existing ` +
          `retention period (${stream.retentionHours} hours). Use DecreaseRetentionPeriod API.`,
      );
    }
    stream.retentionHours = hours;
  });
  return {};
};

const decreaseRetention: Operation = async ({ store }, input) => {
  const name = streamName(input);
  const hours = retentionHours(input);
  await store.updateStream(name, (stream) => {
    if (hours > stream.retentionHours) {
      throw new KinesisFault(
        'InvalidArgumentException',
        `Requested retention period (${hours} hours) for stream ${inAccount(name)} can not be longer than existing ` +
          `retention period (${stream.retentionHours} hours). Use IncreaseRetentionPeriod API.`,
      );
    }
    stream.retentionHours = hours;
  });
  return {};
};

const updateStreamMode: Operation = async ({ store }, input) => {
  const mode = readMode(input);
  if (mode === undefined) throw input.broken('StreamModeDetails', null, 'Member must not be null');
  await store.updateStream(streamName(input), (stream) => void (stream.mode = mode));
  return {};
};

const updateMaxRecordSize: Operation = async ({ store }, input) => {
  const kib = input.integer('MaxRecordSizeInKiB', 1024, 10_240);
  await store.updateStream(streamName(input), (stream) => void (stream.maxRecordKiB = kib));
  return {};
};

export const STREAM_OPERATIONS: Record<string, Operation> = {
  CreateStream: createStream,
  DeleteStream: deleteStream,
  ListStreams: listStreams,
  DescribeStream: describeStream,
  DescribeStreamSummary: describeStreamSummary,
  DescribeLimits: describeLimits,
  IncreaseStreamRetentionPeriod: increaseRetention,
  DecreaseStreamRetentionPeriod: decreaseRetention,
  UpdateStreamMode: updateStreamMode,
  UpdateMaxRecordSize: updateMaxRecordSize,
};

/** What every description of a stream has. Changes are done when they are answered, so a stream is always active. */
function summary(stream: StreamMeta, region: string): Output {
  return {
    StreamName: stream.name,
    StreamARN: streamArn(region, stream.name),
    StreamStatus: 'ACTIVE',
    StreamModeDetails: { StreamMode: stream.mode },
    RetentionPeriodHours: stream.retentionHours,
    StreamCreationTimestamp: new Date(Math.floor(stream.createdAt / 1000) * 1000),
    EnhancedMonitoring: [{ ShardLevelMetrics: [] }],
    EncryptionType: 'NONE',
  };
}

function readMode(input: Input): StreamMode | undefined {
  const text = input.optionalStructure('StreamModeDetails')?.text('StreamMode', { oneOf: MODES });
  return MODES.find((mode) => mode === text);
}

function retentionHours(input: Input): number {
  const hours = input.integer('RetentionPeriodHours', -(2 ** 31), 2 ** 31);
  if (hours < MIN_RETENTION_HOURS) {
    throw new KinesisFault(
      'InvalidArgumentException',
      `Minimum allowed retention period is ${MIN_RETENTION_HOURS} hours. Requested retention period (${hours} hours) is too short.`,
    );
  }
  if (hours > MAX_RETENTION_HOURS) {
    throw new KinesisFault(
      'InvalidArgumentException',
      `Maximum allowed retention period is ${MAX_RETENTION_HOURS} hours. Requested retention period (${hours} hours) is too long.`,
    );
  }
  return hours;
}
