import { InvalidArgumentError, Option, type Command } from 'commander';
import { compileLakehouse } from '../src/engine/compile.ts';
import {
  DEFAULT_LOAD,
  estimateCost,
  pricesOf,
  PRICE_STATUSES,
  type Estimate,
  type Load,
} from '../src/operate/cost.ts';
import { amount, type CostItem } from '../src/operate/cost-item.ts';
import { WORK } from '../src/operate/cost-work.ts';
import { loadDefinition } from './load-definition.ts';
import { render } from './render.ts';

interface CostOptions {
  recordsPerSecond: Load['recordsPerSecond'];
  recordBytes: number;
  freshness: number;
  hoursActive: number;
  silverRows: number;
  queriesPerDay: number;
  queryGb: number;
  region: string;
  capacity: Load['capacity'];
  mergeEvery: number;
  aggregate: boolean;
  enhancedFanOut: boolean;
  kms: boolean;
  hotKeyShare: number;
  format: 'table' | 'json';
  explain: boolean;
}

function quantity(text: string): number {
  const value = text.trim() === '' ? NaN : Number(text);
  if (!Number.isFinite(value) || value < 0) throw new InvalidArgumentError('write a number, 0 or more');
  return value;
}

/** `1000` over all streams, or `flights=1000,weather=2`. */
function rates(text: string): Load['recordsPerSecond'] {
  if (!text.includes('=')) return quantity(text);
  return Object.fromEntries(
    text.split(',').map((part) => {
      const [name = '', rate = ''] = part.split('=');
      return [name.trim(), quantity(rate)];
    }),
  );
}

const money = (usd: number | null): string => (usd === null ? 'unknown' : usd.toFixed(2));
const seconds = (n: number): string => (n < 90 ? `${Number(n.toFixed(1))} s` : `${Math.round(n / 60)} min`);

/** Columns with money at the right edge, lined up by the cents. */
function lines(columns: string[], rows: string[][]): string {
  return render({ columns, rows }, 'table');
}

/** One line for each service and activity: the streams' names and units are in --explain. */
function byService(items: readonly CostItem[]): string[][] {
  const sums = new Map<string, { service: string; what: string; usd: number }>();
  for (const { service, what, usd } of items) {
    const activity = what.replace(/^[^:]*: /, '').replace(/, (requests|GB-seconds|writes|reads)$/, '');
    const key = `${service}\u0000${activity}`;
    const sum = sums.get(key) ?? { service, what: activity, usd: 0 };
    sums.set(key, { ...sum, usd: sum.usd + (usd ?? 0) });
  }
  return [...sums.values()]
    .sort((a, b) => b.usd - a.usd || (a.what < b.what ? -1 : 1))
    .map((s) => [s.service, s.what, money(s.usd)]);
}

function rateText(rate: Load['recordsPerSecond']): string {
  if (typeof rate === 'number') return `${amount(rate)} records/s`;
  return Object.entries(rate)
    .map(([name, n]) => `${name} ${amount(n)}/s`)
    .join(', ');
}

function summary(e: Estimate): string {
  const { load } = e;
  const asked =
    e.freshnessSeconds > load.freshnessSeconds
      ? `; ${seconds(load.freshnessSeconds)} cannot be had, this is the least`
      : '';
  const rows = [
    [
      'Tidemark, to real-time tables',
      seconds(e.freshnessSeconds),
      money(e.realtimeUsd),
      'each record once, rules in SQL, quarantine',
    ],
    ...e.peers.map((p) => [
      p.name,
      seconds(p.freshnessSeconds),
      (p.items.some((i) => i.usd === null) ? '> ' : '') + money(p.usd),
      p.notes[0] ?? '',
    ]),
  ];
  return [
    `lakehouse ${e.lakehouse}: about $${money(e.usd)} a month, $${money(e.idleUsd)} when idle`,
    `${rateText(load.recordsPerSecond)} of ${load.recordBytes} bytes, ${load.hoursActive} hours a day, ${e.region}, prices of ${e.pricesOf}`,
    `freshness ${seconds(e.freshnessSeconds)} at the 99th percentile, modelled${asked}`,
    `with the settings ${Object.entries(e.settings)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ')}`,
    '',
    lines(['service', 'for', 'USD a month'], byService(e.items)),
    '',
    'The same load, from the stream to a table of fresh rows, without hot store, merges, queries and monitoring:',
    lines(['way', 'freshness', 'USD a month', 'note'], rows),
  ].join('\n');
}

