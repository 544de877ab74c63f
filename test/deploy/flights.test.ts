import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import lakehouse from '../../examples/flights/lakehouse.ts';
import { compileLakehouse } from '../../src/engine/compile.ts';
import { tablesOf } from '../../src/definition/tables.ts';
import { changedDefinition, FLIGHT_AS_TEXT, GATE_AND_AIR_TIME } from './support/changed-definition.ts';
import type { StackOutputs } from './support/cdk.ts';
import { expectGates, expectTables } from './support/expect-tables.ts';
import { flightEvents, observations } from './support/flights-days.ts';
import { mappingsOf } from './support/functions.ts';
import { put, type Produced } from './support/records.ts';
import { countOf, eventually, named, rowsOf, untilRows } from './support/rows.ts';
import { Site } from './support/site.ts';
import { subscribe, type Subscription } from './support/subscription.ts';
import { execute, stateMachine } from './support/state-machine.ts';
import { viewsOf } from './support/views.ts';

const ACTIVITY = named('flights_realtime', 'flight_activity');
const WEATHER = named('flights_realtime', 'weather');
const QUARANTINE = named('flights_ops', 'quarantine');
const FLIGHTS = named('flights_silver', 'flights');
/** What bootstrapping leaves, and the stacks of the example. */
const TOOLKIT = 'CDKToolkit';
const STACKS = ['flights-data', 'flights-operations', 'flights-pipeline'];
const COMMIT_MS = 90_000;
/** The schedule starts a run each minute, and one may be under way. */
const SCHEDULE_MS = 200_000;

