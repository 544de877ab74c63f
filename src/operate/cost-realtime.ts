import { amount, gbSeconds, type CostItem, type Priced } from './cost-item.ts';
import { activeSeconds, type Flow, type Load } from './cost-load.ts';
import { GB, KB, SECONDS_PER_MONTH, WORK } from './cost-work.ts';

/** Milliseconds of CPU that a batch of `records` takes, over all tables of its stream. */
export function ingestCpuMs(tables: number, records: number, recordBytes: number): number {
  const one =
    WORK.ingestCpuMsPerBatch + WORK.ingestCpuMsPerRecord * records * (recordBytes / WORK.measuredRecordBytes);
  return one * (1 + WORK.ingestFurtherTableShare * Math.max(0, tables - 1));
}

/** Bytes of one intent in the ledger. */
export function intentBytes(columns: number): number {
  return WORK.intentBytes + WORK.intentBytesPerColumn * columns;
}

/** DynamoDB write units of one claim: transactional, so each begun KB of each item counts twice. */
export function claimWriteUnits(columnsOfTables: readonly number[]): number {
  const shard = 1;
  const quarantine = Math.ceil(WORK.intentBytes / KB);
  const intents = columnsOfTables.reduce((sum, columns) => sum + Math.ceil(intentBytes(columns) / KB), 0);
  return 2 * (shard + quarantine + intents);
}

/** System columns of a real-time table: shard, sequence, sub-sequence, arrival, order. */
const SYSTEM_COLUMNS = 5;
const columnsOf = (flow: Flow): number[] => flow.tables.map((t) => t.columns.length + SYSTEM_COLUMNS);

/** Commits of a stream's real-time tables, rewrites of small files included. */
function commitsOf(flow: Flow): { appends: number; compactions: number } {
  return {
    appends: flow.commitsPerTable * flow.tables.length,
    compactions: (flow.batches * flow.tables.length) / (WORK.compactionFanIn - 1),
  };
}

function lambdaItems(flow: Flow, load: Load, item: Priced): CostItem[] {
  const name = flow.stream.name;
  const cpuMs = ingestCpuMs(flow.tables.length, flow.recordsPerBatch, load.recordBytes);
  const { appends, compactions } = commitsOf(flow);
  const rewriteMs = WORK.compactionCpuMsPerRow * flow.records * flow.tables.length * WORK.compactionRewrites;
  return [
    item(
      'Lambda',
      `${name}: ingest, requests`,
      'lambda.requests',
      flow.batches / 1e6,
      `${flow.shards} shards, a batch of ${amount(flow.recordsPerBatch)} records each ${amount(Math.max(flow.windowSeconds, load.enhancedFanOut ? WORK.fanOutSeconds : WORK.pollSeconds))} s or when full`,
    ),
    item(
      'Lambda',
      `${name}: ingest, GB-seconds`,
      'lambda.armDuration',
      gbSeconds(flow.batches, WORK.ingestMemoryMb, cpuMs, WORK.ingestWaitMs),
      `${amount(cpuMs)} ms CPU and ${WORK.ingestWaitMs} ms waiting a batch at ${WORK.ingestMemoryMb} MB`,
    ),
    item(
      'Lambda',
      `${name}: commit, requests`,
      'lambda.requests',
      (appends + compactions) / 1e6,
      `${amount(appends)} commits, ${amount(compactions)} compactions`,
    ),
    item(
      'Lambda',
      `${name}: commit, GB-seconds`,
      'lambda.armDuration',
      gbSeconds(appends + compactions, WORK.commitMemoryMb, WORK.commitCpuMs, WORK.commitWaitMs) +
        gbSeconds(1, WORK.ingestMemoryMb, rewriteMs, 0),
      `${WORK.commitCpuMs} ms CPU and ${WORK.commitWaitMs} ms waiting at ${WORK.commitMemoryMb} MB; each row rewritten ${WORK.compactionRewrites} times`,
    ),
  ];
}

function ledgerItems(flow: Flow, item: Priced): CostItem[] {
  const name = flow.stream.name;
  const columns = columnsOf(flow);
  const claim = claimWriteUnits(columns);
  const forgotten = claim / 2 - 1;
  const writes = flow.batches * (claim + WORK.plainWritesPerBatch + forgotten);
  const bytes = columns.reduce((sum, c) => sum + intentBytes(c), 0) + WORK.intentBytes;
  const readsPerCommit =
    1 + Math.max(flow.shards, (flow.batches * bytes) / (flow.commitsPerTable || 1) / 4096);
  const reads = flow.batches + flow.commitsPerTable * flow.tables.length * readsPerCommit;
  const kept = (flow.batches / SECONDS_PER_MONTH) * WORK.intentDays * 86_400 * bytes;
  return [
    item(
      'DynamoDB',
      `${name}: ledger, writes`,
      'dynamodb.writes',
      writes / 1e6,
      `a claim takes ${claim} units (transactional, double), ${WORK.plainWritesPerBatch} plain ones, ${forgotten} when its intents are forgotten`,
    ),
    item(
      'DynamoDB',
      `${name}: ledger, reads`,
      'dynamodb.reads',
      reads / 1e6,
      `consistent: one a batch, ${amount(readsPerCommit)} a commit; Lambda reads the stream of changes free of charge`,
    ),
    item(
      'DynamoDB',
      `${name}: ledger, storage`,
      'dynamodb.storage',
      kept / GB,
      `${amount(bytes)} bytes a batch for ${WORK.intentDays} days`,
    ),
  ];
}

