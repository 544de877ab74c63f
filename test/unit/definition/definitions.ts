import {
  column,
  defineLakehouse,
  sql,
  type Lakehouse,
  type LakehouseDefinition,
} from '../../../src/definition/index.ts';

/** A sound definition with one of everything, made anew so that a test may break it. */
export function shop(): LakehouseDefinition {
  return {
    streams: {
      order_events: {
        columns: {
          order_id: column.string(),
          at: column.timestamp(),
          customer: column.string({ optional: true }),
          amount: column.decimal(12, 2, { min: 0 }),
          lines: column.list(column.struct({ sku: column.string() }), { optional: true }),
        },
        eventTime: 'at',
      },
      rates: {
        columns: { currency: column.string(), at: column.timestamp(), rate: column.double() },
        eventTime: 'at',
      },
    },
    references: {
      customers: {
        key: ['id'],
        columns: { id: column.string(), tier: column.string({ optional: true }) },
        source: 'customers.csv',
      },
    },
    realtime: {
      orders: {
        from: 'order_events',
        where: sql`amount > 0`,
        lookups: { customers: { on: { id: 'customer' } } },
        select: { tier: sql`customers.tier` },
      },
      rates: { from: 'rates' },
    },
    silver: {
      rates: { mode: 'upsert', from: 'rates', key: ['currency'] },
      log: { mode: 'append', from: 'orders' },
      orders: {
        mode: 'enrich',
        key: ['order_id'],
        groups: {
          placed: { from: 'orders', fact: true, columns: ['customer', 'amount', 'tier'] },
          seen: { from: 'orders', columns: { last_seen: 'at' } },
        },
        joins: { rates: { from: 'rates', on: { currency: sql`'EUR'` }, columns: { euro_rate: 'rate' } } },
      },
    },
    gold: { by_tier: { from: 'orders', groupBy: { tier: 'tier' }, measures: { orders: sql`count(*)` } } },
    alerts: { large: { from: 'orders', when: sql`amount > 1000`, notify: 'sales' } },
  };
}

/** The shop with some of its parts replaced, as a definition in plain JavaScript may be. */
export function shopWith(
  change: (d: Record<string, Record<string, Record<string, unknown>>>) => void,
): Lakehouse {
  const definition = shop();
  change(definition as unknown as Record<string, Record<string, Record<string, unknown>>>);
  return defineLakehouse('shop', definition);
}
