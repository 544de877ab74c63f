import type { Plan, PlanSilver } from '../definition/plan.ts';
import { integrationStages } from '../integrate/steps.ts';
import { amount, gbSeconds, type CostItem, type Priced } from './cost-item.ts';
import { activeSeconds, type Flow, type Load } from './cost-load.ts';
import { DAYS_PER_MONTH, GB, HOURS_PER_MONTH, WORK } from './cost-work.ts';

const TB = 1024 * GB;

/** State transitions of one run: lock, start, verdict, unlock, end; one for each stage and four for each step. */
export function transitionsPerRun(plan: Plan): number {
  return integrationStages(plan).reduce((sum, stage) => sum + 1 + 4 * stage.length, 5);
}

export function runsPerMonth(load: Load): number {
  return (HOURS_PER_MONTH * 60) / load.mergeEveryMinutes;
}

/** Milliseconds of CPU of one merge. */
export function mergeCpuMs(silverRows: number, changes: number): number {
  return WORK.mergeCpuMs + WORK.mergeCpuMsPerSilverRow * silverRows + WORK.mergeCpuMsPerChange * changes;
}

/** Milliseconds in which a function gets a Silver table's data from S3. */
function readWaitMs(silverRows: number): number {
  return WORK.mergeWaitMs + (1000 * silverRows * WORK.silverBytesPerRow) / WORK.s3BytesPerSecond;
}

/** Rows that the real-time tables of a Silver table get in a month, and the files that they come in. */
function sourcesOf(silver: PlanSilver, flows: readonly Flow[]): { rows: number; files: number } {
  const names = new Set(silver.groups.map((g) => g.from));
  const feeding = flows.flatMap((f) => f.tables.filter((t) => names.has(t.name)).map(() => f));
  return {
    rows: feeding.reduce((sum, f) => sum + f.records, 0),
    files: feeding.reduce((sum, f) => sum + f.batches, 0),
  };
}

function mergeItems(plan: Plan, flows: readonly Flow[], load: Load, item: Priced): CostItem[] {
  const tables = plan.silver.length;
  if (tables === 0) return [];
  const runs = runsPerMonth(load);
  const byAthena = load.silverRows > WORK.mergeByAthenaSilverRows;
  const steps = tables + plan.gold.length;
  const silverBytes = load.silverRows * WORK.silverBytesPerRow;
  const sources = plan.silver.map((s) => sourcesOf(s, flows));
  const rows = sources.reduce((sum, s) => sum + s.rows, 0);
  const files = sources.reduce((sum, s) => sum + s.files, 0);
  const working = rows > 0 ? runs : 0;
  const cpuMs = (size: number): number => mergeCpuMs(size, rows / steps / Math.max(1, working));
  const lambdaSize = byAthena ? 0 : load.silverRows;
  const reading = working * (byAthena ? plan.gold.length : steps);
  return [
    item(
      'Step Functions',
      'integration runs',
      'stepFunctions.transitions',
      (runs * transitionsPerRun(plan)) / 1000,
      `${transitionsPerRun(plan)} transitions each ${load.mergeEveryMinutes} min, also idle`,
    ),
    item(
      'EventBridge',
      'schedule',
      'scheduler.invocations',
      runs / 1e6,
      `each ${load.mergeEveryMinutes} min`,
    ),
    item(
      'Lambda',
      'merge and aggregate, requests',
      'lambda.requests',
      (runs * steps) / 1e6,
      `${steps} steps a run`,
    ),
    item(
      'Lambda',
      'merge and aggregate, GB-seconds',
      'lambda.armDuration',
      gbSeconds((runs - working) * steps, WORK.mergeMemoryMb, 5, WORK.commitWaitMs) +
        gbSeconds(working * steps, WORK.mergeMemoryMb, cpuMs(lambdaSize), readWaitMs(lambdaSize)),
      byAthena
        ? `above ${amount(WORK.mergeByAthenaSilverRows)} rows Athena merges; the function only starts it`
        : `${amount(cpuMs(lambdaSize))} ms CPU and ${amount(readWaitMs(lambdaSize))} ms reading at ${WORK.mergeMemoryMb} MB, each step over ${amount(load.silverRows)} rows`,
    ),
    ...(byAthena
      ? [
          item(
            'Athena',
            'large merges and aggregates',
            'athena.scanned',
            (working * steps * silverBytes) / TB,
            `${amount(silverBytes / GB)} GB a step: there is no partition pruning yet`,
          ),
        ]
      : []),
    item(
      'S3',
      'merge, gets',
      's3.gets',
      (files + reading * (20 + silverBytes / 16e6)) / 1000,
      `${amount(files)} real-time files read, Silver in files of about 16 MB`,
    ),
    item(
      'S3',
      'merge, puts',
      's3.puts',
      (working * steps * WORK.mergePuts) / 1000,
      `${WORK.mergePuts} objects a step`,
    ),
    item(
      'Glue',
      'merge, catalog',
      'glue.requests',
      (runs * steps * 3) / 1e6,
      'two GetTable and an UpdateTable a step',
    ),
    item(
      'S3',
      'Silver and Gold storage',
      's3.storage',
      (silverBytes * tables * 1.1) / GB,
      `${tables} tables of ${amount(load.silverRows)} rows at ${WORK.silverBytesPerRow} bytes, a tenth for Gold and history`,
    ),
  ];
}

