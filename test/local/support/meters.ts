import { expect } from '@jest/globals';
import { column, defineLakehouse, sql } from '../../../src/definition/index.ts';
import type { TableName } from '../../../src/ports/catalog.ts';
import type { Lake } from './lake.ts';

/** A lakehouse with a filter, a hot key, an alert, an upsert and an aggregate, for tests about failures. */
export const meters = defineLakehouse('meters', {
  streams: {
    readings: {
      columns: { meter: column.string(), at: column.timestamp(), watts: column.int({ min: 0 }) },
      eventTime: 'at',
    },
  },
  realtime: {
    usage: { from: 'readings', hotKey: ['meter'] },
    peaks: { from: 'readings', where: sql`watts > 1000` },
  },
  silver: { latest: { mode: 'upsert', from: 'usage', key: ['meter'] } },
  gold: {
    totals: {
      from: 'latest',
      groupBy: { high: sql`watts > 50` },
      measures: { meters: sql`count(*)`, watts: sql`sum(watts)` },
    },
  },
  alerts: { huge: { from: 'usage', when: sql`watts > 900`, notify: 'ops' } },
});

export const USAGE: TableName = { database: 'meters_realtime', table: 'usage' };
export const LATEST: TableName = { database: 'meters_silver', table: 'latest' };
export const SHARD = 'shardId-000000000000';
let tick = 0;
export const reading = (meter: number, watts: number): object => ({
  meter: `m${meter}`,
  at: new Date(Date.UTC(2026, 0, 1) + tick++ * 1000).toISOString(),
  watts,
});
export const readings = (count: number): object[] =>
  Array.from({ length: count }, (_, i) => reading(i % 5, i));

/** Everything put is in the table once, in Silver as its newest, in Gold as its sum; nothing is in quarantine. */
export async function expectWhole(lake: Lake, expected: number): Promise<void> {
  await lake.settle();
  const [usage] = await lake.rows(
    'SELECT count(*)::INT AS n, count(DISTINCT (_shard, _seq, _sub))::INT AS once FROM {meters_realtime.usage}',
  );
  expect(usage).toEqual({ n: expected, once: expected });
  const newest = `SELECT meter, watts FROM {meters_realtime.usage} QUALIFY row_number() OVER (PARTITION BY meter ORDER BY _ord DESC) = 1`;
  expect(await lake.rows('SELECT meter, watts FROM {meters_silver.latest} ORDER BY 1')).toEqual(
    await lake.rows(`SELECT * FROM (${newest}) ORDER BY 1`),
  );
  const totals = 'high, meters::INT AS meters, watts::INT AS watts FROM';
  expect(await lake.rows(`SELECT ${totals} {meters_gold.totals} ORDER BY 1`)).toEqual(
    await lake.rows(
      `SELECT watts > 50 AS high, count(*)::INT AS meters, sum(watts)::INT AS watts FROM {meters_silver.latest} GROUP BY 1 ORDER BY 1`,
    ),
  );
  expect(await lake.rows('SELECT count(*)::INT AS n FROM {meters_ops.quarantine}')).toEqual([{ n: 0 }]);
}
