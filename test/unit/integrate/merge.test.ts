import { readdir } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readMark } from '../../../src/commit/mark.ts';
import { column, defineLakehouse, sql } from '../../../src/definition/index.ts';
import {
  commitSnapshot,
  currentSnapshot,
  MAIN,
  planScan,
  requireTable,
  serialiseMetadata,
} from '../../../src/iceberg/index.ts';
import type { TableName } from '../../../src/ports/catalog.ts';
import { Lake } from '../../local/support/lake.ts';

const at = (seconds: number): string => new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString();

/** Orders name a shop, shops name a city, cities have a tax: a join of what was itself joined. */
const trade = defineLakehouse('trade', {
  streams: {
    orders: {
      columns: {
        order_id: column.string(),
        shop: column.string(),
        amount: column.int(),
        at: column.timestamp(),
      },
      eventTime: 'at',
    },
    shops: {
      columns: { shop: column.string(), city: column.string(), at: column.timestamp() },
      eventTime: 'at',
    },
    cities: {
      columns: { city: column.string(), tax: column.int(), at: column.timestamp() },
      eventTime: 'at',
    },
  },
  realtime: {
    order_events: { from: 'orders' },
    shop_events: { from: 'shops' },
    city_events: { from: 'cities' },
  },
  silver: {
    cities: { mode: 'upsert', from: 'city_events', key: ['city'], columns: ['tax'] },
    shops: {
      mode: 'enrich',
      key: ['shop'],
      groups: { shop: { from: 'shop_events', fact: true, columns: ['city'] } },
      joins: { town: { from: 'cities', on: { city: 'city' }, columns: ['tax'] } },
    },
    orders: {
      mode: 'enrich',
      key: ['order_id'],
      groups: { order: { from: 'order_events', fact: true, columns: ['shop', 'amount'] } },
      joins: { seller: { from: 'shops', on: { shop: 'shop' }, columns: { city: 'city', tax: 'tax' } } },
    },
    log: { mode: 'append', from: 'order_events', columns: ['order_id', 'shop'] },
  },
  gold: {
    by_city: {
      from: 'orders',
      groupBy: { city: 'city' },
      measures: { orders: sql`count(*)`, taxed: sql`sum(amount * tax)` },
    },
    by_shop: { from: 'log', groupBy: { shop: 'shop' }, measures: { entries: sql`count(*)` } },
  },
});

const ORDERS: TableName = { database: 'trade_silver', table: 'orders' };

