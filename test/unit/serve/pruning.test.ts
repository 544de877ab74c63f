import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compilePredicate, encodeValue, type DataFile, type Schema } from '../../../src/iceberg/index.ts';
import { TidemarkError } from '../../../src/errors.ts';
import { realtimeTable } from '../../../src/definition/tables.ts';
import { beyondPredicate, beyondSql } from '../../../src/serve/cut.ts';
import type { LakehouseQuery } from '../../../src/serve/query.ts';
import { Lake, seqOf, type Value } from './lake.ts';
import { flightsPlan } from './plans.ts';

const plan = flightsPlan();
let lake: Lake;
let query: LakehouseQuery;
const opened: string[] = [];

/** Files of a query; which ones the store was asked for. */
async function filesOf(sql: string): Promise<string[]> {
  opened.length = 0;
  await query.query(sql);
  return opened.filter((uri) => uri.endsWith('.parquet'));
}

beforeAll(async () => {
  lake = await Lake.open(plan);
  const { store } = lake.io;
  const readable = store.readable.bind(store);
  store.readable = (uri) => {
    opened.push(uri);
    return readable(uri);
  };
  query = lake.query();
  const departure = (n: number, hour: number): Record<string, Value> => ({
    flight_id: `k${n}`,
    version: `2024-01-01 ${String(hour).padStart(2, '0')}:00:00`,
    airport: n % 3 === 0 ? null : `A${n % 4}`,
    delay: n % 5 === 0 ? null : n * hour,
    note: n % 2 === 0 ? null : `n${hour}`,
    op: n % 7 === 0 && hour > 2 ? 'D' : null,
  });
  for (const hour of [1, 2, 3]) {
    for (const n of hour === 3 ? [7, 10] : [1, 4, 7, 10])
      await lake.put(
        'departures',
        [departure(n, hour), departure(n + 1, hour), departure(n + 2, 4 - hour)],
        `s${n % 2}`,
      );
    await lake.put('airport_events', [
      { code: 'A1', version: `2024-01-01 0${hour}:00:00`, name: hour === 3 ? 'z3' : `x${hour}` },
      { code: `A${hour + 1}`, version: `2024-01-01 0${hour}:00:00`, name: `y${hour}` },
    ]);
    await lake.put('readings', [
      { sensor: `s${hour}`, version: `2024-01-0${hour} 00:00:00`, value: hour - 1.5 },
      { sensor: 's2', version: `2024-01-0${hour} 12:00:00`, value: 0 },
    ]);
    if (hour < 3) await lake.integrate();
  }
  await lake.append(
    realtimeTable(plan, 'readings'),
    `SELECT 'nan' AS sensor, TIMESTAMP '2024-01-03' AS version, 'NaN'::DOUBLE AS value, 's0' AS _shard,
      '${seqOf(9999)}' AS _seq, 0 AS _sub, TIMESTAMP '2024-01-03' AS _arrived_at, 'x' AS _ord`,
    { source: 'readings_events', shard: 's0', to: seqOf(9999) },
  );
});
afterAll(() => lake.close());

const pick = (...values: string[]): fc.Arbitrary<string> => fc.constantFrom(...values);
const values: Record<string, fc.Arbitrary<string>> = {
  flight_id: pick(`'k1'`, `'k5'`, `'k12'`, `'zz'`, `''`),
  airport: pick(`'A1'`, `'A2'`, `'B'`),
  airport_name: pick(`'X1'`, `'X2'`, `'Z3'`, `'Y1'`),
  name: pick(`'x1'`, `'x2'`, `'z3'`, `'y3'`),
  code: pick(`'A1'`, `'A2'`, `'A4'`),
  note: pick(`'n1'`, `'n3'`),
  delay: pick('0', '5', '-1', '36', '2.5', '3000000000', '99999999999999999999'),
  value: pick('0', '-0.0', '0.5', '1e0', '1', `CAST('NaN' AS double)`),
  sensor: pick(`'S1'`, `'S3'`, `'s3'`, `'NAN'`),
  version: pick(
    `TIMESTAMP '2024-01-01 02:00:00'`,
    `DATE '2024-01-02'`,
    `TIMESTAMP '2024-01-03 00:00:00.000'`,
    `'2024-01-02'`,
  ),
  _shard: pick(`'s0'`, `'s1'`),
};
const columns: Record<string, string[]> = {
  flights: ['flight_id', 'airport', 'delay', 'note', 'airport_name'],
  'lake_silver.flights': ['flight_id', 'airport', 'delay', 'note'],
  'lake_realtime.departures': ['flight_id', 'airport', 'version', '_shard', 'note'],
  readings: ['sensor', 'value', 'version'],
  airports: ['code', 'name', 'version'],
};

