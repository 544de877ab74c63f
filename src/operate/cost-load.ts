import type { Plan, PlanRealtime, PlanStream } from '../definition/plan.ts';
import { TidemarkError } from '../errors.ts';
import { SECONDS_PER_MONTH, SHARD_BYTES, SHARD_RECORDS, WORK } from './cost-work.ts';

/** What a lakehouse is assumed to carry. */
export interface Load {
  /** Records a second while active: over all streams in equal parts, or for each stream by name. */
  recordsPerSecond: number | Readonly<Record<string, number>>;
  /** Bytes of one record as JSON. */
  recordBytes: number;
  /** Seconds from a record's arrival to the commit that shows it, at the 99th percentile. */
  freshnessSeconds: number;
  /** Hours of a day with this load; the rest has none. */
  hoursActive: number;
  /** Rows that each Silver table holds. */
  silverRows: number;
  queriesPerDay: number;
  /** Data that one query scans. */
  queryGb: number;
  capacity: 'on-demand' | 'provisioned';
  /** Minutes from one integration run to the next. */
  mergeEveryMinutes: number;
  /** Producers aggregate records, as the producer kit can. */
  aggregate: boolean;
  enhancedFanOut: boolean;
  /** A customer key for everything. */
  kms: boolean;
  /** Distinct hot keys for each record of a batch, 0 to 1. */
  hotKeyShare: number;
}

export const DEFAULT_LOAD: Load = {
  recordsPerSecond: 1000,
  recordBytes: 540,
  freshnessSeconds: 5,
  hoursActive: 24,
  silverRows: 1_000_000,
  queriesPerDay: 100,
  queryGb: 0.1,
  capacity: 'on-demand',
  mergeEveryMinutes: 1,
  aggregate: false,
  enhancedFanOut: false,
  kms: false,
  hotKeyShare: 1,
};

/** What flows through one stream in a month. */
export interface Flow {
  stream: PlanStream;
  tables: PlanRealtime[];
  recordsPerSecond: number;
  records: number;
  /** Kinesis records: fewer when aggregated. */
  streamRecords: number;
  /** Bytes put, keys left out. */
  bytes: number;
  shards: number;
  /** Seconds that a batch gathers records. */
  windowSeconds: number;
  /** Seconds at the 99th percentile that this gives; more than asked for where that cannot be had. */
  freshnessSeconds: number;
  batches: number;
  recordsPerBatch: number;
  /** Commits of each of the stream's real-time tables. */
  commitsPerTable: number;
}

/** The seconds of a month in which the load is there. */
export function activeSeconds(load: Load): number {
  return (SECONDS_PER_MONTH * load.hoursActive) / 24;
}

function rateOf(plan: Plan, stream: PlanStream, load: Load): number {
  const { recordsPerSecond: rate } = load;
  return typeof rate === 'number' ? rate / plan.streams.length : (rate[stream.name] ?? 0);
}

function shardsOf(stream: PlanStream, load: Load, recordsPerSecond: number): number {
  const records = load.aggregate ? 0 : recordsPerSecond / SHARD_RECORDS;
  const full = Math.max(records, (recordsPerSecond * load.recordBytes) / SHARD_BYTES);
  return load.capacity === 'on-demand'
    ? Math.max(WORK.onDemandShards, Math.ceil(2 * full))
    : Math.max(stream.shards, Math.ceil(full / WORK.shardUse));
}

/** One stream's month, from the plan and the load. */
export function flowOf(plan: Plan, stream: PlanStream, load: Load): Flow {
  const recordsPerSecond = rateOf(plan, stream, load);
  const active = activeSeconds(load);
  const shards = shardsOf(stream, load, recordsPerSecond);
  const arrival = load.enhancedFanOut ? WORK.fanOutSeconds : WORK.pollSeconds;
  const least = arrival + WORK.workSeconds;
  const windowSeconds = Math.min(300, Math.max(0, Math.floor(load.freshnessSeconds - least)));
  const perShard = recordsPerSecond / shards;
  const perStreamRecord = load.aggregate
    ? Math.max(1, Math.floor(WORK.aggregateBytes / load.recordBytes))
    : 1;
  // A batch is closed by its window, its count or its bytes; without records there is none.
  const batchesPerShard = Math.min(
    perShard / perStreamRecord,
    Math.max(
      1 / Math.max(windowSeconds, arrival),
      perShard / perStreamRecord / WORK.batchRecords,
      (perShard * load.recordBytes) / WORK.batchBytes,
    ),
  );
  const batchesPerSecond = batchesPerShard * shards;
  const records = recordsPerSecond * active;
  return {
    stream,
    tables: plan.realtime.filter((t) => t.stream === stream.name),
    recordsPerSecond,
    records,
    streamRecords: records / perStreamRecord,
    bytes: records * load.recordBytes,
    shards,
    windowSeconds,
    freshnessSeconds: least + windowSeconds,
    batches: batchesPerSecond * active,
    recordsPerBatch: batchesPerSecond === 0 ? 0 : recordsPerSecond / batchesPerSecond,
    commitsPerTable: Math.min(batchesPerSecond, 1 / WORK.commitRoundSeconds) * active,
  };
}

const RANGES: Readonly<Partial<Record<keyof Load, readonly [min: number, max: number]>>> = {
  recordBytes: [1, 10 * SHARD_BYTES],
  freshnessSeconds: [0.1, 86_400],
  hoursActive: [0, 24],
  silverRows: [0, 1e15],
  queriesPerDay: [0, 1e9],
  queryGb: [0, 1e6],
  mergeEveryMinutes: [1, 1440],
  hotKeyShare: [0, 1],
};

/** @throws TidemarkError kind `invalid` that names the value and its limits, or the stream that the plan lacks */
export function checkLoad(plan: Plan, load: Load): void {
  for (const [name, [min, max]] of Object.entries(RANGES)) {
    const value = load[name as keyof Load] as number;
    if (Number.isFinite(value) && value >= min && value <= max) continue;
    throw new TidemarkError('invalid', `${name} is ${value}; it must be from ${min} to ${max}`);
  }
  const rates =
    typeof load.recordsPerSecond === 'number' ? { '': load.recordsPerSecond } : load.recordsPerSecond;
  for (const [name, rate] of Object.entries(rates)) {
    if (!(rate >= 0 && Number.isFinite(rate)))
      throw new TidemarkError('invalid', `${rate} is no number of records a second`);
    if (name !== '' && !plan.streams.some((s) => s.name === name))
      throw new TidemarkError('invalid', `the plan has no stream "${name}"`, {
        remedy: `use ${plan.streams.map((s) => s.name).join(', ')}`,
      });
  }
}
