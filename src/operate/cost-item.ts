import type { PriceList, PriceName } from './cost-prices.ts';

/** One line of an estimate. */
export interface CostItem {
  /** `Kinesis`, `Lambda`, … */
  service: string;
  what: string;
  /** Of the price's unit, in a month. */
  quantity: number;
  unit: string;
  price: PriceName;
  /** US dollars a month; null when the price is not known. */
  usd: number | null;
  /** The formula in words, with its numbers. */
  how: string;
}

/** Makes items of one price list. */
export type Priced = (
  service: string,
  what: string,
  price: PriceName,
  quantity: number,
  how: string,
) => CostItem;

export function pricedBy(list: PriceList): Priced {
  return (service, what, price, quantity, how) => {
    const { usd, unit } = list.prices[price];
    return { service, what, quantity, unit, price, usd: usd === null ? null : usd * quantity, how };
  };
}

/** US dollars a month of all items whose price is known. */
export function sumUsd(items: readonly CostItem[]): number {
  return items.reduce((sum, item) => sum + (item.usd ?? 0), 0);
}

/** A number for people: `12.3 million`, `4,096`, `0.052`. */
export function amount(n: number): string {
  if (n >= 1e9) return `${(n / 1e9).toPrecision(3)} billion`;
  if (n >= 1e6) return `${(n / 1e6).toPrecision(3)} million`;
  if (n >= 100 || n === Math.round(n)) return Math.round(n).toLocaleString('en-US');
  return String(Number(n.toPrecision(3)));
}

/**
 * GB-seconds that a function is billed for `times` invocations.
 * @param memoryMb memory of the function; 1,769 MB are one vCPU, less is a share of it
 * @param cpuMs milliseconds of work on one vCPU; a second one is not counted on
 * @param waitMs milliseconds of waiting for other services
 */
export function gbSeconds(times: number, memoryMb: number, cpuMs: number, waitMs: number): number {
  const billedMs = cpuMs / Math.min(1, memoryMb / 1769) + waitMs;
  return (times * (memoryMb / 1024) * billedMs) / 1000;
}
