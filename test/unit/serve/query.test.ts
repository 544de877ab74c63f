import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { currentSnapshot, requireTable, type Table } from '../../../src/iceberg/index.ts';
import { realtimeTable, silverTable } from '../../../src/definition/tables.ts';
import type { Json } from '../../../src/ports/effects.ts';
import type { LakehouseQuery, QueryOptions } from '../../../src/serve/query.ts';
import { listTables } from '../../../src/serve/tables.ts';
import { Lake } from './lake.ts';
import { flightsPlan } from './plans.ts';

const plan = flightsPlan();
let lake: Lake;
let query: LakehouseQuery;
/** Silver's flights after the first merge, and the real-time table before and after its second file. */
let merged: Table;
let first: Table;
let second: Table;

beforeAll(async () => {
  lake = await Lake.open(plan);
  query = lake.query();
  await lake.put('airport_events', [
    { code: 'JFK', version: '2024-01-01 00:00:00', name: 'Kennedy' },
    { code: 'EWR', version: '2024-01-01 00:00:00', name: 'Newark' },
  ]);
  first = await lake.put('departures', [
    { flight_id: 'a', version: '2024-01-01 10:00:00', airport: 'JFK', delay: 5 },
    { flight_id: 'b', version: '2024-01-01 11:00:00', airport: 'LGA', delay: 0 },
    { flight_id: 'c', version: '2024-01-01 11:30:00', airport: 'EWR', delay: 30 },
  ]);
  await lake.put('readings', [{ sensor: 'x', version: '2024-01-01 00:00:00', value: 1.5 }]);
  await lake.integrate();
  merged = await requireTable(lake.io, silverTable(plan, 'flights'));
  second = await lake.put('departures', [
    { flight_id: 'a', version: '2024-01-01 12:00:00', airport: 'JFK', delay: 7 },
    { flight_id: 'c', version: '2024-01-01 12:00:00', op: 'D' },
    { flight_id: 'd', version: '2024-01-01 12:30:00', airport: 'LGA', delay: 1 },
  ]);
  await lake.put('arrivals', [
    { flight_id: 'b', version: '2024-01-01 13:00:00', arrived: '2024-01-01 13:00:00' },
    { flight_id: 'stub', version: '2024-01-01 13:00:00', arrived: '2024-01-01 13:00:00' },
  ]);
  await lake.put('airport_events', [{ code: 'LGA', version: '2024-01-01 00:00:00', name: 'La Guardia' }]);
  await lake.put('readings', [{ sensor: 'y', version: '2024-01-01 00:00:00', value: 2.5 }], 's1');
});
afterAll(() => lake.close());

const rows = async (sql: string, options?: QueryOptions): Promise<Json[][]> =>
  (await query.query(sql, options)).rows;
const idOf = (table: Table): string => String(currentSnapshot(table.metadata)!['snapshot-id']);

