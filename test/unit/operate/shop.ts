import {
  column,
  defineLakehouse,
  sql,
  type Lakehouse,
  type LakehouseDefinition,
  type Plan,
} from '../../../src/definition/index.ts';
import { renamesOf } from '../../../src/definition/renames.ts';
import { compileLakehouse } from '../../../src/engine/compile.ts';

const optional = { optional: true } as const;

/** A small lakehouse with every mode, made anew so that a test may change it. */
export function shop(): LakehouseDefinition {
  return {
    streams: {
      orders: {
        columns: {
          order_id: column.string(),
          at: column.timestamp(),
          amount: column.int(optional),
          price: column.decimal(9, 2, optional),
          note: column.string({ optional: true, doc: 'free text' }),
          buyer: column.struct({ name: column.string(optional), age: column.int(optional) }, optional),
        },
        eventTime: 'at',
        extras: 'ignore',
      },
    },
    realtime: { orders: { from: 'orders', where: sql`amount > 0`, select: { large: sql`amount > 100` } } },
    silver: {
      latest: { mode: 'upsert', from: 'orders', key: ['order_id'] },
      facts: {
        mode: 'enrich',
        key: ['order_id'],
        groups: {
          placed: { from: 'orders', fact: true, columns: ['amount', 'price'] },
          noted: { from: 'orders', when: sql`note IS NOT NULL`, columns: ['note'] },
        },
      },
    },
    gold: {
      by_size: {
        from: 'latest',
        groupBy: { large: 'large' },
        measures: { orders: sql`count(*)`, amount: sql`sum(amount)` },
      },
    },
  };
}

export type Change = (definition: LakehouseDefinition) => void;

const plans = new Map<string, Promise<Plan>>();

/** The compiled plan of the changed shop, with the earlier names that its definition gives. */
export function planOf(...changes: Change[]): Promise<Plan> {
  const definition = shop();
  for (const change of changes) change(definition);
  const lakehouse: Lakehouse = defineLakehouse('shop', definition);
  const key = JSON.stringify(lakehouse);
  const known = plans.get(key);
  if (known) return known;
  const plan = compile(lakehouse);
  plans.set(key, plan);
  return plan;
}

async function compile(lakehouse: Lakehouse): Promise<Plan> {
  const plan = await compileLakehouse(lakehouse);
  const renames = renamesOf(lakehouse);
  return renames === undefined ? plan : { ...plan, renames };
}
