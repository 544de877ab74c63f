import { TidemarkError } from '../errors.ts';
import file from './prices.json' with { type: 'json' };

/** How sure a price is; `prices.json` says what each word means. */
export type PriceStatus = 'checked' | 'secondary' | 'recalled' | 'unknown';

export type PriceName = keyof (typeof file.regions)['us-east-1'];

export interface Price {
  /** US dollars for one `unit`; null when it is not known. */
  usd: number | null;
  unit: string;
  status: PriceStatus;
  /** Where it was read, or where the vendor says it. */
  source: string;
}

/** The prices of one region, as of a day. */
export interface PriceList {
  region: string;
  /** The day on which the prices were collected, `YYYY-MM-DD`. */
  date: string;
  prices: Readonly<Record<PriceName, Price>>;
}

/** What the words of `Price.status` mean. */
export const PRICE_STATUSES: Readonly<Record<PriceStatus, string>> = file.statuses;

/**
 * The price list of a region.
 * @throws TidemarkError kind `invalid` for a region that the data file does not have: prices differ, none is guessed
 */
export function pricesOf(region: string): PriceList {
  const regions: Record<string, unknown> = file.regions;
  if (!Object.hasOwn(regions, region))
    throw new TidemarkError('invalid', `there are no prices for the region ${region}`, {
      context: { region },
      remedy: `take one of ${Object.keys(regions).join(', ')}, or add the region's prices to src/operate/prices.json`,
    });
  return { region, date: file.date, prices: regions[region] as PriceList['prices'] };
}