describe('what names stand for', () => {
  test('a bare name is the unified view: late, changed, deleted and hidden rows included', async () => {
    const { columns, rows: found, truncated } = await query.query('SELECT * FROM flights ORDER BY flight_id');
    expect(columns.map((c) => `${c.name} ${c.type}`)).toEqual([
      'flight_id varchar',
      'airport varchar',
      'delay bigint',
      'arrived timestamp(3)',
      'note varchar',
      'airport_name varchar',
    ]);
    expect(found).toEqual([
      ['a', 'JFK', '7', null, null, 'KENNEDY'],
      ['b', 'LGA', '0', '2024-01-01 13:00:00', null, 'LA GUARDIA'],
      ['d', 'LGA', '1', null, null, 'LA GUARDIA'],
    ]);
    expect(truncated).toBe(false);
  });

  test.each([
    ['the view by its database', 'SELECT count(*) FROM lake.flights', '3'],
    ['with Athena’s catalog', 'SELECT count(*) FROM "AwsDataCatalog"."lake"."flights"', '3'],
    ['in capitals', 'SELECT COUNT(*) FROM LAKE.FLIGHTS', '3'],
    ['the Silver table as it is', 'SELECT count(*) FROM lake_silver.flights', '3'],
    ['Gold as a view', 'SELECT count(*) FROM airport_delays', '3'],
    ['Gold as a table', 'SELECT sum(flights) FROM lake_gold.airport_delays', '3'],
    ['real-time rows', 'SELECT count(*) FROM lake_realtime.departures', '6'],
    ['quarantine', 'SELECT count(*) FROM lake_ops.quarantine', '0'],
    ['an appending view', 'SELECT count(*) FROM readings', '2'],
    ['a name that a CTE takes', 'WITH flights AS (SELECT 1 AS x) SELECT count(*) FROM flights', '1'],
    [
      'a CTE over the table of its own name',
      'WITH flights AS (SELECT * FROM flights LIMIT 1) SELECT count(*) FROM flights',
      '1',
    ],
    [
      'a recursive CTE',
      'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4) SELECT count(*) FROM n',
      '4',
    ],
    ['a subquery', 'SELECT count(*) FROM (SELECT flight_id FROM flights) AS f', '3'],
    ['a scalar subquery', 'SELECT (SELECT count(*) FROM flights)', '3'],
    [
      'EXISTS',
      'SELECT count(*) FROM airports a WHERE EXISTS (SELECT 1 FROM flights f WHERE f.airport = a.code)',
      '2',
    ],
    ['a self join', 'SELECT count(*) FROM flights a JOIN flights b ON a.flight_id = b.flight_id', '3'],
    [
      'table and column with database',
      'SELECT count(lake_silver.flights.flight_id) FROM lake_silver.flights',
      '3',
    ],
    ['the table’s name as qualifier', 'SELECT count(flights.flight_id) FROM lake.flights', '3'],
    ['VALUES', 'SELECT count(*) FROM (VALUES (1), (2)) AS v(x)', '2'],
    ['unnest', 'SELECT count(*) FROM flights CROSS JOIN UNNEST(ARRAY[1, 2]) AS u(x)', '6'],
    [
      'comments and a semicolon',
      '-- flights\nSELECT count(*) /* of /* all */ */ FROM flights -- end\n;',
      '3',
    ],
    [
      'text that looks like SQL',
      `SELECT count(*) FROM flights WHERE flight_id <> 'x; FROM y FOR VERSION AS OF 1'`,
      '3',
    ],
    ['a trailing comment', 'SELECT count(*) FROM flights -- all', '3'],
    [
      'signs beyond ASCII before names',
      `SELECT count(*) FROM flights WHERE 'äö€😀' = 'äö€😀' AND flight_id IN (SELECT flight_id FROM lake.flights)`,
      '3',
    ],
  ])('%s', async (_, sql, expected) => {
    expect(String((await rows(sql))[0]![0] as string | null)).toBe(expected);
  });

  test('a set operation, a bare VALUES and parentheses are answered', async () => {
    expect(
      await rows('(SELECT code FROM airports) UNION SELECT flight_id FROM flights ORDER BY 1 LIMIT 2'),
    ).toEqual([['EWR'], ['JFK']]);
    expect(await rows('VALUES (1, 2)')).toEqual([[1, 2]]);
    expect(await rows('(SELECT 1)')).toEqual([[1]]);
  });

  test('columns of the same name stay apart', async () => {
    const { columns, rows: found } = await query.query(`SELECT 1 AS x, 2 AS x, 'b' AS "1"`);
    expect(columns.map((c) => c.name)).toEqual(['x', 'x', '1']);
    expect(found).toEqual([[1, 2, 'b']]);
  });

  test('more rows than asked for are cut, in the order of the query', async () => {
    const result = await query.query('SELECT flight_id FROM flights ORDER BY flight_id DESC', { maxRows: 2 });
    expect(result).toMatchObject({ rows: [['d'], ['b']], truncated: true });
  });

  test('the answer says which snapshots it is from', async () => {
    const { snapshots } = await query.query('SELECT 1 FROM lake_silver.flights, lake_realtime.departures');
    expect(snapshots).toContainEqual({ table: 'lake_silver.flights', snapshotId: idOf(merged) });
    expect(snapshots).toContainEqual({ table: 'lake_realtime.departures', snapshotId: idOf(second) });
  });
});

describe('Athena’s functions', () => {
  test.each([
    [`SELECT date_diff('minute', TIMESTAMP '2024-01-01 10:00:30', TIMESTAMP '2024-01-01 10:02:00')`, '1'],
    [`SELECT substr('abc', 0)`, ''],
    [`SELECT split_part('a,b', ',', 3)`, 'null'],
    [`SELECT approx_distinct(x) FROM (VALUES (1), (1)) AS v(x)`, '1'],
    [`SELECT array_join(transform(ARRAY[1, 2], x -> x + 1), '-')`, '2-3'],
  ])('%s', async (sql, expected) => {
    expect(String((await rows(sql))[0]![0] as string | null)).toBe(expected);
  });
});