function queryItems(load: Load, item: Priced): CostItem[] {
  const queries = load.queriesPerDay * DAYS_PER_MONTH;
  const bytes = Math.max(10 * 2 ** 20, load.queryGb * GB);
  return [
    item(
      'Athena',
      'queries',
      'athena.scanned',
      (queries * bytes) / TB,
      `${amount(queries)} queries of ${load.queryGb} GB`,
    ),
    item(
      'S3',
      'queries, gets',
      's3.gets',
      (queries * (100 + bytes / 4e6)) / 1000,
      '100 for metadata and small files, one for each 4 MB',
    ),
  ];
}

/** Traces that X-Ray records of a function's invocations. */
function tracesOf(invocations: number, load: Load): number {
  const everySecond = Math.min(invocations, activeSeconds(load));
  return everySecond + WORK.traceShare * (invocations - everySecond);
}

function watchItems(plan: Plan, flows: readonly Flow[], load: Load, item: Priced): CostItem[] {
  const tables = plan.realtime.length + plan.silver.length + plan.gold.length;
  const metrics = plan.streams.length * WORK.metricsPerStream + tables * WORK.metricsPerTable;
  // IteratorAge, Quarantine, Throttled, ProcessorThrottled; Freshness, CommitConflicts, CommitsFailed; and the quarantine's
  // CommitsFailed, GivenUp, MergesFailed, CommitterErrors: lib/alarms.ts.
  const alarms = 4 * plan.streams.length + 3 * plan.realtime.length + 4;
  const functions = [
    ...flows.map((f) => f.batches),
    flows.reduce((sum, f) => sum + f.commitsPerTable * f.tables.length, 0),
    runsPerMonth(load) * (plan.silver.length + plan.gold.length),
  ];
  const invocations = functions.reduce((sum, n) => sum + n, 0);
  const traces = functions.reduce((sum, n) => sum + tracesOf(n, load), 0);
  return [
    item(
      'CloudWatch',
      'logs',
      'cloudwatch.logs',
      (invocations * WORK.logBytesPerInvocation) / GB,
      `${amount(invocations)} invocations of ${WORK.logBytesPerInvocation} bytes`,
    ),
    item(
      'CloudWatch',
      'metrics',
      'cloudwatch.metrics',
      metrics,
      `${WORK.metricsPerStream} a stream, ${WORK.metricsPerTable} a table`,
    ),
    item(
      'CloudWatch',
      'alarms',
      'cloudwatch.alarms',
      alarms,
      'four a stream, three a real-time table, four more',
    ),
    item('CloudWatch', 'dashboard', 'cloudwatch.dashboards', 1, 'one'),
    item(
      'X-Ray',
      'traces',
      'xray.traces',
      traces / 1e6,
      `one a second and function, ${100 * WORK.traceShare} % of the rest`,
    ),
  ];
}

function keyItems(load: Load, before: readonly CostItem[], item: Priced): CostItem[] {
  if (!load.kms) return [];
  const s3 = before.filter((i) => i.price === 's3.puts' || i.price === 's3.gets');
  const requests = s3.reduce((sum, i) => sum + i.quantity * 1000, 0) / 100;
  return [
    item('KMS', 'customer key', 'kms.keys', 1, 'one for everything'),
    item(
      'KMS',
      'requests',
      'kms.requests',
      (requests + 300_000) / 10_000,
      'bucket keys spare 99 of 100 S3 requests; 300,000 for the rest; assumed',
    ),
  ];
}

/** Silver, Gold, queries, watching, and the key over `before` and these. */
export function historyItems(
  plan: Plan,
  flows: readonly Flow[],
  load: Load,
  item: Priced,
  before: readonly CostItem[],
): CostItem[] {
  const items = [
    ...mergeItems(plan, flows, load, item),
    ...queryItems(load, item),
    ...watchItems(plan, flows, load, item),
  ];
  return [...items, ...keyItems(load, [...before, ...items], item)];
}