function explanation(e: Estimate): string {
  const item = (i: CostItem): string =>
    `  ${i.service}, ${i.what}: $${money(i.usd)} = ${amount(i.quantity)} x $${e.prices.find((p) => p.name === i.price)?.usd ?? '?'} a ${i.unit}\n      ${i.how}`;
  return [
    'Items:',
    ...e.items.map(item),
    ...e.peers.flatMap((p) => [
      '',
      `${p.name}:`,
      ...p.items.map(item),
      ...p.notes.map((n) => `  note: ${n}`),
    ]),
    '',
    'Work for each unit (src/operate/cost-work.ts says what is measured and what is assumed):',
    ...Object.entries(WORK).map(([name, value]) => `  ${name} ${value}`),
    '',
    `Prices of ${e.pricesOf}, ${e.region}:`,
    ...e.prices.map((p) => `  ${p.name} $${p.usd ?? '?'} a ${p.unit}; ${p.status}: ${p.source}`),
    ...Object.entries(PRICE_STATUSES).map(([status, meaning]) => `  ${status}: ${meaning}`),
    '',
    'Load:',
    ...Object.entries(e.load).map(([name, value]) => `  ${name} ${JSON.stringify(value)}`),
    '',
    'Not counted:',
    ...e.leftOut.map((text) => `  ${text}`),
  ].join('\n');
}

/** The estimate as text. */
export function renderEstimate(e: Estimate, format: 'table' | 'json', explain: boolean): string {
  if (format === 'json') return JSON.stringify(explain ? { ...e, work: WORK } : e, null, 2);
  return explain ? `${summary(e)}\n\n${explanation(e)}` : summary(e);
}

/** Compiles the definition and estimates; needs no account and no network. */
export async function cost(definition: string, o: CostOptions): Promise<string> {
  const prices = pricesOf(o.region);
  const { lakehouse } = await loadDefinition(definition);
  const { freshness, mergeEvery, format, explain, region: _region, ...rest } = o;
  const load: Load = { ...rest, freshnessSeconds: freshness, mergeEveryMinutes: mergeEvery };
  return renderEstimate(estimateCost(await compileLakehouse(lakehouse), load, prices), format, explain);
}

export function addCost(program: Command, print: (text: string) => void, exitCodes: string): void {
  const d = DEFAULT_LOAD;
  program
    .command('cost')
    .description('what the lakehouse would cost on AWS in a month, beside other ways')
    .argument('[definition]', 'file that exports the lakehouse', 'lakehouse.ts')
    .option('--records-per-second <n>', 'over all streams, or by name: flights=1000,weather=2', rates, 1000)
    .option('--record-bytes <n>', 'bytes of a record', quantity, d.recordBytes)
    .option(
      '--freshness <seconds>',
      'from arrival to a visible row, 99th percentile',
      quantity,
      d.freshnessSeconds,
    )
    .option('--hours-active <n>', 'hours of a day with this load', quantity, d.hoursActive)
    .option('--silver-rows <n>', 'rows of each Silver table', quantity, d.silverRows)
    .option('--queries-per-day <n>', 'Athena queries', quantity, d.queriesPerDay)
    .option('--query-gb <n>', 'GB that a query scans', quantity, d.queryGb)
    .option('--region <region>', 'region of the prices', 'us-east-1')
    .addOption(
      new Option('--capacity <mode>', 'of the streams')
        .choices(['on-demand', 'provisioned'])
        .default(d.capacity),
    )
    .option('--merge-every <minutes>', 'from one integration run to the next', quantity, d.mergeEveryMinutes)
    .option('--aggregate', 'producers aggregate records', d.aggregate)
    .option('--enhanced-fan-out', 'streams push instead of being polled', d.enhancedFanOut)
    .option('--kms', 'a customer key', d.kms)
    .option('--hot-key-share <share>', 'distinct hot keys for each record, 0 to 1', quantity, d.hotKeyShare)
    .addOption(
      new Option('--format <format>', 'how it is written').choices(['table', 'json']).default('table'),
    )
    .option('--explain', 'every formula, assumption and price', false)
    .addHelpText(
      'after',
      `
Examples:
  tidemark cost examples/flights/lakehouse.ts --records-per-second 1000 --record-bytes 540 --freshness 5
  tidemark cost --records-per-second orders=200,clicks=5000 --capacity provisioned --aggregate --explain
${exitCodes}`,
    )
    .action(async (definition: string, o: CostOptions) => print(await cost(definition, o)));
}