/** Part of the item's name. */
export const HOT_STORE = 'hot store';

/** Rows by key for reads within milliseconds, where the definition has `hotKey`. */
function hotItems(flow: Flow, load: Load, item: Priced): CostItem[] {
  const hot = flow.tables.filter((t) => t.hotKey.length > 0);
  if (hot.length === 0) return [];
  const units = flow.records * load.hotKeyShare * Math.ceil(WORK.hotItemBytes / KB) * hot.length;
  return [
    item(
      'DynamoDB',
      `${flow.stream.name}: ${HOT_STORE}, writes`,
      'dynamodb.writes',
      units / 1e6,
      `${hot.map((t) => t.name).join(', ')}: ${load.hotKeyShare} distinct keys a record, one unit each`,
    ),
  ];
}

function objectItems(flow: Flow, item: Priced): CostItem[] {
  const name = flow.stream.name;
  const { appends, compactions } = commitsOf(flow);
  const commits = appends + compactions;
  const files = flow.batches * flow.tables.length;
  const puts = files + compactions + commits * WORK.commitPuts;
  const gets = commits * WORK.commitGets + compactions * WORK.compactionFanIn;
  const perSecond = 1 / SECONDS_PER_MONTH;
  const data =
    flow.bytes * flow.tables.length * WORK.parquetBytesPerJsonByte * perSecond * 86_400 * WORK.realtimeDays;
  const hourly =
    (commits * WORK.commitBytes + flow.bytes * flow.tables.length * WORK.parquetBytesPerJsonByte) *
    perSecond *
    3600;
  const replaced = hourly * WORK.replacedHours;
  return [
    item(
      'S3',
      `${name}: puts`,
      's3.puts',
      puts / 1000,
      `${amount(files)} data files, ${WORK.commitPuts} objects for each of ${amount(commits)} commits`,
    ),
    item('S3', `${name}: gets`, 's3.gets', gets / 1000, 'commits and compaction; merges and queries below'),
    item(
      'S3',
      `${name}: real-time storage`,
      's3.storage',
      (data + replaced) / GB,
      `rows of ${WORK.realtimeDays} days at ${WORK.parquetBytesPerJsonByte} bytes a byte of JSON, replaced files and metadata for ${WORK.replacedHours} hours more`,
    ),
    item(
      'Glue',
      `${name}: catalog`,
      'glue.requests',
      (commits * WORK.commitGlueRequests) / 1e6,
      'GetTable and UpdateTable a commit',
    ),
  ];
}

/** From the stream to its real-time tables. */
export function realtimeItems(flow: Flow, load: Load, item: Priced): CostItem[] {
  return [
    ...lambdaItems(flow, load, item),
    ...ledgerItems(flow, item),
    ...hotItems(flow, load, item),
    ...objectItems(flow, item),
  ];
}

/** The quarantine table's commits and the sweep: there whatever flows. */
export function upkeepItems(tables: number, load: Load, item: Priced, flowing: boolean): CostItem[] {
  const quarantine = flowing ? activeSeconds(load) / WORK.emptyCommitSeconds : 0;
  const sweeps = SECONDS_PER_MONTH / WORK.sweepSeconds;
  return [
    item(
      'Lambda',
      'sweep and quarantine, requests',
      'lambda.requests',
      (quarantine + sweeps) / 1e6,
      `one sweep each ${WORK.sweepSeconds} s, also idle; the quarantine table's mark moves each ${WORK.emptyCommitSeconds} s`,
    ),
    item(
      'Lambda',
      'sweep and quarantine, GB-seconds',
      'lambda.armDuration',
      gbSeconds(quarantine, WORK.commitMemoryMb, WORK.commitCpuMs, WORK.commitWaitMs) +
        gbSeconds(sweeps, WORK.commitMemoryMb, tables, 30 * tables),
      `${tables} tables looked at in a sweep`,
    ),
    item(
      'Glue',
      'sweep and quarantine, catalog',
      'glue.requests',
      (quarantine * WORK.commitGlueRequests + sweeps * tables) / 1e6,
      'one GetTable a table and sweep',
    ),
    item(
      'S3',
      'sweep and quarantine, puts',
      's3.puts',
      (quarantine * WORK.commitPuts) / 1000,
      'commits of the quarantine table',
    ),
  ];
}
