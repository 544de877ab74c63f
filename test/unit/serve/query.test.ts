import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { LakehouseQuery } from '../../../src/serve/query.ts';
import { Lake } from './lake.ts';
import { flightsPlan } from './plans.ts';

let lake: Lake;
let query: LakehouseQuery;

beforeAll(async () => {
  lake = await Lake.open(flightsPlan());
  query = lake.query();
  await lake.put('airport_events', [{ code: 'JFK', version: '2024-01-01 00:00:00', name: 'Kennedy' }]);
  await lake.put('departures', [
    { flight_id: 'a', version: '2024-01-01 10:00:00', airport: 'JFK', delay: 5 },
    { flight_id: 'b', version: '2024-01-01 11:00:00', airport: 'LGA', delay: 0 },
  ]);
  await lake.integrate();
  await lake.put('departures', [
    { flight_id: 'a', version: '2024-01-01 12:00:00', airport: 'JFK', delay: 7 },
  ]);
  await lake.put('arrivals', [
    { flight_id: 'b', version: '2024-01-01 13:00:00', arrived: '2024-01-01 13:00:00' },
  ]);
});
afterAll(() => lake.close());

test('smoke', async () => {
  const r = await query.query('SELECT * FROM flights ORDER BY flight_id;');
  console.log(JSON.stringify(r, null, 1));
  console.log(JSON.stringify(await query.query(`SELECT * FROM "lake_silver"."flights$snapshots"`)));
  console.log(JSON.stringify(await query.query(`SELECT * FROM airport_delays`)));
});
