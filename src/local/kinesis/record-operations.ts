import { KinesisFault } from './fault.ts';
import type { Input } from './input.ts';
import type { LiveShard } from './live-shard.ts';
import { shardId, type StreamMeta } from './metadata.ts';
import { inAccount } from './names.ts';
import { SHARD_ID, streamName, type Operation, type OperationContext } from './operation.ts';
import { parseSequence, toPosition } from './sequence.ts';
import { describeRange } from './shard-operations.ts';
import type { Output } from './protocol.ts';
import type { PutEntry } from './store.ts';

import { readIterator, writeToken } from './token.ts';

const MAX_RECORDS_PER_PUT = 500;
const MAX_BYTES_PER_PUT = 10 * 1024 * 1024;
const MAX_RECORDS_PER_GET = 10_000;
const MAX_BYTES_PER_GET = 10 * 1024 * 1024;
const SEQUENCE = { pattern: /^(0|([1-9]\d{0,128}))$/ } as const;
const ITERATOR_TYPES = [
  'AT_SEQUENCE_NUMBER',
  'AFTER_SEQUENCE_NUMBER',
  'TRIM_HORIZON',
  'LATEST',
  'AT_TIMESTAMP',
] as const;

const putRecord: Operation = async (context, input) => {
  const name = streamName(input);
  input.optionalText('SequenceNumberForOrdering', SEQUENCE);
  const entry = readEntry(input);
  await refuseDryRun(context, input, name);
  const { results } = await context.store.putRecords(name, [entry]);
  const [result] = results;
  if (result?.errorCode !== undefined) {
    throw new KinesisFault(result.errorCode, result.errorMessage, { cause: result.cause });
  }
  return { ShardId: result?.shardId, SequenceNumber: result?.sequenceNumber, EncryptionType: 'NONE' };
};

const putRecords: Operation = async (context, input) => {
  const name = streamName(input);
  const entries = input.structures('Records', 1, MAX_RECORDS_PER_PUT).map(readEntry);
  const bytes = entries.reduce((sum, e) => sum + e.data.byteLength + Buffer.byteLength(e.partitionKey), 0);
  if (bytes > MAX_BYTES_PER_PUT) {
    throw new KinesisFault('InvalidArgumentException', 'Records size exceeds 10 MB limit');
  }
  await refuseDryRun(context, input, name);
  const { results, failed } = await context.store.putRecords(name, entries);
  const first = results[0];
  // Nothing was stored because of us: said as a failure of the request, clients retry it as a whole.
  if (first?.errorCode === 'InternalFailure' && results.every((r) => r.errorCode === 'InternalFailure')) {
    throw new KinesisFault(first.errorCode, first.errorMessage, { cause: first.cause });
  }
  return {
    FailedRecordCount: failed,
    Records: results.map((r) =>
      r.errorCode === undefined
        ? { SequenceNumber: r.sequenceNumber, ShardId: r.shardId }
        : { ErrorCode: r.errorCode, ErrorMessage: r.errorMessage },
    ),
    EncryptionType: 'NONE',
  };
};

const getShardIterator: Operation = async (context, input) => {
  const { store } = context;
  const name = streamName(input);
  const id = input.text('ShardId', SHARD_ID);
  const type = input.text('ShardIteratorType', { oneOf: ITERATOR_TYPES });
  const sequence = input.optionalText('StartingSequenceNumber', SEQUENCE);
  const time = input.optionalTimestamp('Timestamp');
  await refuseDryRun(context, input, name);
  const stream = await store.describe(name);
  const shard = await store.shard(name, id);
  const now = store.clock.now();
  const after = await startOf(type, { sequence, time, now, shard, stream });
  return {
    ShardIterator: writeToken({
      stream: name,
      streamId: stream.id,
      shard: id,
      after: after.toString(),
      issuedAt: now,
    }),
  };
};