describe('cdk deploy, and the flights example in every table', () => {
  let site: Site;
  let outputs: StackOutputs;
  let alerts: Subscription;
  const sent = { events: 0, weather: 0 };

  beforeAll(async () => {
    site = await Site.open();
  });
  afterAll(() => site.close());

  const output = (name: string): string => outputs['flights-pipeline']![name]!;
  const send = async (events: Produced[], weather: Produced[]): Promise<void> => {
    await put(site.kinesis, output('Streamflightevents'), events);
    await put(site.kinesis, output('Streamweatherobservations'), weather);
    sent.events += events.length;
    sent.weather += weather.length;
    await site.settled();
    await untilRows(site.io, ACTIVITY, sent.events, COMMIT_MS);
    await untilRows(site.io, WEATHER, sent.weather, COMMIT_MS);
  };

  test('a bootstrapped account takes all stacks', async () => {
    await site.cdk.bootstrap();
    outputs = await site.cdk.deploy();
    expect((await site.calls.stacks()).sort()).toEqual([TOOLKIT, ...STACKS]);
  });

  test('every table of the plan is there, empty, with the columns of the plan', async () => {
    for (const { name, columns } of tablesOf(await compileLakehouse(lakehouse)))
      expect(
        await rowsOf(site.io, name, `SELECT ${columns.map((c) => `"${c.name}"`).join(', ')} FROM t`),
      ).toEqual([]);
  });

  test('event source mappings lose nothing: no end of retries and age, batches in halves, partial answers', async () => {
    const mappings = await mappingsOf(site.calls, 'kinesis');
    expect(mappings).toHaveLength(2);
    for (const mapping of mappings) {
      expect(mapping).toMatchObject({
        StartingPosition: 'TRIM_HORIZON',
        MaximumRetryAttempts: -1,
        BisectBatchOnFunctionError: true,
        FunctionResponseTypes: ['ReportBatchItemFailures'],
      });
      expect(mapping.DestinationConfig?.OnFailure?.Destination).toMatch(/^arn:aws:s3:::.*-failures$/);
    }
  });

  test('records put with the SDK are in the real-time tables once, and those that break their contract in quarantine', async () => {
    alerts = await subscribe(site.calls, site.sns, 'flights-operations');
    await site.pumpAll();
    const broken: Produced[] = [
      { key: 'a', record: { flight_id: 'no event' } },
      { key: 'b', record: { ...(await flightEvents(1, 1))[0]!.record, delay_minutes: 'many' } },
    ];
    await put(site.kinesis, output('Streamflightevents'), broken);
    await send(await flightEvents(1, 2), await observations(1, 2));
    const [distinct] = await rowsOf(
      site.io,
      ACTIVITY,
      'SELECT count(DISTINCT (_shard, _seq, _sub)) AS positions, count(DISTINCT (flight_id, event)) AS events FROM t',
    );
    expect(distinct).toEqual({ positions: String(sent.events), events: String(sent.events) });
    await untilRows(site.io, QUARANTINE, broken.length, COMMIT_MS);
    const kept = await countOf(site.io, ACTIVITY, `event = 'departed' AND delay_minutes > 15`);
    expect(await countOf(site.io, named('flights_realtime', 'departure_delays'))).toBe(kept);
  });

  test('the ledger says where every record went', async () => {
    const totals = { received: 0, written: 0, filtered: 0, quarantined: 0 };
    for (const shard of await site.ledger.intentShards(ACTIVITY))
      for (const { counts } of await site.ledger.intents(ACTIVITY, shard, '0'.repeat(56), 1_000_000))
        for (const key of Object.keys(totals) as (keyof typeof totals)[]) totals[key] += counts[key];
    expect(totals).toEqual({ received: sent.events + 2, written: sent.events, filtered: 0, quarantined: 2 });
  });

  test('the hot store has the latest event of a flight', async () => {
    const [last] = (await rowsOf(
      site.io,
      ACTIVITY,
      'SELECT flight_id, max_by(event, _ord) AS event FROM t GROUP BY flight_id ORDER BY flight_id LIMIT 1',
    )) as [{ flight_id: string; event: string }];
    expect((await site.hotStore.get('flight_activity', last.flight_id))?.row.event).toBe(last.event);
  });

  test('subscribers of the topic were told once of each departure more than three hours late', async () => {
    const late = `event = 'departed' AND delay_minutes > 180`;
    const flights = await rowsOf(site.io, ACTIVITY, `SELECT flight_id FROM t WHERE ${late}`);
    expect(flights.length).toBeGreaterThan(0);
    const told = await alerts.messages();
    expect(
      told.map((text) => (JSON.parse(text) as { row: { flight_id: string } }).row.flight_id).sort(),
    ).toEqual(flights.map((row) => row.flight_id).sort());
  });

  test('a run of the state machine brings them into Silver and Gold, as the independent SQL has it', async () => {
    await execute(site.calls, await stateMachine(site.calls, 'integration'), 120_000);
    await expectTables(site.io, 2);
  });

  test('a later run merges the next day', async () => {
    await send(await flightEvents(3, 3), await observations(3, 3));
    await execute(site.calls, await stateMachine(site.calls, 'integration'), 120_000);
    await expectTables(site.io, 3);
  });

  test('the views are in Glue as Athena reads them', async () => {
    const views = await viewsOf(site.calls, 'flights');
    expect(views.map((v) => v.name).sort()).toEqual(['carrier_hour', 'flights', 'route_day', 'weather']);
    for (const view of views) {
      expect(view).toMatchObject({ catalog: 'awsdatacatalog', schema: 'flights', runAsInvoker: true });
      expect(view.originalSql).toMatch(/flights_(silver|gold)/);
      expect(view.columns.map((c) => c.name)).toEqual(view.hiveColumns.map((c) => c.name));
    }
  });

  test('a changed definition is an update: columns are added, nothing is lost, and the schedule integrates', async () => {
    const changed = await changedDefinition(GATE_AND_AIR_TIME);
    try {
      await site.stopPumps();
      const cdk = site.cdk.with({
        'tidemark:definition': changed.path,
        'tidemark:integrate.enabled': 'true',
      });
      outputs = await cdk.deploy();
    } finally {
      await changed.remove();
    }
    expect(await countOf(site.io, ACTIVITY)).toBe(sent.events);
    await expectTables(site.io, 3);
    await site.pumpAll();
    const events = (await flightEvents(4, 4)).map(({ key, record }) => ({
      key,
      record: record.event === 'departed' ? { ...record, gate: `G${String(record.flight)}` } : record,
    }));
    await send(events, await observations(4, 4));
    await eventually(SCHEDULE_MS, () => expectTables(site.io, 4));
    await expectGates(site.io, '2013-01-04');
    const columns = new Map(
      (await viewsOf(site.calls, 'flights')).map((v) => [v.name, v.columns.map((c) => c.name)]),
    );
    expect(columns.get('flights')).toContain('gate');
    expect(columns.get('route_day')).toContain('longest_in_air');
  });

  test('a change that rows cannot follow is refused, and everything is as it was', async () => {
    const changed = await changedDefinition([...GATE_AND_AIR_TIME, ...FLIGHT_AS_TEXT]);
    try {
      await expect(site.cdk.with({ 'tidemark:definition': changed.path }).deploy()).rejects.toThrow(
        /flight is int/,
      );
    } finally {
      await changed.remove();
    }
    await expectTables(site.io, 4);
    // The functions of the plan before take records again: redelivered ones once more, and a new one.
    await site.pumpAll();
    const again = (await flightEvents(5, 5)).slice(0, 10);
    await send(again, []);
  });

  test('after destroy the data is there: bucket, catalog, ledger and streams', async () => {
    await site.stopPumps();
    const before = await countOf(site.io, FLIGHTS);
    await site.cdk.destroy();
    expect(await site.calls.stacks()).toEqual([TOOLKIT]);
    expect(await mappingsOf(site.calls, 'kinesis')).toEqual([]);
    expect(await countOf(site.io, FLIGHTS)).toBe(before);
    expect(await countOf(site.io, ACTIVITY)).toBe(sent.events);
    expect((await site.ledger.intentShards(ACTIVITY)).length).toBe(2);
    const [shard] = await site.stream.shards('flights-flight_events');
    const limit = { records: 10, bytes: 1_000_000 };
    const read = await site.stream.read('flights-flight_events', shard!.shardId, '0'.repeat(56), limit);
    expect(read.records.length).toBeGreaterThan(0);
  });
});
