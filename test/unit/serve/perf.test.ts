import { test } from '@jest/globals';
import { Lake, seqOf } from './lake.ts';
import { flightsPlan } from './plans.ts';
import { silverTable, realtimeTable } from '../../../src/definition/tables.ts';
test('perf', async () => {
  const plan = flightsPlan();
  const lake = await Lake.open(plan);
  const n = 2_000_000;
  for (let i = 0; i < 10; i++)
    await lake.append(silverTable(plan, 'flights'), `SELECT 'k' || lpad((r+${i*n/10})::varchar,8,'0') AS flight_id, 'AP'||(r%300) AS airport, r::BIGINT AS delay, NULL::TIMESTAMP arrived, NULL::VARCHAR note, NULL::VARCHAR airport_name, '2024-01-01 00:00:00/s0/' || lpad(r::varchar,56,'0') || '/0000000' AS _ord_departure, NULL::VARCHAR AS _ord_arrival, NULL::VARCHAR AS _ord_remark, false AS _deleted FROM range(${n/10}) t(r)`, { source: 'departures', shard: 's0', to: seqOf(1000) });
  await lake.append(silverTable(plan, 'airports'), `SELECT 'AP'||r AS code, TIMESTAMP '2024-01-01' AS version, 'n'||r AS name, '1' AS _ord, false AS _deleted FROM range(300) t(r)`, undefined);
  for (let i = 0; i < 100; i++)
    await lake.append(realtimeTable(plan, 'departures'), `SELECT 'k' || lpad((r*97+${i*20000})::varchar,8,'0') AS flight_id, TIMESTAMP '2024-01-02' AS version, 'AP1' AS airport, r::INT AS delay, NULL note, NULL op, 's0' AS _shard, lpad((${i*200}+r+${i < 50 ? 0 : 2000})::varchar,56,'0') AS _seq, 0 AS _sub, TIMESTAMP '2024-01-02' AS _arrived_at, '2024-01-02 00:00:00/s0/' AS _ord FROM range(200) t(r)`, { source: 'departures_events', shard: 's0', to: seqOf(200000) });
  const q = lake.query();
  const time = async (sql: string) => { for (let k = 0; k < 3; k++) { const t = performance.now(); const r = await q.query(sql); if (k > 0) console.log(Math.round(performance.now() - t), 'ms', sql, JSON.stringify(r.rows).slice(0, 100)); } };
  await time('SELECT 1');
  await time('SELECT count(*) FROM lake_realtime.departures');
  await time('SELECT count(*), sum(delay) FROM lake_silver.flights');
  await time('SELECT count(*), sum(delay) FROM flights');
  await time('SELECT airport_name, count(*) FROM flights GROUP BY 1 ORDER BY 2 DESC LIMIT 3');
  await time(`SELECT * FROM flights WHERE flight_id = 'k00000097'`);
  await time(`SELECT count(*) FROM flights WHERE delay = 7`);
  await lake.close();
});
