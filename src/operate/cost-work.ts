/**
 * What one unit of work takes. Every number of the cost model that is not a price stands here.
 *
 * "Measured by" names the benchmark; its CPU seconds are taken as those of one Lambda vCPU, which nobody has
 * measured yet. "Assumed" is an opinion until a deployment measures it.
 */
export const WORK = {
  /** Ingest of one batch into one real-time table. Measured by bench/ingest.ts at 10, 100, 1,000 and 10,000 records. */
  ingestCpuMsPerBatch: 20,
  /** A record of `measuredRecordBytes`. Measured by bench/ingest.ts; longer records are taken in proportion. */
  ingestCpuMsPerRecord: 0.0102,
  measuredRecordBytes: 513,
  /** Share of the above for each further table of the stream. Assumed. */
  ingestFurtherTableShare: 0.5,
  /** Six ledger calls and one upload, waiting. Assumed from usual latencies. */
  ingestWaitMs: 110,
  /** 1,769 MB are one vCPU. The processor's peak at 1,000 records a batch is 186 MB: bench/ingest.ts. */
  ingestMemoryMb: 1769,

  /** One commit of one table. Measured by bench/commits.ts. */
  commitCpuMs: 6.5,
  /** Manifest, manifest list, metadata, tidemark. Measured by bench/commits.ts. */
  commitPuts: 4,
  /** Measured by bench/commits.ts, with a warm cache. */
  commitGets: 1,
  /** Metadata that one commit writes. Measured by bench/commits.ts after 600 commits. */
  commitBytes: 19_000,
  /** GetTable and UpdateTable: reference of the catalog protocol. */
  commitGlueRequests: 2,
  /** Ledger query, one read, four parallel uploads, two catalog calls, waiting. Assumed from usual latencies. */
  commitWaitMs: 175,
  commitMemoryMb: 1024,
  /** Rounds of one committer follow each other: a table is committed to at most this often. Assumed from the waits. */
  commitRoundSeconds: 0.4,
  /** A table that gets no rows moves its tidemark this often while others do: lambdas/commit-round.ts. */
  emptyCommitSeconds: 2,
  /** The sweep that finds missed wake-ups: PROTOCOL rule 19. */
  sweepSeconds: 60,

  /** A merge that finds little to do. Measured by bench/merge.ts --rows 1000. */
  mergeCpuMs: 60,
  /** For each row that the Silver table has: its keys are read. Measured by bench/merge.ts at 1 and 10 million rows. */
  mergeCpuMsPerSilverRow: 0.0005,
  /** For each changed row. Measured by bench/merge.ts with 10,000 and 100,000 changes. */
  mergeCpuMsPerChange: 0.004,
  /** Lambda gets data from S3 at about this rate. Assumed. */
  s3BytesPerSecond: 80_000_000,
  /** Beyond this a merge goes to Athena. Assumed: what a function can hold and read within its time. */
  mergeByAthenaSilverRows: 20_000_000,
  mergeWaitMs: 400,
  mergeMemoryMb: 3538,
  /** Data, deletes, touched groups, and the commit. Counted in src/integrate. */
  mergePuts: 7,

  /** Small files that one compaction merges: src/operate/compact.ts. */
  compactionFanIn: 12,
  /** How often a row is rewritten by compaction. Assumed. */
  compactionRewrites: 3,
  compactionCpuMsPerRow: 0.003,

  /** Bytes of Parquet for a byte of JSON. Measured on the flights example: 57 bytes a row for about 300. */
  parquetBytesPerJsonByte: 0.2,
  /** Measured on the flights example. */
  silverBytesPerRow: 115,
  /** How long real-time rows stay. Assumed; today nothing trims them. */
  realtimeDays: 7,
  /** How long replaced files stay: 48 hours unnamed, then 7 days as old versions. lib/settings.ts. */
  replacedHours: 216,

  /** An intent in the ledger without file statistics, and for each column of its file. Measured on the flights example's. */
  intentBytes: 650,
  intentBytesPerColumn: 57,
  /** Counting the attempt, forgetting it, moving the effects' position. Counted in src/ingest/processor.ts. */
  plainWritesPerBatch: 3,
  intentDays: 7,
  /** One item of the hot store: the row and its position. Assumed. */
  hotItemBytes: 900,

  /** Structured log and report of one invocation. Assumed. */
  logBytesPerInvocation: 1_200,
  /** X-Ray records one request a second for each function, and this share of the rest. Lambda's documentation. */
  traceShare: 0.05,
  metricsPerStream: 5,
  metricsPerTable: 8,

  /** From arrival to the invocation: the event source polls each shard once a second. Lambda's documentation. */
  pollSeconds: 1,
  /** The same with enhanced fan-out. Assumed. */
  fanOutSeconds: 0.2,
  /** Ingest, wake-up and commit together, at the 99th percentile. Assumed from the waits above. */
  workSeconds: 1.5,
  /** The event source closes a batch at 10,000 records or 6 MB of base64. Lambda's documentation. */
  batchRecords: 10_000,
  batchBytes: 4_500_000,
  /** Shards that a new on-demand stream has. Kinesis's documentation. */
  onDemandShards: 4,
  /** How full a provisioned shard is planned. Assumed. */
  shardUse: 0.7,
  /** A stream record that the producer kit aggregated. */
  aggregateBytes: 25_600,
} as const;

export const SECONDS_PER_MONTH = 730 * 3600;
export const HOURS_PER_MONTH = 730;
export const DAYS_PER_MONTH = 730 / 24;
export const GB = 2 ** 30;
export const KB = 1024;
/** What one provisioned shard takes in a second. */
export const SHARD_RECORDS = 1000;
export const SHARD_BYTES = 2 ** 20;
