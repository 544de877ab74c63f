import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KinesisClient } from '@aws-sdk/client-kinesis';
import { PutRecordCommand, PutRecordsCommand, SplitShardCommand } from '@aws-sdk/client-kinesis';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { column, defineLakehouse, sql } from '../../src/definition/index.ts';
import { compileLakehouse } from '../../src/engine/compile.ts';
import { encodeAggregated } from '../../src/ingest/aggregated.ts';
import { localKinesisClient } from '../../src/local/producer.ts';
import { openQuery } from '../../src/local/query.ts';
import { Runtime } from '../../src/local/runtime.ts';
import type { LakehouseQuery } from '../../src/serve/query.ts';
import { silentLog } from './support/log.ts';

const optional = { optional: true } as const;

/** Another lakehouse, of every column type: nothing in it is like flights. */
const shop = defineLakehouse('shop', {
  streams: {
    orders: {
      columns: {
        order_id: column.string({ maxLength: 40 }),
        placed: column.timestamp(),
        due: column.date(optional),
        amount: column.decimal(12, 2, { min: 0 }),
        tax: column.decimal(38, 10, optional),
        customer: column.long(),
        express: column.boolean(optional),
        weight: column.float(optional),
        score: column.double(optional),
        token: column.binary(optional),
        lines: column.list(
          column.struct({
            sku: column.string(),
            quantity: column.int({ min: 1 }),
            price: column.decimal(9, 3, optional),
          }),
        ),
        address: column.struct({ city: column.string(), zip: column.string(optional) }, optional),
        labels: column.map(column.string(optional), optional),
        state: column.string({ oneOf: ['open', 'paid', 'void'] }),
      },
      eventTime: 'placed',
    },
  },
  references: {
    customers: {
      key: 'customer',
      columns: { customer: column.long(), name: column.string(), limit_eur: column.decimal(10, 2, optional) },
      source: 'customers.ndjson',
    },
  },
  realtime: {
    order_events: {
      from: 'orders',
      lookups: { customers: { on: { customer: 'customer' } } },
      select: {
        customer_name: sql`customers.name`,
        boosted: sql`CASE WHEN express THEN customer * 4611686018427387904 END`,
      },
    },
  },
  silver: {
    orders: { mode: 'upsert', from: 'order_events', key: ['order_id'], deleteWhen: sql`state = 'void'` },
    log: {
      mode: 'append',
      from: 'order_events',
      where: sql`state <> 'void'`,
      columns: ['order_id', 'state', 'amount'],
    },
  },
  gold: {
    by_customer: {
      from: 'orders',
      groupBy: { customer: 'customer', name: 'customer_name' },
      measures: { orders: sql`count(*)`, total: sql`sum(amount)`, largest: sql`max(amount)` },
    },
    log_by_state: {
      from: 'log',
      groupBy: { state: 'state' },
      measures: { entries: sql`count(*)`, total: sql`sum(amount)` },
    },
  },
});

const whole = {
  order_id: 'o-1',
  placed: '2024-02-29T23:59:59.999Z',
  due: '1969-12-31',
  amount: '9999999999.99',
  tax: '-1234567890123456789012345678.0123456789',
  customer: '9223372036854775807',
  express: false,
  weight: 0.5,
  score: -1.5e300,
  token: Buffer.from([0, 255, 10]).toString('base64'),
  lines: [
    { sku: 'a "quoted" 👍', quantity: 2, price: 1.005 },
    { sku: '', quantity: 2147483647 },
  ],
  address: { city: 'Zürich', zip: null },
  labels: { a: 'x', ключ: null },
  state: 'open',
};

