import { amount, type CostItem, type Priced } from './cost-item.ts';
import type { Flow, Load } from './cost-load.ts';
import { GB, HOURS_PER_MONTH, KB, WORK } from './cost-work.ts';

/** GB that on-demand streams count for data put: each record rounded up to 1 KB. */
function roundedGb(flow: Flow, load: Load): number {
  const bytes = load.aggregate ? WORK.aggregateBytes : load.recordBytes;
  return (flow.streamRecords * Math.ceil(bytes / KB) * KB) / GB;
}

function onDemand(flow: Flow, load: Load, item: Priced): CostItem[] {
  const name = flow.stream.name;
  const gbIn = roundedGb(flow, load);
  const gbOut = flow.bytes / GB;
  const kept = ((flow.stream.retentionHours - 24) / HOURS_PER_MONTH) * gbIn;
  return [
    item('Kinesis', `${name}: the stream`, 'kinesis.onDemandStream', HOURS_PER_MONTH, '730 hours, also idle'),
    item(
      'Kinesis',
      `${name}: data in`,
      'kinesis.onDemandIn',
      gbIn,
      `${amount(flow.streamRecords)} stream records, each rounded up to 1 KB`,
    ),
    load.enhancedFanOut
      ? item('Kinesis', `${name}: data out, fan-out`, 'kinesis.onDemandFanOut', gbOut, 'read once by ingest')
      : item('Kinesis', `${name}: data out`, 'kinesis.onDemandOut', gbOut, 'read once by ingest'),
    ...(kept > 0
      ? [
          item(
            'Kinesis',
            `${name}: retention`,
            'kinesis.onDemandRetention',
            kept,
            `${flow.stream.retentionHours - 24} h beyond a day`,
          ),
        ]
      : []),
  ];
}

function provisioned(flow: Flow, load: Load, item: Priced): CostItem[] {
  const { stream, shards, streamRecords } = flow;
  const bytes = load.aggregate ? WORK.aggregateBytes : load.recordBytes;
  const units = streamRecords * Math.ceil(bytes / WORK.aggregateBytes);
  const hours = shards * HOURS_PER_MONTH;
  const how = `${shards} shards, 730 hours`;
  return [
    item('Kinesis', `${stream.name}: shards`, 'kinesis.shard', hours, `${how}, also idle`),
    item(
      'Kinesis',
      `${stream.name}: put units`,
      'kinesis.putUnits',
      units / 1e6,
      `${amount(streamRecords)} stream records`,
    ),
    ...(load.enhancedFanOut
      ? [
          item('Kinesis', `${stream.name}: fan-out shards`, 'kinesis.fanOutShard', hours, how),
          item(
            'Kinesis',
            `${stream.name}: data out, fan-out`,
            'kinesis.fanOutOut',
            flow.bytes / GB,
            'read once',
          ),
        ]
      : []),
    ...(stream.retentionHours > 24
      ? [item('Kinesis', `${stream.name}: retention`, 'kinesis.shardRetention', hours, how)]
      : []),
  ];
}

/** The stream itself: what any reader of it pays too. */
export function streamItems(flow: Flow, load: Load, item: Priced): CostItem[] {
  return load.capacity === 'on-demand' ? onDemand(flow, load, item) : provisioned(flow, load, item);
}