describe('time travel', () => {
  test('by snapshot, by time, and in quarantine of text that only looks like it', async () => {
    const by = (clause: string): Promise<Json[][]> =>
      rows(`SELECT count(*) FROM lake_realtime.departures ${clause}`);
    expect(await by(`FOR VERSION AS OF ${idOf(first)}`)).toEqual([['3']]);
    expect(await by(`for system_version as of ${idOf(first)} AS d`)).toEqual([['3']]);
    expect(await by(`FOR VERSION AS OF 'main'`)).toEqual([['6']]);
    const at = new Date(currentSnapshot(first.metadata)!['timestamp-ms'])
      .toISOString()
      .replace('T', ' ')
      .replace('Z', '');
    expect(await by(`FOR TIMESTAMP AS OF TIMESTAMP '${at} UTC'`)).toEqual([['3']]);
    expect(
      await by(`FOR TIMESTAMP AS OF (TIMESTAMP '${at} UTC' + interval '1' day) d WHERE d.op IS NULL`),
    ).toEqual([['5']]);
    expect(await by(`/* FOR VERSION AS OF 1 */ WHERE coalesce(op, '') <> 'FOR VERSION AS OF 2'`)).toEqual([
      ['6'],
    ]);
  });

  test('two versions of one table in one query', async () => {
    const sql = `SELECT count(*) FROM lake_realtime.departures AS now
      LEFT JOIN lake_realtime.departures FOR VERSION AS OF ${idOf(first)} AS before ON now._seq = before._seq
      WHERE before._seq IS NULL`;
    expect(await rows(sql)).toEqual([['3']]);
  });

  test('the snapshots of a table, and a query of the version that they tell', async () => {
    const [oldest] = await rows(
      `SELECT snapshot_id FROM "lake_realtime"."departures$snapshots" ORDER BY committed_at LIMIT 1`,
    );
    expect(oldest).toEqual([idOf(first)]);
    expect(await rows(`SELECT is_current_ancestor FROM "lake_realtime"."departures$history"`)).toEqual([
      [true],
      [true],
    ]);
    expect(await rows(`SELECT sum(record_count) FROM "lake_realtime"."departures$files"`)).toEqual([['6']]);
    expect(await rows(`SELECT count(*) > 0 FROM "lake_realtime"."departures$manifests"`)).toEqual([[true]]);
    expect(await rows(`SELECT name FROM "lake_realtime"."departures$refs"`)).toEqual([['main']]);
    expect(await rows(`SELECT count(*) FROM "lake_ops"."quarantine$snapshots"`)).toEqual([['0']]);
  });

  test('snapshots and a time given beside the query reach the tables behind views', async () => {
    const snapshots = { 'lake_realtime.departures': idOf(first) };
    expect(await rows('SELECT delay FROM flights ORDER BY flight_id', { snapshots })).toEqual([
      ['5'],
      ['0'],
      ['30'],
    ]);
    const asOf = currentSnapshot(merged.metadata)!['timestamp-ms'];
    await expect(rows('SELECT count(*) FROM lake_realtime.departures', { asOf })).resolves.toEqual([['3']]);
  });

  test.each([
    [
      'an unknown snapshot',
      'SELECT * FROM lake_silver.flights FOR VERSION AS OF 1',
      'notFound',
      /\$snapshots/,
    ],
    [
      'a time before the table',
      `SELECT * FROM lake_silver.flights FOR TIMESTAMP AS OF DATE '1999-01-01'`,
      'notFound',
      /\$snapshots/,
    ],
    ['a view', 'SELECT * FROM flights FOR VERSION AS OF 1', 'invalid', /lake_silver|database_silver/],
    ['no table before it', 'SELECT 1 FOR VERSION AS OF 1', 'invalid', /directly behind/],
    [
      'a moment that is none',
      `SELECT * FROM lake_silver.flights FOR TIMESTAMP AS OF 'x'`,
      'invalid',
      /TIMESTAMP '2013/,
    ],
    [
      'a moment from a table',
      'SELECT * FROM lake_silver.flights FOR TIMESTAMP AS OF (SELECT 1 FROM flights)',
      'invalid',
      /TIMESTAMP '2013/,
    ],
    [
      'the metadata of a view',
      'SELECT * FROM "flights$snapshots"',
      'notFound',
      /lake_silver"\."flights\$snapshots/,
    ],
    ['unknown metadata', 'SELECT * FROM lake_silver."flights$secrets"', 'notFound', /\$snapshots/],
  ])('%s', async (_, sql, kind, remedy) => {
    await expect(query.query(sql)).rejects.toMatchObject({ kind, remedy: expect.stringMatching(remedy) });
  });
});