describe('a lakehouse of other columns and every type', () => {
  let folder: string;
  let runtime: Runtime;
  let query: LakehouseQuery;
  let client: KinesisClient;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidemark-shop-'));
    const customers = [
      { customer: '7', name: 'Ann', limit_eur: 10.5 },
      { customer: '9223372036854775807', name: 'Zed' },
    ];
    await writeFile(join(folder, 'customers.ndjson'), customers.map((c) => JSON.stringify(c)).join('\n'));
    const plan = await compileLakehouse(shop);
    const settings = {
      integrateEveryMs: 300,
      batchingWindowMs: 20,
      threads: 2,
      speed: 1,
      port: 0,
      replays: [],
    };
    runtime = await Runtime.start({
      ...settings,
      folder: join(folder, 'data'),
      plan,
      base: folder,
      log: silentLog,
    });
    query = openQuery(runtime.stores, plan);
    client = localKinesisClient(runtime.endpoint);
  });
  afterAll(async () => {
    client.destroy();
    await query.close();
    await runtime.close();
    await rm(folder, { recursive: true, force: true });
  });

  const put = (data: string | Uint8Array, key = 'k'): Promise<unknown> =>
    client.send(
      new PutRecordCommand({
        StreamName: 'orders',
        PartitionKey: key,
        Data: typeof data === 'string' ? Buffer.from(data) : data,
      }),
    );
  const order = (change: Record<string, unknown>): string => JSON.stringify({ ...whole, ...change });
  const rows = async (text: string): Promise<unknown[][]> => (await query.query(text)).rows;

  test('every type arrives without loss, in the stream table, in Silver and in the view', async () => {
    await put(JSON.stringify(whole));
    await runtime.settle();
    const columns = `order_id, placed, due, amount, tax, customer, express, weight, score, to_hex(token),
      lines[1].sku, lines[1].price, lines[2].quantity, lines[2].price, address.city, address.zip, labels['a'], customer_name`;
    for (const table of ['shop_realtime.order_events', 'shop_silver.orders', 'orders'])
      expect({ table, row: (await rows(`SELECT ${columns} FROM ${table}`))[0] }).toEqual({
        table,
        row: [
          'o-1',
          '2024-02-29 23:59:59.999',
          '1969-12-31',
          '9999999999.99',
          '-1234567890123456789012345678.0123456789',
          '9223372036854775807',
          false,
          0.5,
          -1.5e300,
          '00FF0A',
          'a "quoted" 👍',
          '1.005',
          2147483647,
          null,
          'Zürich',
          null,
          'x',
          'Zed',
        ],
      });
  });

  test('a newer row of a key replaces, an older one that comes late does not, a void one hides', async () => {
    await put(
      order({ order_id: 'o-2', customer: 7, amount: 5, placed: '2024-01-02T00:00:00Z', state: 'paid' }),
    );
    await put(order({ order_id: 'o-2', customer: 7, amount: 3, placed: '2024-01-01T00:00:00Z' }));
    await put(order({ order_id: 'o-3', customer: 7, amount: 4, placed: '2024-01-01T00:00:00Z' }));
    await runtime.settle();
    expect(await rows(`SELECT order_id, amount, state FROM orders WHERE customer = 7 ORDER BY 1`)).toEqual([
      ['o-2', '5.00', 'paid'],
      ['o-3', '4.00', 'open'],
    ]);
    expect(await rows('SELECT orders, total, largest FROM by_customer WHERE customer = 7')).toEqual([
      ['2', '9.00', '5.00'],
    ]);
    await put(
      order({ order_id: 'o-3', customer: 7, amount: 4, placed: '2024-01-03T00:00:00Z', state: 'void' }),
    );
    await runtime.settle();
    expect(await rows(`SELECT order_id FROM orders WHERE customer = 7`)).toEqual([['o-2']]);
    expect(await rows('SELECT orders, total FROM by_customer WHERE customer = 7')).toEqual([['1', '5.00']]);
    // The key's mark stays, so that a late older row cannot bring it back.
    await put(order({ order_id: 'o-3', customer: 7, amount: 4, placed: '2024-01-02T12:00:00Z' }));
    await runtime.settle();
    expect(await rows(`SELECT order_id FROM orders WHERE customer = 7`)).toEqual([['o-2']]);
  });

  test('a group that becomes empty leaves Gold', async () => {
    await put(order({ order_id: 'o-4', customer: 70, amount: 1 }));
    await runtime.settle();
    expect(await rows('SELECT orders FROM by_customer WHERE customer = 70')).toEqual([['1']]);
    await put(order({ order_id: 'o-4', customer: 7, amount: 1, placed: '2025-01-01T00:00:00Z' }));
    await runtime.settle();
    expect(await rows('SELECT orders FROM by_customer WHERE customer = 70')).toEqual([]);
    expect(await rows('SELECT count(*) FROM shop_gold.by_customer')).toEqual(
      await rows('SELECT count(*) FROM (SELECT DISTINCT customer, customer_name FROM orders)'),
    );
  });

  test('an append table has every row once, and its Gold counts them', async () => {
    const expected = await rows(
      `SELECT state, count(*), sum(amount) FROM shop_realtime.order_events WHERE state <> 'void' GROUP BY 1 ORDER BY 1`,
    );
    expect(await rows('SELECT state, count(*), sum(amount) FROM log GROUP BY 1 ORDER BY 1')).toEqual(
      expected,
    );
    expect(await rows('SELECT state, entries, total FROM log_by_state ORDER BY 1')).toEqual(expected);
  });

  test('bad records are kept whole with their reason, and the good ones beside them arrive', async () => {
    const bad: [string, string | Uint8Array][] = [
      ['not_json', '{"order_id": "x"'],
      ['not_utf8', Buffer.from([0x7b, 0xff, 0xfe, 0x7d])],
      ['not_object', '[1,2]'],
      ['missing_column', JSON.stringify({ order_id: 'm' })],
      ['wrong_type', order({ order_id: 5 })],
      ['wrong_type', order({ lines: 'none' })],
      ['not_in_list', order({ state: 'exploded' })],
      ['out_of_range', order({ amount: -1 })],
      ['bad_decimal', order({ amount: 1.005 })],
      ['bad_timestamp', order({ placed: '2024-02-30T00:00:00Z' })],
      ['too_long', order({ order_id: 'x'.repeat(41) })],
      ['corrupt_aggregate', Buffer.concat([Buffer.from([0xf3, 0x89, 0x9a, 0xc2]), Buffer.alloc(40, 7)])],
      ['too_long', order({ order_id: 'y'.repeat(1_000_000) })],
    ];
    const good = ['g-1', 'g-2'].map((id) => order({ order_id: id }));
    const all = [good[0]!, ...bad.map(([, data]) => data), good[1]!];
    await client.send(
      new PutRecordsCommand({
        StreamName: 'orders',
        Records: all.map((data) => ({
          PartitionKey: 'k',
          Data: typeof data === 'string' ? Buffer.from(data) : data,
        })),
      }),
    );
    await runtime.settle();
    expect(await rows(`SELECT order_id FROM orders WHERE order_id LIKE 'g-%' ORDER BY 1`)).toEqual([
      ['g-1'],
      ['g-2'],
    ]);
    const kept = await rows('SELECT reason, to_hex(payload) FROM shop_ops.quarantine ORDER BY _seq, _sub');
    expect(kept).toEqual(
      bad.map(([reason, data]) => [reason, Buffer.from(data).toString('hex').toUpperCase()]),
    );
  });

  test('a record whose rule cannot be computed goes to quarantine and stops nobody', async () => {
    const records = [
      order({ order_id: 'r-1', customer: 1, express: true }),
      order({ order_id: 'r-2', customer: 3, express: true }),
      order({ order_id: 'r-3', customer: 0, express: true }),
    ];
    const Records = records.map((text) => ({ PartitionKey: 'k', Data: Buffer.from(text) }));
    await client.send(new PutRecordsCommand({ StreamName: 'orders', Records }));
    await runtime.settle();
    expect(await rows(`SELECT order_id, boosted FROM orders WHERE order_id LIKE 'r-%' ORDER BY 1`)).toEqual([
      ['r-1', '4611686018427387904'],
      ['r-3', '0'],
    ]);
    const failed = await rows(
      `SELECT reason, message, to_hex(payload) FROM shop_ops.quarantine WHERE reason = 'rule_failed'`,
    );
    expect(failed).toEqual([
      [
        'rule_failed',
        expect.stringContaining('order_events'),
        Buffer.from(records[1]!).toString('hex').toUpperCase(),
      ],
    ]);
  });

  test('aggregated records are unpacked, each with a place of its own', async () => {
    const records = ['a-1', 'a-2', 'a-3'].map((id) => ({
      partitionKey: id,
      data: Buffer.from(order({ order_id: id })),
    }));
    await put(encodeAggregated(records));
    await runtime.settle();
    expect(
      await rows(
        `SELECT order_id, _sub FROM shop_realtime.order_events WHERE order_id LIKE 'a-%' ORDER BY 1`,
      ),
    ).toEqual([
      ['a-1', 0],
      ['a-2', 1],
      ['a-3', 2],
    ]);
  });

  test('fields that no column names are kept, not dropped', async () => {
    await put(order({ order_id: 'e-1', surprise: { deep: [1, '2'] } }));
    await runtime.settle();
    const [row] = await rows(`SELECT _extra FROM orders WHERE order_id = 'e-1'`);
    expect(JSON.parse(String(row?.[0]))).toEqual({ surprise: { deep: [1, '2'] } });
  });

  test('what is put appears in a query within two seconds', async () => {
    const began = performance.now();
    await put(order({ order_id: 'fresh' }));
    while ((await rows(`SELECT 1 FROM orders WHERE order_id = 'fresh'`)).length === 0)
      expect(performance.now() - began).toBeLessThan(20_000);
    // The bound that the README states is measured by the benchmark; a test on a shared machine only guards against minutes.
  });

  test('a reshard loses nothing: children go on where their parent ended', async () => {
    const before = Number((await rows('SELECT count(*) FROM log'))[0]?.[0]);
    const keys = Array.from({ length: 40 }, (_, i) => `s-${i}`);
    for (const id of keys.slice(0, 20)) await put(order({ order_id: id }), id);
    const half = (2n ** 127n).toString();
    await client.send(
      new SplitShardCommand({
        StreamName: 'orders',
        ShardToSplit: 'shardId-000000000000',
        NewStartingHashKey: half,
      }),
    );
    for (const id of keys.slice(20)) await put(order({ order_id: id }), id);
    await runtime.settle();
    expect(await rows('SELECT count(*) FROM log')).toEqual([[String(before + 40)]]);
    expect(
      await rows(`SELECT count(DISTINCT _shard) FROM shop_realtime.order_events WHERE order_id LIKE 's-%'`),
    ).toEqual([['3']]);
  });
});
