import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { column, defineLakehouse, sql, type Lakehouse, type Plan } from '../../../src/definition/index.ts';
import { tablesOf } from '../../../src/definition/tables.ts';
import { renamesOf } from '../../../src/definition/renames.ts';
import { compileLakehouse } from '../../../src/engine/compile.ts';
import { checkMetadata, currentSchema, requireTable } from '../../../src/iceberg/index.ts';
import { deployTables } from '../../../src/operate/deploy.ts';
import { Lake } from '../../local/support/lake.ts';
import { shop, type Change } from './shop.ts';

const optional = { optional: true } as const;

const lakehouse = (...changes: Change[]): Lakehouse => {
  const definition = shop();
  for (const change of changes) change(definition);
  return defineLakehouse('shop', definition);
};

async function compiled(...changes: Change[]): Promise<Plan> {
  const definition = lakehouse(...changes);
  const renames = renamesOf(definition);
  return { ...(await compileLakehouse(definition)), ...(renames ? { renames } : {}) };
}

const order = (n: number, more: object = {}): object => ({
  order_id: `o${n}`,
  at: new Date(Date.UTC(2026, 0, 1) + n * 60_000).toISOString(),
  amount: n * 50,
  price: `${n}.25`,
  ...more,
});

/** The amount is wider, the note has another name, and there is a city. */
const second: Change = (s) => {
  const { note: _note, amount: _amount, ...rest } = s.streams.orders!.columns;
  s.streams.orders!.columns = {
    ...rest,
    amount: column.long(optional),
    remark: column.string({ optional: true, renamedFrom: 'note' }),
    city: column.string(optional),
  };
  const facts = s.silver!.facts!;
  if (facts.mode === 'enrich')
    facts.groups.noted = { from: 'orders', when: sql`remark IS NOT NULL`, columns: ['remark'] };
};

describe('a lakehouse that goes on under a changed definition', () => {
  let lake: Lake;
  const become = async (plan: Plan): Promise<void> => {
    await deployTables(lake.io, plan, lake.stores.warehouse);
    (lake as { plan: Plan }).plan = plan;
  };
  beforeEach(async () => {
    lake = await Lake.open(lakehouse());
    await lake.put('orders', [order(1, { note: 'first' }), order(2), order(3, { note: 'third' })]);
    await lake.settle();
  });
  afterEach(() => lake.close());

  test('keeps what it had under the new names and types, and merges what comes into it', async () => {
    await become(await compiled(second));
    const big = 5_000_000_000;
    await lake.put('orders', [
      order(3, { at: '2026-02-01T00:00:00Z', remark: 'late', city: 'Bern' }),
      order(4, { amount: big, remark: 'big' }),
    ]);
    await lake.settle();
    const columns = 'order_id, amount::VARCHAR AS amount, remark';
    const expected = [
      { order_id: 'o1', amount: '50', remark: 'first', city: null },
      { order_id: 'o2', amount: '100', remark: null, city: null },
      { order_id: 'o3', amount: '150', remark: 'late', city: 'Bern' },
      { order_id: 'o4', amount: String(big), remark: 'big', city: null },
    ];
    expect(await lake.rows(`SELECT ${columns}, city FROM {shop_silver.latest} ORDER BY 1`)).toEqual(expected);
    expect(await lake.rows(`SELECT ${columns} FROM {shop_silver.facts} ORDER BY 1`)).toEqual(
      expected.map(({ city: _city, ...row }) => row),
    );
    for (const { name } of tablesOf(lake.plan))
      expect(await checkMetadata((await requireTable(lake.io, name)).metadata, lake.io)).toEqual([]);
  });

  test('records that were claimed before a rename are committed and merged after it', async () => {
    await lake.put('orders', [order(5, { note: 'between' })]);
    await become(await compiled(second));
    await lake.settle();
    const rows = await lake.rows(`SELECT remark FROM {shop_silver.latest} WHERE order_id = 'o5'`);
    expect(rows).toEqual([{ remark: 'between' }]);
  });

  test('a Silver table under another name is merged into where it stood', async () => {
    const renamed: Change = (s) => {
      const { latest, ...rest } = s.silver!;
      s.silver = { ...rest, newest: { ...latest!, renamedFrom: 'latest' } };
      s.gold = {
        by_note: { from: 'newest', groupBy: { note: 'note' }, measures: { orders: sql`count(*)` } },
      };
    };
    const plan = await compiled(renamed);
    await deployTables(lake.io, plan, lake.stores.warehouse, { allow: ['shop_gold.by_size.gone'] });
    (lake as { plan: Plan }).plan = plan;
    await lake.put('orders', [order(4, { note: 'first' })]);
    await lake.settle();
    expect(await lake.rows('SELECT count(*)::INTEGER AS n FROM {shop_silver.newest}')).toEqual([{ n: 4 }]);
    expect(await lake.rows('SELECT note, orders::INTEGER AS n FROM {shop_gold.by_note} ORDER BY 1')).toEqual([
      { note: 'first', n: 2 },
      { note: 'third', n: 1 },
      { note: null, n: 1 },
    ]);
  });

  test('deployments at once on one folder come to one', async () => {
    const plan = await compiled(second);
    await Promise.all([1, 2, 3].map(() => deployTables(lake.io, plan, lake.stores.warehouse)));
    for (const { name, columns } of tablesOf(plan)) {
      const schema = currentSchema((await requireTable(lake.io, name)).metadata);
      expect(schema.fields.map((f) => f.name)).toEqual(columns.map((c) => c.name));
    }
  });
});
