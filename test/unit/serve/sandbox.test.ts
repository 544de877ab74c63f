import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isKind } from '../../../src/errors.ts';
import type { LakehouseQuery } from '../../../src/serve/query.ts';
import { Lake } from './lake.ts';
import { flightsPlan } from './plans.ts';

let lake: Lake;
let query: LakehouseQuery;

beforeAll(async () => {
  lake = await Lake.open(flightsPlan());
  query = lake.query();
  await lake.put('readings', [{ sensor: 'x', version: '2024-01-01 00:00:00', value: 1 }]);
  await writeFile(join(lake.folder, 'secret.csv'), 'secret\n42\n');
});
afterAll(() => lake.close());

/** Ways out of the query, each on a line; `@` is the lakehouse's folder. */
const ESCAPES = [
  `SELECT * FROM read_csv('@/secret.csv')`,
  `SELECT * FROM read_csv_auto('@/secret.csv')`,
  `SELECT * FROM read_text('/etc/passwd')`,
  `SELECT * FROM read_blob('/etc/passwd')`,
  `SELECT * FROM read_json('@/secret.csv')`,
  `SELECT * FROM read_parquet('@/warehouse/*/*/data/*.parquet')`,
  `SELECT * FROM parquet_scan('@/warehouse/*/*/data/*.parquet')`,
  `SELECT * FROM parquet_metadata('@/warehouse/*/*/data/*.parquet')`,
  `SELECT * FROM glob('/etc/*')`,
  `SELECT * FROM sniff_csv('@/secret.csv')`,
  `SELECT * FROM '@/secret.csv'`,
  `SELECT * FROM "@/secret.csv"`,
  `FROM '@/secret.csv'`,
  `TABLE "@/secret.csv"`,
  `SELECT (SELECT count(*) FROM '@/secret.csv')`,
  `SELECT * FROM readings WHERE EXISTS (SELECT 1 FROM read_text('/etc/passwd'))`,
  `SELECT * FROM readings ORDER BY (SELECT max(content) FROM read_text('/etc/passwd'))`,
  `SELECT * FROM readings LIMIT (SELECT count(*) FROM read_text('/etc/passwd'))`,
  `SELECT sum(value) OVER (ORDER BY (SELECT count(*) FROM read_text('/etc/passwd'))) FROM readings`,
  `SELECT count(*) FILTER (WHERE (SELECT true FROM read_text('/etc/passwd'))) FROM readings`,
  `WITH x AS (SELECT * FROM read_text('/etc/passwd')) SELECT * FROM x`,
  `WITH x AS (SELECT 1), y AS MATERIALIZED (FROM read_text('/etc/passwd')) SELECT * FROM x`,
  `WITH RECURSIVE x AS (SELECT 1 UNION ALL SELECT 1 FROM read_text('/etc/passwd')) SELECT * FROM x`,
  `SELECT * FROM readings, LATERAL (SELECT * FROM read_text(readings.sensor))`,
  `SELECT * FROM readings JOIN read_text('/etc/passwd') ON true`,
  `SELECT * FROM readings JOIN readings AS r ON (SELECT true FROM read_text('/etc/passwd'))`,
  `SELECT 1 UNION SELECT content FROM read_text('/etc/passwd')`,
  `VALUES ((SELECT content FROM read_text('/etc/passwd')))`,
  `SELECT * FROM unnest((SELECT list(content) FROM read_text('/etc/passwd')))`,
  `SELECT list_transform([1], x -> (SELECT count(*) FROM read_text('/etc/passwd')))`,
  `SELECT * FROM query('SELECT 1')`,
  `SELECT * FROM query_table('readings')`,
  `SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))`,
  `SELECT * FROM duckdb_settings()`,
  `SELECT * FROM duckdb_secrets()`,
  `SELECT * FROM duckdb_views`,
  `SELECT * FROM information_schema.tables`,
  `SELECT * FROM pg_catalog.pg_class`,
  `SELECT * FROM sqlite_master`,
  `SELECT * FROM pragma_table_info('x')`,
  `SELECT * FROM temp.main."readings#1"`,
  `SELECT * FROM memory.main.x`,
  `SELECT * FROM (SHOW TABLES)`,
  `SELECT * FROM (SHOW ALL TABLES)`,
  `SELECT * FROM (DESCRIBE readings)`,
  `SELECT * FROM (SUMMARIZE readings)`,
  `SUMMARIZE readings`,
  `SHOW ALL TABLES`,
  `SHOW VARIABLES`,
  `DESCRIBE SELECT * FROM read_text('/etc/passwd')`,
  `SELECT current_setting('allowed_directories')`,
  `SELECT getvariable('x')`,
  `SELECT nextval('x')`,
  `SELECT write_log('x')`,
  `SELECT sleep_ms(100000)`,
  `SELECT pg_sleep(1000)`,
  `SELECT x.current_setting() FROM (SELECT 'threads' AS x) AS t`,
  `SELECT main.current_setting('threads')`,
  `SELECT system.main.current_setting('threads')`,
  `SELECT "current_setting"('threads')`,
  `SELECT CURRENT_SETTING('threads')`,
  `SELECT * FROM enable_logging(storage='file', storage_config={'path': '@/out.csv'})`,
  `CALL enable_logging(storage='file', storage_config={'path': '@/out.csv'})`,
  `SELECT $1`,
  `SELECT ?`,
  `SELECT * FROM readings AT (VERSION => 1)`,
  `PIVOT readings ON sensor USING sum(value)`,
  `SELECT * FROM readings UNPIVOT (v FOR n IN (value))`,
  `EXPLAIN SELECT 1`,
  `EXPLAIN ANALYZE SELECT 1`,
  `COPY (SELECT 1) TO '@/out.csv'`,
  `COPY readings FROM '@/secret.csv'`,
  `EXPORT DATABASE '@/out'`,
  `ATTACH '@/out.db'`,
  `ATTACH ':memory:' AS other`,
  `INSTALL httpfs`,
  `LOAD '@/x.duckdb_extension'`,
  `SET threads = 1`,
  `SET lock_configuration = false`,
  `RESET search_path`,
  `USE temp`,
  `PRAGMA database_list`,
  `CREATE TABLE x AS SELECT 1`,
  `CREATE TEMP VIEW x AS SELECT * FROM read_text('/etc/passwd')`,
  `CREATE MACRO f() AS 1`,
  `INSERT INTO readings VALUES (1)`,
  `DELETE FROM readings`,
  `UPDATE readings SET value = 1`,
  `DROP VIEW readings`,
  `BEGIN`,
  `CHECKPOINT`,
  `VACUUM`,
  `PREPARE x AS SELECT 1`,
  `EXECUTE x`,
  `WITH x AS (INSERT INTO y VALUES (1) RETURNING *) SELECT * FROM x`,
  `SELECT 1; COPY (SELECT 1) TO '@/out.csv'`,
  `SELECT 1); COPY (SELECT 1) TO '@/out.csv'; --`,
  `SELECT 1) AS a; COPY (SELECT 1) TO '@/out.csv'; SELECT * FROM (SELECT 1`,
  `SELECT * FROM readings FOR TIMESTAMP AS OF (SELECT max(size) FROM read_text('/etc/passwd'))`,
  `SELECT * FROM lake_realtime.readings FOR TIMESTAMP AS OF (SELECT now() FROM read_text('/etc/passwd'))`,
  `SELECT * FROM lake_realtime.readings FOR TIMESTAMP AS OF current_setting('threads')`,
  `SELECT * FROM lake_realtime.readings FOR TIMESTAMP AS OF (now()); COPY (SELECT 1) TO '@/out.csv'`,
  `SELECT * FROM lake_realtime.readings FOR TIMESTAMP AS OF (1)) AS TIMESTAMPTZ)); COPY (SELECT 1) TO '@/out.csv'; --`,
];

describe('a query cannot leave the lakehouse', () => {
  test.each(ESCAPES)('%s', async (sql) => {
    const error = await query.query(sql.replaceAll('@', lake.folder)).then(
      ({ rows }) => new Error(`was answered: ${JSON.stringify(rows).slice(0, 200)}`),
      (e: unknown) => e,
    );
    if (!isKind(error, 'refused', 'notFound', 'invalid')) throw error;
    expect(existsSync(join(lake.folder, 'out.csv'))).toBe(false);
  });

  test('after all of that queries are still answered', async () => {
    expect((await query.query('SELECT sensor FROM readings')).rows).toEqual([['X']]);
  });
});
