import { beforeAll, describe, expect, it } from '@jest/globals';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Plan, PlanGold } from '../../src/definition/plan.ts';
import { FAKE_PLAN } from './fake-plan.ts';

/** What the page's modules export, as far as it does not need a page. */
interface Modules {
  together: (table: PlanGold, measure: string) => 'sum' | 'min' | 'max' | 'avg';
  topSql: (plan: Plan, table: PlanGold, measure: string, series: string, limit: number) => string;
  lineSql: (
    plan: Plan,
    table: PlanGold,
    measure: string,
    series: string | undefined,
    lines: { values: string[]; others: boolean },
  ) => string;
  seconds: (value: unknown) => number;
  listsOf: (
    rows: unknown[][],
    o: { lines: number; within: number; empty: number | null },
  ) => (number | null)[][];
  examplesOf: (plan: Plan) => { label: string; sql: string }[];
  plain: (name: string) => string;
  bytes: (value: number) => string;
  span: (ms: number) => string;
  count: (value: number) => string;
}

const [carrierHour] = FAKE_PLAN.gold as [PlanGold];
const measured = (athena: string): PlanGold => ({
  ...carrierHour,
  measures: [{ name: 'm', expression: { athena, duckdb: athena } }],
});

describe('the page', () => {
  let page: Modules;
  let duckdb: DuckDBConnection;
  const values = async (sql: string) => (await duckdb.runAndReadAll(sql)).getRowsJson();

  beforeAll(async () => {
    const names = ['gold-sql', 'points', 'examples', 'sql', 'format'];
    const files = names.map((name) => path.resolve(import.meta.dirname, `../../console/${name}.js`));
    const modules = await Promise.all(
      files.map((file) => import(pathToFileURL(file).href) as Promise<object>),
    );
    page = Object.assign({}, ...modules) as Modules;
    duckdb = await (await DuckDBInstance.create(':memory:')).connect();
    await duckdb.run(`CREATE SCHEMA flights_gold; CREATE TABLE flights_gold.carrier_hour AS
      SELECT * FROM (VALUES
        ('UA', TIMESTAMP '2013-01-01 05:00:00', 4), ('B6', TIMESTAMP '2013-01-01 05:00:00', 3),
        ('it''s', TIMESTAMP '2013-01-01 05:00:00', 2), (NULL, TIMESTAMP '2013-01-01 08:00:00', 1),
        ('UA', TIMESTAMP '2013-01-01 08:00:00', 5)) t(carrier, hour, flights)`);
  });

  it.each([
    ['count(*)', 'sum'],
    ['CAST(count(*) AS bigint)', 'sum'],
    [`CAST(count_if(("status" = 'a) (b')) AS bigint)`, 'sum'],
    ['CAST(((sum("x"))) AS decimal(38, 2))', 'sum'],
    ['CAST(max("x") AS timestamp(3))', 'max'],
    ['min(x)', 'min'],
    ['CAST(avg("x") AS double)', 'avg'],
    ['CAST(count(DISTINCT "x") AS bigint)', 'avg'],
    ['CAST((CAST(sum("x") AS double) / CAST(count(*) AS double)) AS double)', 'avg'],
    ['sum(x) / count(*)', 'avg'],
    ['(sum(x)) - (sum(y))', 'avg'],
  ])('puts groups of %s together by %s', (athena, how) => {
    expect(page.together(measured(athena), 'm')).toBe(how);
  });

  it('asks for the largest groups, then for a column each and one for the rest', async () => {
    expect(await values(page.topSql(FAKE_PLAN, carrierHour, 'flights', 'carrier', 2))).toEqual([
      ['UA', '9'],
      ['B6', '3'],
    ]);
    const lines = { values: ["it's", 'UA'], others: true };
    expect(await values(page.lineSql(FAKE_PLAN, carrierHour, 'flights', 'carrier', lines))).toEqual([
      ['2013-01-01 08:00:00', null, 5, 1],
      ['2013-01-01 05:00:00', 2, 4, 3],
    ]);
    const total = page.lineSql(FAKE_PLAN, carrierHour, 'flights', undefined, { values: [], others: false });
    expect(await values(total)).toEqual([
      ['2013-01-01 08:00:00', 6],
      ['2013-01-01 05:00:00', 9],
    ]);
  });

  it.each([
    '2013-01-01',
    '2013-01-01 00:00:00',
    '2013-01-01 00:00:00.000',
    '2013-01-01T00:00:00Z',
    '2013-01-01 01:00:00+01',
  ])('reads the time %s as UTC', (text) => {
    expect(page.seconds(text)).toBe(Date.UTC(2013, 0, 1) / 1000);
  });

  it('fills missing steps, so that no line crosses a gap', () => {
    const rows = [
      ['1970-01-01 04:00:00', '4'],
      ['1970-01-01 01:00:00', '1'],
      ['1970-01-01 00:00:00', null],
    ];
    const within = Infinity;
    expect(page.listsOf(rows, { lines: 1, within, empty: 0 })).toEqual([
      [0, 3600, 7200, 10800, 14400],
      [0, 1, 0, 0, 4],
    ]);
    expect(page.listsOf(rows, { lines: 1, within, empty: null })[1]).toEqual([null, 1, null, null, 4]);
    expect(page.listsOf(rows, { lines: 1, within: 10, empty: 0 })).toEqual([[14400], [4]]);
    expect(page.listsOf([], { lines: 1, within, empty: 0 })).toEqual([[], []]);
  });

  it('offers examples made from the plan alone', () => {
    const examples = page.examplesOf(FAKE_PLAN).map((e) => e.sql.replaceAll('\n', ' '));
    expect(examples[0]).toBe('SELECT * FROM flights LIMIT 20');
    expect(examples[1]).toBe(
      'SELECT carrier, count(*) AS how_many FROM flights GROUP BY carrier ORDER BY how_many DESC LIMIT 20',
    );
    expect(examples).toContainEqual(expect.stringContaining('FROM flights_realtime.flight_activity'));
    expect(examples).toContainEqual(
      expect.stringContaining('FROM flights_gold.carrier_hour ORDER BY hour DESC'),
    );
    expect(examples.at(-1)).toContain('FROM flights_ops.quarantine');
    expect(page.examplesOf({ ...FAKE_PLAN, silver: [], gold: [], realtime: [] })).toHaveLength(1);
  });

  it('quotes the names that need it', () => {
    expect(['carrier', 'order', 'Mixed', 'a"b'].map(page.plain)).toEqual([
      'carrier',
      '"order"',
      '"Mixed"',
      '"a""b"',
    ]);
  });

  it('writes numbers as people read them', () => {
    expect([0, 999, 1500, 48_000_000, 2.5e12].map(page.bytes)).toEqual([
      '0 B',
      '999 B',
      '1.5 kB',
      '48 MB',
      '2.5 TB',
    ]);
    expect([42, 1400, 61_000, 12_000_000].map(page.span)).toEqual(['42 ms', '1.4 s', '1 min', '3 h 20 min']);
    expect([12_345_678, 1.2345e9].map(page.count)).toEqual(['12,345,678', '1.235B']);
  });
});
