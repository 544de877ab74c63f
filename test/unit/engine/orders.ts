import { column, type PlanColumn } from '../../../src/definition/index.ts';
import type { Scope } from '../../../src/engine/scope.ts';

const optional = { optional: true } as const;

export const ORDER_COLUMNS: PlanColumn[] = Object.entries({
  id: column.long(),
  name: column.string(optional),
  qty: column.int(optional),
  price: column.decimal(12, 2, optional),
  rate: column.decimal(5, 4, optional),
  temp: column.double(optional),
  weight: column.float(optional),
  ts: column.timestamp(optional),
  day: column.date(optional),
  ok: column.boolean(optional),
  tags: column.list(column.string(optional), optional),
  attributes: column.map(column.string(), optional),
  address: column.struct({ city: column.string(optional) }, optional),
}).map(([name, c]) => ({ name, ...c }));

const CUSTOMER_COLUMNS: PlanColumn[] = Object.entries({
  id: column.long(),
  tier: column.string(optional),
}).map(([name, c]) => ({ name, ...c }));

/** A stream of orders with customers looked up. */
export const ORDERS: Scope = {
  of: 'the stream "orders"',
  columns: ORDER_COLUMNS,
  relation: 'batch',
  lookups: new Map([['customers', CUSTOMER_COLUMNS]]),
};
