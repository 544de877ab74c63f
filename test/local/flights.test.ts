import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import lakehouse, { replays } from '../../examples/flights/lakehouse.ts';
import { compileLakehouse } from '../../src/engine/compile.ts';
import { asText } from '../../src/engine/row.ts';
import { openQuery } from '../../src/local/query.ts';
import { Runtime } from '../../src/local/runtime.ts';
import type { LakehouseQuery } from '../../src/serve/query.ts';
import { silentLog } from './support/log.ts';
import { expectJanuary, FLIGHTS, JANUARY } from './support/flights.ts';

describe('the flights example, a month at full speed', () => {
  let folder: string;
  let runtime: Runtime;
  let query: LakehouseQuery;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidemark-flights-'));
    const plan = await compileLakehouse(lakehouse);
    const settings = { integrateEveryMs: 500, batchingWindowMs: 100, threads: 2, speed: Infinity, port: 0 };
    runtime = await Runtime.start({ ...settings, folder, plan, base: FLIGHTS, log: silentLog, replays });
    query = openQuery(runtime.stores, plan);
    await runtime.replay();
    await runtime.settle();
  });
  afterAll(async () => {
    await query.close();
    await runtime.close();
    await rm(folder, { recursive: true, force: true });
  });

  const one = async (sql: string): Promise<unknown[]> => (await query.query(sql)).rows[0]!;

  test('Silver and Gold equal the independent SQL over the source files, row by row', () =>
    expectJanuary(runtime.stores.io));

  test('the unified view has every flight once, and what Silver has', async () => {
    expect(await one('SELECT count(*), count(DISTINCT flight_id) FROM flights')).toEqual(
      Array(2).fill(String(JANUARY.flights)),
    );
    const columns = 'flight_id, status, departure_delay, arrival_delay, temp, manufacturer';
    const differing = `SELECT count(*) FROM (SELECT ${columns} FROM flights EXCEPT SELECT ${columns} FROM flights_silver.flights)`;
    expect(await one(differing)).toEqual(['0']);
  });

  test('flights of planes that no list names stay, with nulls', async () => {
    const [unknown, all] = await one(
      `SELECT count_if(tailnum IS NOT NULL AND manufacturer IS NULL), count(*) FROM flights`,
    );
    expect(Number(unknown)).toBeGreaterThan(3_000);
    expect(Number(all)).toBe(JANUARY.flights);
  });

  test('the filtered table holds what its rule keeps, and the ledger says where the rest went', async () => {
    const kept = await one(
      `SELECT count(*) FROM flights_realtime.flight_activity WHERE event = 'departed' AND delay_minutes > 15`,
    );
    expect(await one('SELECT count(*) FROM flights_realtime.departure_delays')).toEqual(kept);
    const table = { database: 'flights_realtime', table: 'departure_delays' };
    const { ledger } = runtime.stores;
    const totals = { received: 0, written: 0, filtered: 0, quarantined: 0 };
    for (const shard of await ledger.intentShards(table))
      for (const { counts } of await ledger.intents(table, shard, '0'.repeat(56), 1_000_000))
        for (const key of Object.keys(totals) as (keyof typeof totals)[]) totals[key] += counts[key];
    expect(totals).toEqual({
      received: JANUARY.events,
      written: Number(kept[0]),
      filtered: JANUARY.events - Number(kept[0]),
      quarantined: 0,
    });
  });

  test('an alert fired once for each departure more than three hours late', async () => {
    const late = `SELECT count(*) FROM flights_realtime.flight_activity WHERE event = 'departed' AND delay_minutes > 180`;
    expect(await one(late)).toEqual([String(runtime.stores.notifier.count())]);
  });

  test('the hot store has the latest event of a flight', async () => {
    const [id, status] = await one('SELECT flight_id, status FROM flights ORDER BY flight_id LIMIT 1');
    const item = await runtime.stores.hotStore.get('flight_activity', String(id));
    expect(item?.row.event).toBe(status);
  });

  test('history answers as it was: flights only ever come to the versions of Silver', async () => {
    const { rows } = await query.query(
      'SELECT snapshot_id FROM flights_silver."flights$snapshots" ORDER BY committed_at',
    );
    const counts: number[] = [];
    for (const [id] of rows) {
      const [count] = await one(
        `SELECT count(*) FROM flights_silver.flights FOR VERSION AS OF ${asText(id)}`,
      );
      counts.push(Number(count));
    }
    expect(counts.length).toBeGreaterThan(1);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(counts.at(-1)).toBe(JANUARY.flights);
  });

  test('status tells what every table holds', async () => {
    const state = await runtime.state();
    const rows = Object.fromEntries(state.tables.map((t) => [`${t.layer}.${t.table}`, t.rows]));
    expect(rows).toMatchObject({
      'realtime.flight_activity': JANUARY.events,
      'silver.flights': JANUARY.flights,
      'silver.weather': JANUARY.observations,
      'ops.quarantine': 0,
    });
    expect(state.streams.map((s) => s.records)).toEqual([JANUARY.events, JANUARY.observations]);
    expect(state.tables[0]?.freshness?.p99).toBeGreaterThan(0);
  });
});