const getRecords: Operation = async (context, input) => {
  const { store } = context;
  const now = store.clock.now();
  const token = readIterator(input.text('ShardIterator', { min: 1, max: 512 }), now);
  const limit = input.optionalInteger('Limit', 1, MAX_RECORDS_PER_GET) ?? MAX_RECORDS_PER_GET;
  await refuseDryRun(context, input, token.stream);
  const stream = await store.describe(token.stream);
  if (stream.id !== token.streamId) {
    throw new KinesisFault('ResourceNotFoundException', `Stream ${inAccount(token.stream)} not found.`);
  }
  const read = await store.read(token.stream, token.shard, toPosition(token.after), {
    records: limit,
    bytes: MAX_BYTES_PER_GET,
  });
  const last = read.records.at(-1);
  return {
    Records: read.records.map((record) => ({
      SequenceNumber: record.sequenceNumber,
      ApproximateArrivalTimestamp: new Date(record.arrivedAt),
      Data: record.data,
      PartitionKey: record.partitionKey,
      EncryptionType: 'NONE',
    })),
    NextShardIterator: read.ended
      ? undefined
      : writeToken({ ...token, after: last?.sequenceNumber ?? token.after, issuedAt: now }),
    MillisBehindLatest: read.caughtUp || last === undefined ? 0 : Math.max(0, now - last.arrivedAt),
    ChildShards: read.ended ? children(stream, token.shard) : undefined,
  };
};

export const RECORD_OPERATIONS: Record<string, Operation> = {
  PutRecord: putRecord,
  PutRecords: putRecords,
  GetShardIterator: getShardIterator,
  GetRecords: getRecords,
};

function readEntry(input: Input): PutEntry {
  const data = input.bytes('Data');
  const explicitHashKey = input.optionalText('ExplicitHashKey', { pattern: /^(0|([1-9]\d{0,38}))$/ });
  const partitionKey = input.text('PartitionKey', { min: 1, max: 256 });
  return { partitionKey, data, ...(explicitHashKey === undefined ? {} : { explicitHashKey }) };
}

/** A dry run answers a request that would succeed with this error, and does nothing. */
async function refuseDryRun({ store }: OperationContext, input: Input, stream: string): Promise<void> {
  if (!input.flag('DryRun')) return;
  await store.describe(stream);
  throw new KinesisFault(
    'DryRunOperationException',
    'The request would have succeeded, but the DryRun flag is set.',
  );
}

interface Start {
  sequence: string | undefined;
  time: number | undefined;
  now: number;
  shard: LiveShard;
  stream: StreamMeta;
}

/** The position above which an iterator reads. */
async function startOf(type: string, { sequence, time, now, shard, stream }: Start): Promise<bigint> {
  if (type.endsWith('SEQUENCE_NUMBER')) {
    if (sequence === undefined) throw mismatch(type, 'no StartingSequenceNumber');
    const parts = parseSequence(sequence);
    if (parts === undefined || !shard.sequence.owns(parts)) {
      throw new KinesisFault(
        'InvalidArgumentException',
        `StartingSequenceNumber ${sequence} used in GetShardIterator on shard ${shard.id} in stream ` +
          `${inAccount(stream.name)} is invalid because it did not come from this stream.`,
      );
    }
    return type === 'AT_SEQUENCE_NUMBER' ? BigInt(sequence) - 1n : BigInt(sequence);
  }
  if (sequence !== undefined) throw mismatch(type, 'also a StartingSequenceNumber');
  if (type === 'TRIM_HORIZON') return 0n;
  if (type === 'LATEST') return shard.latest();
  if (time === undefined) {
    throw new KinesisFault(
      'InvalidArgumentException',
      'Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no timestamp parameter.',
    );
  }
  if (time > now) {
    throw new KinesisFault(
      'InvalidArgumentException',
      'The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. ' +
        `timestampInMillis: ${time}, currentTimestampInMillis: ${now}`,
    );
  }
  return shard.positionAt(time);
}

function mismatch(type: string, found: string): KinesisFault {
  return new KinesisFault(
    'InvalidArgumentException',
    'Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) TRIM_HORIZON ' +
      `or LATEST and no StartingSequenceNumber. Request specified ${type} and ${found}.`,
  );
}

function children(stream: StreamMeta, parent: string): Output[] {
  return stream.shards
    .filter((shard) => shard.parents.some((index) => shardId(index) === parent))
    .map((shard) => ({
      ShardId: shardId(shard.index),
      ParentShards: shard.parents.map(shardId),
      HashKeyRange: describeRange(shard),
    }));
}