describe('integration', () => {
  let lake: Lake;
  beforeEach(async () => {
    lake = await Lake.open(trade);
    await lake.put('cities', [
      { city: 'rome', tax: 2, at: at(0) },
      { city: 'oslo', tax: 5, at: at(0) },
    ]);
    await lake.put('shops', [
      { shop: 's1', city: 'rome', at: at(0) },
      { shop: 's2', city: 'oslo', at: at(0) },
    ]);
    await lake.put('orders', [
      { order_id: 'o1', shop: 's1', amount: 10, at: at(0) },
      { order_id: 'o2', shop: 's2', amount: 20, at: at(0) },
    ]);
    await lake.settle();
  });
  afterEach(() => lake.close());

  const orders = () => lake.rows('SELECT order_id, city, tax FROM {trade_silver.orders} ORDER BY 1');
  const byCity = () =>
    lake.rows('SELECT city, orders::INT AS orders, taxed::INT AS taxed FROM {trade_gold.by_city} ORDER BY 1');
  const byCityInFull = () =>
    lake.rows(
      'SELECT city, count(*)::INT AS orders, sum(amount * tax)::INT AS taxed FROM {trade_silver.orders} GROUP BY 1 ORDER BY 1',
    );

  test('a row that is looked up through another join reaches the end of the chain', async () => {
    expect(await orders()).toEqual([
      { order_id: 'o1', city: 'rome', tax: 2 },
      { order_id: 'o2', city: 'oslo', tax: 5 },
    ]);
    // Only the city changes: neither the shop's nor the order's own events tell of it.
    await lake.put('cities', [{ city: 'rome', tax: 3, at: at(1) }]);
    await lake.settle();
    expect(await orders()).toEqual([
      { order_id: 'o1', city: 'rome', tax: 3 },
      { order_id: 'o2', city: 'oslo', tax: 5 },
    ]);
    expect(await byCity()).toEqual([
      { city: 'oslo', orders: 1, taxed: 100 },
      { city: 'rome', orders: 1, taxed: 30 },
    ]);
  });

  test('a merge that reads little at a time loses no late row of a join', async () => {
    for (let i = 0; i < 6; i++)
      await lake.put('orders', [{ order_id: `m${i}`, shop: 's1', amount: 1, at: at(2) }]);
    await lake.put('cities', [{ city: 'rome', tax: 7, at: at(3) }]);
    await lake.commitAll();
    for (const table of ['cities', 'shops']) await lake.step('merge', table);
    expect(await lake.step('merge', 'orders', 1)).toMatchObject({ outcome: 'committed', more: true });
    await lake.settle(1);
    expect((await orders()).filter((o) => o.city === 'rome').map((o) => o.tax)).toEqual(Array(7).fill(7));
  });

  test('Gold follows what somebody else deleted from Silver, also when we merged on top before Gold ran', async () => {
    const table = await requireTable(lake.io, ORDERS);
    const [file] = (await planScan(lake.io, table, {})).files;
    const foreign = await commitSnapshot(lake.io, table, () => ({
      operation: 'delete',
      addedData: [],
      addedDeletes: [],
      removedData: [file!.file.path],
      removedDeletes: file!.deletes.map((d) => d.path),
      summary: {},
    }));
    expect(foreign.kind).toBe('committed');
    await lake.put('orders', [{ order_id: 'o9', shop: 's2', amount: 1, at: at(9) }]);
    await lake.settle();
    expect(await byCity()).toEqual(await byCityInFull());
    expect(await byCity()).toEqual([{ city: 'oslo', orders: 1, taxed: 5 }]);
  });

  test('Gold follows a Silver table that was rolled back and merged on again', async () => {
    const before = await requireTable(lake.io, ORDERS);
    await lake.put('orders', [{ order_id: 'o1', shop: 's2', amount: 10, at: at(5) }]);
    await lake.settle();
    const now = await requireTable(lake.io, ORDERS);
    const old = currentSnapshot(before.metadata)!;
    const metadata = {
      ...now.metadata,
      'current-snapshot-id': old['snapshot-id'],
      refs: {
        ...now.metadata.refs,
        [MAIN]: { ...now.metadata.refs[MAIN]!, 'snapshot-id': old['snapshot-id'] },
      },
    };
    const location = `${now.metadata.location}/metadata/rolled-back.metadata.json`;
    await lake.io.store.put(location, serialiseMetadata(metadata));
    expect(await lake.io.catalog.swap(ORDERS, now.entry, location)).toEqual({ kind: 'committed' });
    // The merge goes on from the older mark: it reads again what the rollback took.
    await lake.put('orders', [{ order_id: 'o3', shop: 's1', amount: 1, at: at(6) }]);
    await lake.settle();
    expect(await orders()).toHaveLength(3);
    expect(await byCity()).toEqual(await byCityInFull());
  });

  test('Gold of an append table recomputes the groups that came, not all', async () => {
    await lake.put('orders', [{ order_id: 'o4', shop: 's2', amount: 1, at: at(4) }]);
    await lake.commitAll();
    await lake.step('merge', 'log');
    const result = await lake.step('aggregate', 'by_shop');
    expect(await lake.rows('SELECT shop, entries::INT AS n FROM {trade_gold.by_shop} ORDER BY 1')).toEqual([
      { shop: 's1', n: 1 },
      { shop: 's2', n: 2 },
    ]);
    expect(result).toMatchObject({ outcome: 'committed', read: 1, changed: 1 });
  });

  test('a step with nothing new makes no snapshot', async () => {
    const before = (await requireTable(lake.io, ORDERS)).entry;
    expect((await lake.integrate()).map((r) => r.outcome)).toEqual(Array(6).fill('idle'));
    expect((await requireTable(lake.io, ORDERS)).entry).toEqual(before);
  });

  test('the mark names what each source holds, and grows only with shards', async () => {
    const mark = await readMark(lake.io.store, await requireTable(lake.io, ORDERS));
    expect(Object.keys(mark.positions)).toEqual(expect.arrayContaining(['order_events']));
    for (let i = 0; i < 5; i++) {
      await lake.put('orders', [{ order_id: `g${i}`, shop: 's1', amount: 1, at: at(20 + i) }]);
      await lake.settle();
    }
    const later = await readMark(lake.io.store, await requireTable(lake.io, ORDERS));
    expect(JSON.stringify(later).length).toBeLessThan(JSON.stringify(mark).length + 600);
  });

  test('files stay few, whatever the number of merges', async () => {
    for (let i = 0; i < 20; i++) {
      await lake.put('orders', [{ order_id: `f${i}`, shop: 's1', amount: 1, at: at(i) }]);
      await lake.settle();
    }
    const { files } = await planScan(lake.io, await requireTable(lake.io, ORDERS), {});
    expect(files.length).toBeLessThanOrEqual(8);
  });

  test('merges leave nothing in the folder for files being written', async () => {
    await lake.settle();
    const before = await readdir(lake.stores.scratch);
    await lake.put('orders', [{ order_id: 'o1', shop: 's1', amount: 11, at: at(30) }]);
    await lake.settle();
    expect(await readdir(lake.stores.scratch)).toEqual(before);
  });
});
