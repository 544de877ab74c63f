import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { silverTable } from '../../../src/definition/tables.ts';
import { tableSql } from '../../../src/engine/table-sql.ts';
import { currentSchema, planScan, requireTable, type ScanPlan } from '../../../src/iceberg/index.ts';
import { Lake } from './lake.ts';
import { flightsPlan } from './plans.ts';

const plan = flightsPlan();
let lake: Lake;
let scan: ScanPlan;

beforeAll(async () => {
  lake = await Lake.open(plan);
  const departure = (n: number, delay: number): Record<string, string | number> => ({
    flight_id: `k${n}`,
    version: `2024-01-01 00:00:0${delay}`,
    delay,
  });
  await lake.put(
    'departures',
    [1, 2, 3, 4, 5, 6, 7, 8].map((n) => departure(n, 1)),
  );
  await lake.integrate();
  await lake.put('departures', [departure(2, 2)]);
  await lake.integrate();
  const table = await requireTable(lake.io, silverTable(plan, 'flights'));
  scan = await planScan(lake.io, table);
});
afterAll(() => lake.close());

test('rows that position deletes name are left out, and the others know their place', async () => {
  expect(scan.files.map((f) => f.deletes.length)).toEqual([1, 0]);
  const rows = await lake.session.rows(
    `SELECT flight_id, delay, _file, _pos FROM (${await tableSql(lake.io.store, scan, { positions: true })}) ORDER BY flight_id`,
  );
  expect(rows.map((r) => `${r.flight_id as string}=${r.delay as string}`)).toEqual([
    'k1=1',
    'k2=2',
    'k3=1',
    'k4=1',
    'k5=1',
    'k6=1',
    'k7=1',
    'k8=1',
  ]);
  expect(rows[1]).toMatchObject({ _file: scan.files[1]!.file.path, _pos: '0' });
  expect(rows[0]!._file).toBe(scan.files[0]!.file.path);
});

test('files without deletes pay for no join', async () => {
  expect(await tableSql(lake.io.store, scan, { files: [scan.files[1]!] })).not.toMatch(/JOIN/);
});

test('without files there are the columns, their types, and no rows', async () => {
  const { schema } = scan;
  const sql = await tableSql(lake.io.store, { schema }, { positions: true, columns: ['delay', 'arrived'] });
  expect(await lake.session.rows(sql)).toEqual([]);
  expect((await lake.session.columns(sql)).map((c) => `${c.name} ${c.type}`)).toEqual([
    'delay BIGINT',
    'arrived TIMESTAMP',
    '_file VARCHAR',
    '_pos BIGINT',
  ]);
  const table = await requireTable(lake.io, silverTable(plan, 'flights'));
  expect(currentSchema(table.metadata).fields).toHaveLength(schema.fields.length);
});

test('a file that is gone is named', async () => {
  const [file] = scan.files;
  const path = pathToFileURL(join(lake.folder, 'gone.parquet')).href;
  const gone = { ...file!, file: { ...file!.file, path } };
  await expect(tableSql(lake.io.store, scan, { files: [gone] })).rejects.toMatchObject({
    kind: 'notFound',
    context: { uri: path },
  });
});
