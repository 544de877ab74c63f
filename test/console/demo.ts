import { DuckDBInstance } from '@duckdb/node-api';
import path from 'node:path';
import type { QueryResult } from '../../src/local/console-server.ts';
import { startConsole } from '../../src/local/console-server.ts';
import type { Json } from '../../src/ports/effects.ts';
import { FakeLakehouse } from './fake-lakehouse.ts';
import { FAKE_PLAN } from './fake-plan.ts';

// The console over a lakehouse that is made up, except that SQL runs over a month of true flights:
//   node test/console/demo.mjs [port]

const folder = process.argv[2] ?? '.';
const port = Number(process.argv[3] ?? 4680);
const data = path.join(folder, 'examples/flights/data');
const connection = await (await DuckDBInstance.create(':memory:')).connect();
for (const layer of ['', '_realtime', '_silver', '_gold', '_ops'])
  await connection.run(`CREATE SCHEMA flights${layer}`);
await connection.run(`
  CREATE TABLE progress AS SELECT TIMESTAMP '2013-01-01' AS "at";
  CREATE TABLE flights_realtime.flight_activity AS
    SELECT *, 'shardId-000000000000' AS _shard, event_time AS _arrived_at FROM read_json('${data}/events-2013-01.ndjson.gz');
  CREATE TABLE all_flights AS
    SELECT flight_id, carrier, name AS airline, origin, any_value(dest) AS dest,
      any_value(scheduled_departure)::TIMESTAMP AS scheduled_departure, max_by(event, event_time) AS status,
      max(delay_minutes) FILTER (WHERE event = 'departed')::INT AS departure_delay
    FROM flights_realtime.flight_activity JOIN read_csv('${data}/airlines.csv') USING (carrier)
    GROUP BY ALL;
  CREATE VIEW flights.flights AS FROM all_flights WHERE scheduled_departure <= (SELECT max("at") FROM memory.main.progress);
  CREATE VIEW flights_silver.flights AS FROM flights.flights;
  CREATE VIEW flights_gold.carrier_hour AS
    SELECT carrier, airline, date_trunc('hour', scheduled_departure) AS hour, count(*) AS flights,
      count(*) FILTER (WHERE status = 'cancelled') AS cancellations, avg(departure_delay) AS mean_departure_delay,
      max(departure_delay) AS worst_departure_delay, avg((departure_delay > 15)::INT) AS share_late
    FROM flights.flights GROUP BY ALL;
  CREATE VIEW flights_gold.route_day AS
    SELECT origin, dest, scheduled_departure::DATE AS day, count(*) AS flights, avg(departure_delay) AS mean_departure_delay
    FROM flights.flights GROUP BY ALL;
  CREATE TABLE flights_ops.quarantine AS
    SELECT 'flight_events' AS stream, 'one_of' AS reason, 'event: "boarding" is not one of its values' AS message,
      'UA' AS partition_key, now()::TIMESTAMP AS _arrived_at FROM range(20);
  SET search_path = 'flights'`);

const lakehouse = new FakeLakehouse(FAKE_PLAN, Date.now(), Number(process.env.RATE ?? 840));

async function query(sql: string): Promise<QueryResult> {
  const at = new Date(Date.UTC(2013, 0, 1) + lakehouse.progress(Date.now()) * 31 * 86_400_000).toISOString();
  await connection.run(`UPDATE memory.main.progress SET "at" = '${at.replace('Z', '')}'`);
  const result = await connection.runAndReadUntil(sql, 2001);
  const types = result.columnTypes();
  const rows = result.getRowsJson().slice(0, 2000) as Json[][];
  const columns = result.columnNames().map((name, i) => ({ name, type: String(types[i]) }));
  return { columns, rows, truncated: result.currentRowCount > 2000 };
}

const quiet = () => undefined;
const running = await startConsole({
  port,
  state: () => Promise.resolve(lakehouse.state(Date.now())),
  plan: FAKE_PLAN,
  query,
  onAlert: (listener) => lakehouse.onAlert(listener),
  log: { debug: quiet, info: quiet, warn: console.warn, error: console.error },
  assets: path.join(folder, 'console'),
});
setInterval(() => lakehouse.fire(Date.now()), 3000);
console.log(`${running.url} shows a lakehouse that is made up`);
