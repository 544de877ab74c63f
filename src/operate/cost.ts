import type { Plan } from '../definition/plan.ts';
import { historyItems } from './cost-history.ts';
import { pricedBy, sumUsd, type CostItem } from './cost-item.ts';
import { checkLoad, flowOf, type Flow, type Load } from './cost-load.ts';
import { peersOf, type Peer } from './cost-peers.ts';
import type { Price, PriceList, PriceName } from './cost-prices.ts';
import { HOT_STORE, realtimeItems, upkeepItems } from './cost-realtime.ts';
import { streamItems } from './cost-stream.ts';

export { DEFAULT_LOAD, type Load } from './cost-load.ts';
export { pricesOf, PRICE_STATUSES } from './cost-prices.ts';

/** What a lakehouse costs in a month of 730 hours, in US dollars. */
export interface Estimate {
  lakehouse: string;
  region: string;
  /** Day of the prices. */
  pricesOf: string;
  load: Load;
  /** Seconds at the 99th percentile, modelled: of the slowest stream. */
  freshnessSeconds: number;
  /** Settings of the deployment that this estimate supposes, where they are not the defaults. */
  settings: Record<string, number | string | boolean>;
  items: CostItem[];
  /** From the streams to the real-time tables, without the hot store: what the peers can be held against. */
  realtimeUsd: number;
  usd: number;
  /** The same lakehouse with no records and no queries. */
  idleUsd: number;
  peers: Peer[];
  /** Every price that an item uses. */
  prices: ({ name: PriceName } & Price)[];
  /** What is not counted. */
  leftOut: string[];
}

const LEFT_OUT = [
  'free tiers, discounts, taxes and support: none is subtracted or added',
  'what alerts send: SNS messages, EventBridge events',
  'data that leaves the region, private networking (interface endpoints cost by the hour), access logs, backups, budgets',
  'cold starts of functions, and repeats after conflicts or throttling',
];

interface Parts {
  flows: Flow[];
  realtime: CostItem[];
  history: CostItem[];
}

function partsOf(plan: Plan, load: Load, list: PriceList): Parts {
  const item = pricedBy(list);
  const flows = plan.streams.map((stream) => flowOf(plan, stream, load));
  const flowing = flows.some((f) => f.recordsPerSecond > 0);
  const tables = plan.realtime.length + 1;
  const realtime = [
    ...flows.flatMap((f) => [...streamItems(f, load, item), ...realtimeItems(f, load, item)]),
    ...upkeepItems(tables, load, item, flowing),
  ];
  return { flows, realtime, history: historyItems(plan, flows, load, item, realtime) };
}

function idleUsd(plan: Plan, load: Load, list: PriceList): number {
  const idle = partsOf(plan, { ...load, recordsPerSecond: 0, queriesPerDay: 0 }, list);
  return sumUsd([...idle.realtime, ...idle.history]);
}

/** The settings of `cdk.json` with which a deployment would be what is estimated. */
function settingsOf(flows: readonly Flow[], load: Load): Estimate['settings'] {
  return {
    'ingest.windowSeconds': Math.max(...flows.map((f) => f.windowSeconds)),
    'integrate.everyMinutes': load.mergeEveryMinutes,
    'stream.mode': load.capacity,
    ...(load.enhancedFanOut ? { 'stream.enhancedFanOut': true } : {}),
    ...(load.kms ? { encryption: 'customer' } : {}),
  };
}

/**
 * A monthly estimate from the plan and an assumed load: item by item, when idle, and beside what one would build instead.
 * @throws TidemarkError kind `invalid` for a load that makes no sense
 */
export function estimateCost(plan: Plan, load: Load, list: PriceList): Estimate {
  checkLoad(plan, load);
  const { flows, realtime, history } = partsOf(plan, load, list);
  // A stream that carries nothing costs little and says nothing.
  const items = [...realtime, ...history].filter((i) => i.quantity > 0);
  const peers = peersOf(flows, load, pricedBy(list));
  const used = new Set([...items, ...peers.flatMap((p) => p.items)].map((i) => i.price));
  return {
    lakehouse: plan.name,
    region: list.region,
    pricesOf: list.date,
    load,
    freshnessSeconds: Math.max(...flows.map((f) => f.freshnessSeconds)),
    settings: settingsOf(flows, load),
    items,
    realtimeUsd: sumUsd(realtime.filter((i) => !i.what.includes(HOT_STORE))),
    usd: sumUsd(items),
    idleUsd: idleUsd(plan, load, list),
    peers,
    prices: [...used].sort().map((name) => ({ name, ...list.prices[name] })),
    leftOut: LEFT_OUT,
  };
}
