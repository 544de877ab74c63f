import { DuckDBInstance, type DuckDBConnection, type Json } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { join } from 'node:path';
import {
  expectedCarrierHourSql,
  expectedFlightsSql,
  expectedRouteDaySql,
} from '../../examples/flights/oracle.ts';
import { committedSources } from '../../examples/flights/sources.ts';

const data = join(process.cwd(), 'examples/flights/data');
const sources = committedSources(data, { year: 2013, month: 1 });
let instance: DuckDBInstance;
let connection: DuckDBConnection;

const rows = async (sql: string): Promise<Record<string, Json>[]> =>
  (await connection.runAndReadAll(sql)).getRowObjectsJson();

beforeAll(async () => {
  instance = await DuckDBInstance.create(':memory:');
  connection = await instance.connect();
  // A zone far from the data's: the answers must not depend on the session.
  await connection.run(`SET TimeZone = 'Asia/Tokyo'`);
  await connection.run(`CREATE TABLE flights AS ${expectedFlightsSql(sources)}`);
  await connection.run(`CREATE TABLE carrier_hour AS ${expectedCarrierHourSql(sources)}`);
  await connection.run(`CREATE TABLE route_day AS ${expectedRouteDaySql(sources)}`);
});
afterAll(() => {
  connection.closeSync();
  instance.closeSync();
});

test('January has its known counts', async () => {
  expect(
    await rows(`
      SELECT count(*)::INT AS flights, count(DISTINCT flight_id)::INT AS ids, count(actual_departure)::INT AS departed,
             count(actual_arrival)::INT AS arrived, (count(*) FILTER (status = 'cancelled'))::INT AS cancelled,
             (count(*) FILTER (status = 'diverted'))::INT AS diverted, (count(*) FILTER (airline IS NULL))::INT AS airlineless,
             (count(*) FILTER (temp IS NULL))::INT AS weatherless
      FROM flights`),
  ).toEqual([
    {
      flights: 27_004,
      ids: 27_004,
      departed: 26_483,
      arrived: 26_398,
      cancelled: 521,
      diverted: 85,
      airlineless: 0,
      weatherless: 52,
    },
  ]);
});

test('Gold adds up to Silver', async () => {
  for (const table of ['carrier_hour', 'route_day']) {
    expect([
      table,
      await rows(
        `SELECT sum(flights)::INT f, sum(departures)::INT d, sum(cancellations)::INT c FROM ${table}`,
      ),
    ]).toEqual([table, [{ f: 27_004, d: 26_483, c: 521 }]]);
  }
  expect(
    await rows(`SELECT count(*)::INT n FROM carrier_hour WHERE departures = 0 AND share_late IS NOT NULL`),
  ).toEqual([{ n: 0 }]);
});

test('the events tell the same story as the oracle, every row and column', async () => {
  const events = `read_json('${data}/events-2013-01.ndjson.gz', format = 'newline_delimited')`;
  const weather = `read_json('${data}/weather-2013-01.ndjson.gz', format = 'newline_delimited')`;
  const csv = (name: string): string => `read_csv('${data}/${name}.csv', header = true)`;
  const at = (kind: string, column: string): string => `any_value(${column}) FILTER (event = '${kind}')`;
  await connection.run(`
    CREATE TABLE told AS
    WITH folded AS (
      SELECT flight_id, any_value(carrier) carrier, any_value(flight) flight, any_value(tailnum) tailnum,
             any_value(origin) origin, any_value(dest) dest,
             ${at('scheduled', 'scheduled_departure')}::TIMESTAMP scheduled_departure,
             ${at('scheduled', 'scheduled_arrival')}::TIMESTAMP scheduled_arrival,
             ${at('scheduled', 'distance')} distance,
             ${at('departed', 'event_time')}::TIMESTAMP actual_departure,
             ${at('departed', 'delay_minutes')} departure_delay,
             ${at('arrived', 'event_time')}::TIMESTAMP actual_arrival,
             ${at('arrived', 'delay_minutes')} arrival_delay,
             ${at('arrived', 'air_time_minutes')} air_time_minutes,
             arg_max(event, event_time) status
      FROM ${events} GROUP BY flight_id)
    SELECT flight_id, carrier, airline.name airline, flight, tailnum, manufacturer, model, seats, folded.origin, dest,
           airport.name dest_name, scheduled_departure, scheduled_arrival, distance, actual_departure, departure_delay,
           actual_arrival, arrival_delay, air_time_minutes, status, temp, wind_speed, precip, visib
    FROM folded
    LEFT JOIN ${csv('airlines')} airline USING (carrier)
    LEFT JOIN ${csv('planes')} plane USING (tailnum)
    LEFT JOIN ${csv('airports')} airport ON airport.faa = dest
    LEFT JOIN ${weather} weather
      ON weather.origin = folded.origin AND weather.observed_at::TIMESTAMP = date_trunc('hour', scheduled_departure)`);
  expect(await rows('SELECT count(*)::INT n FROM told')).toEqual([{ n: 27_004 }]);
  expect(await rows('SELECT * FROM (FROM flights EXCEPT FROM told) LIMIT 3')).toEqual([]);
  expect(await rows('SELECT * FROM (FROM told EXCEPT FROM flights) LIMIT 3')).toEqual([]);
});