describe('errors say what to do', () => {
  test.each([
    [
      'a misspelt view',
      'SELECT * FROM fligths',
      'notFound',
      /there is no table "fligths"/,
      /one of "flights"/,
    ],
    [
      'a table of another layer',
      'SELECT * FROM departures',
      'notFound',
      /departures/,
      /lake_realtime\.departures/,
    ],
    ['an unknown database', 'SELECT * FROM lake_slver.flights', 'notFound', /lake_slver/, /lake_silver/],
    [
      'wrong syntax',
      'SELECT flight_id\nFROM flights WHEER x',
      'invalid',
      /LINE 2: FROM flights WHEER x\n {27}\^/,
      /caret/,
    ],
    [
      'an unknown column',
      'SELECT flight_id,\n carier FROM flights',
      'invalid',
      /LINE 2: {2}carier FROM flights\n {9}\^/,
      /DESCRIBE/,
    ],
    [
      'an unknown function',
      'SELECT foo(1)',
      'invalid',
      /foo[^]*LINE 1: SELECT foo\(1\)\n {15}\^/,
      /DESCRIBE/,
    ],
    ['a cast of rows', 'SELECT CAST(flight_id AS integer) FROM flights', 'invalid', /Could not convert/, /./],
    ['two statements', 'SELECT 1; SELECT 2', 'refused', /2 statements/, /one statement/],
    ['nothing', '-- only a comment', 'invalid', /no statement/, /SELECT/],
  ])('%s', async (_, sql, kind, message, remedy) => {
    const error = expect.objectContaining({
      kind,
      message: expect.stringMatching(message),
      remedy: expect.stringMatching(remedy),
    });
    await expect(query.query(sql)).rejects.toEqual(error);
  });

  test('a query that runs too long is stopped, and the next one runs', async () => {
    const hasty = lake.query({ timeoutMs: 100 });
    const endless = 'SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b';
    await expect(hasty.query(endless)).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringMatching(/longer than 0.1 s/),
    });
    await expect(hasty.query('SELECT 1')).resolves.toMatchObject({ rows: [[1]] });
  });

  test('a signal stops a query', async () => {
    const stop = new AbortController();
    const running = query.query('SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b', {
      signal: stop.signal,
    });
    setTimeout(() => stop.abort(), 50);
    await expect(running).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringMatching(/stopped/),
    });
  });

  test('a query that needs too much memory is refused, and the next one runs', async () => {
    const small = lake.query({ memoryLimit: '50MB', threads: 1 });
    await expect(small.query('SELECT list(range) FROM range(50000000)')).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringMatching(/memory/),
    });
    await expect(small.query('SELECT count(*) FROM flights')).resolves.toMatchObject({ rows: [['3']] });
  });
});

test('queries at the same time do not see each other', async () => {
  const ids = Array.from({ length: 12 }, (_, i) => (i % 2 === 0 ? idOf(first) : idOf(second)));
  const counts = await Promise.all(
    ids.map((id) => rows(`SELECT count(*) FROM lake_realtime.departures FOR VERSION AS OF ${id}`)),
  );
  expect(counts.map((r) => r[0]![0])).toEqual(ids.map((_, i) => (i % 2 === 0 ? '3' : '6')));
});

describe('what there is', () => {
  test.each([
    ['SHOW TABLES', [['airports'], ['flights'], ['readings'], ['airport_delays']]],
    ['show tables in lake_silver;', [['airports'], ['flights'], ['readings']]],
    ['SHOW DATABASES', [['lake'], ['lake_realtime'], ['lake_ops'], ['lake_silver'], ['lake_gold']]],
    [
      'DESCRIBE airports',
      [
        ['code', 'varchar', ''],
        ['version', 'timestamp(3)', ''],
        ['name', 'varchar', ''],
      ],
    ],
    [
      'SHOW COLUMNS IN lake_gold.airport_delays',
      [
        ['airport', 'varchar', ''],
        ['flights', 'bigint', ''],
      ],
    ],
  ])('%s', async (sql, expected) => {
    expect(await rows(sql)).toEqual(expected);
  });

  test('every view and table is listed with its columns, rows and files', async () => {
    const listed = await listTables(plan, lake.io);
    expect(listed.map((t) => `${t.layer} ${t.database}.${t.table}`)).toContain('view lake.flights');
    const departures = listed.find((t) => t.database === 'lake_realtime' && t.table === 'departures')!;
    expect(departures).toMatchObject({ rows: 6, files: 2, snapshotId: idOf(second) });
    expect(departures.columns[0]).toEqual({ name: 'flight_id', type: 'varchar' });
    expect(listed.find((t) => t.table === 'quarantine')).toMatchObject({ rows: 0, files: 0 });
  });
});

test('a table that is not there yet is named', async () => {
  const other = lake.query({ plan: { ...plan, realtime: [...plan.realtime, { ...realtimeOf('extra') }] } });
  await expect(other.query('SELECT * FROM lake_realtime.extra')).rejects.toMatchObject({
    kind: 'notFound',
    message: expect.stringMatching(/lake_realtime.extra is not there/),
  });
  expect(realtimeTable(plan, 'extra').database).toBe('lake_realtime');
});

function realtimeOf(name: string): (typeof plan.realtime)[number] {
  return { ...plan.realtime[0]!, name };
}
