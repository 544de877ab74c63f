import { amount, sumUsd, type CostItem, type Priced } from './cost-item.ts';
import { activeSeconds, type Flow, type Load } from './cost-load.ts';
import { streamItems } from './cost-stream.ts';
import { GB, HOURS_PER_MONTH, SECONDS_PER_MONTH, SHARD_BYTES, WORK } from './cost-work.ts';

/** What somebody would build instead, at the same load: from the stream to a table of fresh rows, no further. */
export interface Peer {
  name: string;
  /** Seconds from arrival to a row that can be queried, as the vendor or a common setting has it. */
  freshnessSeconds: number;
  items: CostItem[];
  /** US dollars a month of the items whose price is known. */
  usd: number;
  /** What is not in the price, or not in the product. */
  notes: string[];
}

const FIREHOSE_SECONDS = 60;
const STREAMING_TABLE_SECONDS = 300;
const FLINK_CHECKPOINT_SECONDS = 10;
/** KPUs for a record rate, one vCPU each. Assumed: Flink's Iceberg sink was measured at 44,000 to 66,000 records a CPU second. */
const FLINK_RECORDS_PER_KPU = 20_000;
const FLINK_STORAGE_GB = 50;

function make(name: string, freshnessSeconds: number, items: CostItem[], notes: string[]): Peer {
  return { name, freshnessSeconds, items, usd: sumUsd(items), notes };
}

/** Objects and catalog calls of an Iceberg commit each `seconds`, for as long as records flow. */
function commitItems(
  flows: readonly Flow[],
  load: Load,
  seconds: number,
  files: number,
  item: Priced,
): CostItem[] {
  const flowing = flows.filter((f) => f.recordsPerSecond > 0).length;
  const commits = (activeSeconds(load) / seconds) * flowing;
  return [
    item(
      'S3',
      'puts',
      's3.puts',
      (commits * (files + 3)) / 1000,
      `${files} files and three objects each ${seconds} s`,
    ),
    item('Glue', 'catalog', 'glue.requests', (commits * 2) / 1e6, 'two calls a commit'),
  ];
}

/** Kept as long as our real-time rows are, so that the difference is not storage. */
function storageItem(flows: readonly Flow[], item: Priced): CostItem {
  const bytes = flows.reduce((sum, f) => sum + f.bytes, 0) * WORK.parquetBytesPerJsonByte;
  const kept = (bytes / SECONDS_PER_MONTH) * 86_400 * WORK.realtimeDays;
  return item('S3', 'storage', 's3.storage', kept / GB, `rows of ${WORK.realtimeDays} days`);
}

function compactionItem(flows: readonly Flow[], item: Priced): CostItem {
  const gb = flows.reduce((sum, f) => sum + f.bytes, 0) / GB;
  const hours = (gb * WORK.parquetBytesPerJsonByte) / 20;
  return item(
    'Glue',
    'compaction',
    'glue.optimiser',
    hours,
    `${amount(gb)} GB of JSON; 20 GB of Parquet a DPU-hour, assumed`,
  );
}

function firehose(flows: readonly Flow[], load: Load, item: Priced): Peer {
  const gb = flows.reduce((sum, f) => sum + f.bytes, 0) / GB;
  const items = [
    ...flows.flatMap((f) => streamItems(f, load, item)),
    item('Firehose', 'delivery', 'firehose.icebergFromKinesis', gb, 'bytes as they are, not rounded up'),
    ...commitItems(flows, load, FIREHOSE_SECONDS, 2, item),
    compactionItem(flows, item),
    storageItem(flows, item),
  ];
  return make('Firehose to Iceberg', FIREHOSE_SECONDS, items, [
    `buffers for ${FIREHOSE_SECONDS} s here; its default is 300 s`,
    'at least once; no rules in SQL, no references; merges, aggregates and views are yours to build',
  ]);
}

function streamingTables(flows: readonly Flow[], load: Load, item: Priced): Peer {
  const gb = flows.reduce((sum, f) => sum + f.bytes, 0) / GB;
  // They take on-demand streams only.
  const onDemand: Load = { ...load, capacity: 'on-demand', enhancedFanOut: false };
  const stream = flows
    .flatMap((f) => streamItems(f, onDemand, item))
    .filter((i) => i.price !== 'kinesis.onDemandOut');
  const items = [
    ...stream,
    item(
      'Kinesis',
      'delivery to streaming tables',
      'streamingTables.delivery',
      gb,
      'price not known, left out',
    ),
    storageItem(flows, item),
  ];
  return make('Native streaming tables', STREAMING_TABLE_SECONDS, items, [
    'WITHOUT the delivery itself, whose price is not known here',
    'append only, one new table a delivery, no transformation, no schema evolution, 300 to 900 s',
  ]);
}

function flink(flows: readonly Flow[], load: Load, item: Priced): Peer {
  const rate = flows.reduce((sum, f) => sum + f.recordsPerSecond, 0);
  const bytes = rate * load.recordBytes;
  const kpus = 1 + Math.max(1, Math.ceil(rate / FLINK_RECORDS_PER_KPU), Math.ceil(bytes / (4 * SHARD_BYTES)));
  const items = [
    ...flows.flatMap((f) => streamItems(f, load, item)),
    item(
      'Flink',
      'KPUs',
      'flink.kpu',
      kpus * HOURS_PER_MONTH,
      `${kpus} KPUs, one of them for orchestration, 730 hours, also idle`,
    ),
    item('Flink', 'storage', 'flink.storage', FLINK_STORAGE_GB * (kpus - 1), `${FLINK_STORAGE_GB} GB a KPU`),
    ...commitItems(flows, load, FLINK_CHECKPOINT_SECONDS, 1, item),
    compactionItem(flows, item),
    storageItem(flows, item),
  ];
  return make('Managed Flink, one small application', FLINK_CHECKPOINT_SECONDS, items, [
    `a commit at each checkpoint, here ${FLINK_CHECKPOINT_SECONDS} s, by default 60 s`,
    'the application, its upgrades and its state are yours; merges and views too',
  ]);
}

/** The others at the same load. */
export function peersOf(flows: readonly Flow[], load: Load, item: Priced): Peer[] {
  return [firehose(flows, load, item), streamingTables(flows, load, item), flink(flows, load, item)];
}
