import { expect } from '@jest/globals';
import type { TableIo } from '../../../src/iceberg/index.ts';
import { compare, liveSql, withSession } from '../../local/support/compare.ts';
import { withExpected, type Expected } from './flights-days.ts';
import { named, rowsOf } from './rows.ts';

const FLIGHTS = named('flights_silver', 'flights');
const ROUTE_DAY = named('flights_gold', 'route_day');
const TABLES: [ReturnType<typeof named>, keyof Expected][] = [
  [FLIGHTS, 'flights'],
  [named('flights_gold', 'carrier_hour'), 'carrierHour'],
  [ROUTE_DAY, 'routeDay'],
];

/** Silver and Gold hold what the example's independent SQL makes of the source: every row, every column. */
export async function expectTables(io: TableIo, lastDay: number): Promise<void> {
  await withExpected(lastDay, (expected) =>
    withSession(async (session) => {
      for (const [name, sql] of TABLES) {
        const { extra, missing, ...counts } = await compare(session, await liveSql(io, name), expected[sql]);
        const wanted = { actual: counts.expected, expected: counts.expected };
        expect({ name, ...counts, extra, missing }).toEqual({ name, ...wanted, extra: [], missing: [] });
        expect(counts.expected).toBeGreaterThan(200);
      }
    }),
  );
}

/** After the change of the definition: the new column where events since `day` brought it, the new measure over them. */
export async function expectGates(io: TableIo, day: string): Promise<void> {
  const [gates] = await rowsOf(
    io,
    FLIGHTS,
    `SELECT count(gate) FILTER (flight_id < '${day}') AS before, count(gate) FILTER (flight_id >= '${day}') AS since,
      count(actual_departure) FILTER (flight_id >= '${day}') AS departed FROM t`,
  );
  expect(gates).toMatchObject({ before: '0', since: gates!.departed });
  expect(Number(gates!.departed)).toBeGreaterThan(500);

  const groups = `SELECT origin, dest, CAST(scheduled_departure AS DATE) AS day, max(air_time_minutes) AS longest_in_air,
    bool_or(flight_id >= '${day}') AS touched FROM (${await liveSql(io, FLIGHTS)}) GROUP BY ALL`;
  const measured = 'SELECT origin, dest, day, longest_in_air FROM';
  const gold = `${measured} (${await liveSql(io, ROUTE_DAY)}) AS g SEMI JOIN (${groups}) AS s
    ON s.touched AND (s.origin, s.dest, s.day) = (g.origin, g.dest, g.day)`;
  await withSession(async (session) => {
    const difference = await compare(session, gold, `${measured} (${groups}) WHERE touched`);
    expect(difference).toMatchObject({ extra: [], missing: [] });
    expect(difference.expected).toBeGreaterThan(100);
  });
}
