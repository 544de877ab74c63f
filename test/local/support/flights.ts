import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from '@jest/globals';
import {
  expectedCarrierHourSql,
  expectedFlightsSql,
  expectedRouteDaySql,
} from '../../../examples/flights/oracle.ts';
import { committedSources } from '../../../examples/flights/sources.ts';
import type { TableIo } from '../../../src/iceberg/index.ts';
import { compare, liveSql, withSession } from './compare.ts';

export const FLIGHTS = fileURLToPath(new URL('../../../examples/flights', import.meta.url));
export const DEFINITION = join(FLIGHTS, 'lakehouse.ts');
/** Facts of January 2013, counted in the source data. */
export const JANUARY = { flights: 27_004, events: 80_491, observations: 2_226 };

const TABLES = [
  { database: 'flights_silver', table: 'flights', expected: expectedFlightsSql },
  { database: 'flights_gold', table: 'carrier_hour', expected: expectedCarrierHourSql },
  { database: 'flights_gold', table: 'route_day', expected: expectedRouteDaySql },
];

/** Holds Silver and Gold against the independent SQL over the source files: every row, every measure. */
export async function expectJanuary(io: TableIo): Promise<void> {
  const sources = committedSources(join(FLIGHTS, 'data'), { year: 2013, month: 1 });
  await withSession(async (session) => {
    for (const { expected, ...name } of TABLES) {
      const difference = await compare(session, await liveSql(io, name), expected(sources));
      expect({ ...name, ...difference }).toMatchObject({ ...name, extra: [], missing: [] });
      expect(difference.actual).toBeGreaterThan(5_000);
    }
    await expectNothingTwice(session, io);
  });
}

async function expectNothingTwice(session: Parameters<typeof compare>[0], io: TableIo): Promise<void> {
  const activity = await liveSql(io, { database: 'flights_realtime', table: 'flight_activity' });
  const [counts] = await session.rows(
    `SELECT count(*) AS n, count(DISTINCT (_shard, _seq, _sub)) AS positions,
      count(DISTINCT (flight_id, event)) AS events FROM (${activity})`,
  );
  const events = String(JANUARY.events);
  expect(counts).toEqual({ n: events, positions: events, events });
  const weather = await liveSql(io, { database: 'flights_silver', table: 'weather' });
  expect(await session.rows(`SELECT count(*) AS n FROM (${weather})`)).toEqual([
    { n: String(JANUARY.observations) },
  ]);
}