const comparison = (table: string): fc.Arbitrary<string> =>
  fc.constantFrom(...columns[table]!).chain((column) => {
    const value = values[column]!;
    return fc.oneof(
      fc.tuple(pick('=', '<', '<=', '>', '>='), value).map(([op, v]) => `${column} ${op} ${v}`),
      fc.tuple(value, pick('=', '<', '>=')).map(([v, op]) => `${v} ${op} ${column}`),
      fc.tuple(value, value).map(([a, b]) => `${column} BETWEEN ${a} AND ${b}`),
      fc.tuple(value, value).map(([a, b]) => `${column} IN (${a}, ${b})`),
      pick('IS NULL', 'IS NOT NULL').map((op) => `${column} ${op}`),
      value.map((v) => `NOT (${column} = ${v})`),
      fc.tuple(value, value).map(([a, b]) => `(${column} = ${a} OR ${column} > ${b})`),
    );
  });

describe('leaving out files', () => {
  test('never changes an answer', async () => {
    const conditions = fc.constantFrom(...Object.keys(columns)).chain((table) =>
      fc.record({
        table: fc.constant(table),
        parts: fc.array(comparison(table), { minLength: 1, maxLength: 3 }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(conditions, async ({ table, parts }) => {
        const where = parts.join(' AND ');
        const select = `SELECT * FROM ${table} WHERE`;
        const [pruned, whole] = await Promise.all([
          query.query(`${select} ${where} ORDER BY ALL`),
          // Not a comparison of a column with a constant: every file is read.
          query.query(`${select} (${where}) IS TRUE ORDER BY ALL`),
        ]);
        expect(pruned.rows).toEqual(whole.rows);
      }),
      { numRuns: 150 },
    );
  });

  test('keeps the newer row that does not match and hides the older one that does', async () => {
    expect((await query.query(`SELECT code FROM airports WHERE name = 'x2'`)).rows).toEqual([]);
    expect((await query.query(`SELECT code FROM airports WHERE name = 'z3'`)).rows).toEqual([['A1']]);
  });

  test('reads again when a file was deleted after its table was read', async () => {
    const { store } = lake.io;
    const readable = store.readable.bind(store);
    let gone = 1;
    store.readable = (uri) =>
      gone-- > 0
        ? Promise.reject(new TidemarkError('notFound', 'gone', { context: { uri } }))
        : readable(uri);
    expect((await query.query('SELECT count(*) FROM airports')).rows).toEqual([['4']]);
    gone = 99;
    await expect(query.query('SELECT count(*) FROM lake_silver.airports')).rejects.toMatchObject({
      kind: 'notFound',
    });
    store.readable = readable;
  });

  test.each([
    [
      'a table by a comparison',
      `SELECT * FROM lake_realtime.departures WHERE flight_id = 'k1'`,
      'SELECT * FROM lake_realtime.departures',
    ],
    [
      'inside a CTE',
      `WITH x AS (SELECT * FROM lake_realtime.departures AS d WHERE flight_id > 'k8') SELECT * FROM x`,
      'SELECT * FROM lake_realtime.departures',
    ],
    [
      'an appending view by any column',
      `SELECT * FROM readings WHERE version >= TIMESTAMP '2024-01-03 01:00:00'`,
      'SELECT * FROM readings',
    ],
    [
      'real-time rows that Silver has',
      'SELECT * FROM readings',
      'SELECT * FROM lake_realtime.readings a, lake_silver.readings b',
    ],
  ])('%s', async (_, narrow, wide) => {
    expect((await filesOf(narrow)).length).toBeLessThan((await filesOf(wide)).length);
  });
});

describe('the cut', () => {
  const schema: Schema = {
    type: 'struct',
    'schema-id': 0,
    fields: [
      { id: 1, name: '_shard', required: true, type: 'string' },
      { id: 2, name: '_seq', required: true, type: 'string' },
    ],
  };
  const file = (shard: [string, string], seq: [number, number]): DataFile => {
    const bound = (i: 0 | 1): Map<number, Uint8Array> =>
      new Map([
        [1, encodeValue('string', shard[i])],
        [2, encodeValue('string', seqOf(seq[i]))],
      ]);
    return {
      content: 0,
      path: 'x',
      format: 'PARQUET',
      specId: 0,
      partition: {},
      recordCount: 1,
      fileSizeInBytes: 1,
      lowerBounds: bound(0),
      upperBounds: bound(1),
    };
  };
  const test2 = compilePredicate(beyondPredicate({ b: seqOf(5), d: seqOf(9) }), schema);

  test.each([
    ['held', ['b', 'b'], [1, 5], false],
    ['partly held', ['b', 'b'], [4, 6], true],
    ['beyond', ['d', 'd'], [10, 11], true],
    ['of two shards, both held', ['b', 'd'], [1, 5], true],
    ['of a shard before all', ['a', 'a'], [1, 1], true],
    ['of a shard between', ['c', 'c'], [1, 1], true],
    ['of a shard behind all', ['e', 'e'], [1, 1], true],
  ] as const)('keeps a file that is %s: %s %s', (_, shard, seq, kept) => {
    expect(test2(file([...shard], [...seq]))).toBe(kept);
  });

  test('is no condition without shards, or with too many to write', () => {
    expect(beyondSql({})).toBeUndefined();
    expect(
      beyondSql(Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`s${i}`, seqOf(1)]))),
    ).toBeUndefined();
    expect(beyondSql({ "s'0": seqOf(1) })).toContain("'s''0'");
  });
});
