import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Engine, type Session } from '../../../src/engine/session.ts';
import type { Row } from '../../../src/ports/effects.ts';
import { athenaViews } from '../../../src/serve/athena-views.ts';
import type { Dialect } from '../../../src/serve/unified-view.ts';
import { MergeModel, ordOf, type Event } from './merge-model.ts';
import { flightsPlan } from './plans.ts';

let engine: Engine;
let session: Session;
const plan = flightsPlan();

beforeAll(async () => {
  engine = await Engine.open({ threads: 1 });
  session = await engine.session();
});
afterAll(() => engine.close());

const SHARDS = ['s0', 's1'];
const key = fc.constantFrom('k1', 'k2', 'k3');
const orNull = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { freq: 4 });

const columns: Record<string, fc.Arbitrary<Record<string, string | number | null>>> = {
  departures: fc.record({
    flight_id: key,
    airport: orNull(fc.constantFrom('JFK', 'LGA')),
    delay: orNull(fc.integer({ min: 0, max: 9 })),
    op: fc.constantFrom('U', 'U', 'U', 'D'),
    note: orNull(fc.constantFrom('x', 'y')),
  }),
  arrivals: fc.record({
    flight_id: key,
    arrived: orNull(fc.constantFrom('2024-01-01 01:00:00', '2024-01-01 02:00:00')),
  }),
  airport_events: fc.record({
    code: fc.constantFrom('JFK', 'LGA'),
    name: orNull(fc.constantFrom('one', 'two', 'three')),
    op: fc.constantFrom('U', 'U', 'D'),
  }),
  readings: fc.record({ sensor: key, value: orNull(fc.integer({ min: 0, max: 5 })) }),
};

interface Step {
  silver: string;
  cut: Record<string, number>;
  trim: boolean;
}

const MAX = 24;
const cutOf = fc.record({ s0: fc.integer({ min: 0, max: MAX }), s1: fc.integer({ min: 0, max: MAX }) });

function scenario(
  tables: string[],
  silver: string[],
): fc.Arbitrary<{ events: Event[]; steps: Step[]; share: number | undefined; dialect: Dialect }> {
  const event = fc.constantFrom(...tables).chain((table) =>
    fc.record({
      table: fc.constant(table),
      shard: fc.constantFrom(...SHARDS),
      version: fc.integer({ min: 0, max: 5 }),
      columns: columns[table]!,
    }),
  );
  return fc.record({
    events: fc
      .array(event, { maxLength: MAX })
      .map((events) => events.map((e, i): Event => ({ ...e, seq: i + 1 }))),
    steps: fc.array(fc.record({ silver: fc.constantFrom(...silver), cut: cutOf, trim: fc.boolean() }), {
      maxLength: 5,
    }),
    share: fc.constantFrom(undefined, 0, 0.5, 1),
    // Where an expression is the same for both engines, DuckDB reads Athena's text too.
    dialect: fc.constantFrom<Dialect>('duckdb', 'athena'),
  });
}

function newest(events: readonly Event[], keyColumn: string): Map<string, Event> {
  const latest = new Map<string, Event>();
  for (const event of events) {
    const id = String(event.columns[keyColumn]);
    const held = latest.get(id);
    if (!held || ordOf(event) > ordOf(held)) latest.set(id, event);
  }
  return latest;
}

const alive = (latest: Map<string, Event>): [string, Event][] =>
  [...latest].filter(([, e]) => e.columns.op !== 'D');

function expectedAirports(events: readonly Event[]): Row[] {
  const latest = newest(
    events.filter((e) => e.table === 'airport_events'),
    'code',
  );
  return alive(latest).map(([code, e]) => ({
    code,
    version: `2024-01-01 00:00:0${e.version}`,
    name: e.columns.name!,
  }));
}

function expectedFlights(events: readonly Event[]): Row[] {
  const departed = newest(
    events.filter((e) => e.table === 'departures'),
    'flight_id',
  );
  const arrived = newest(
    events.filter((e) => e.table === 'arrivals' && e.columns.arrived !== null),
    'flight_id',
  );
  const noted = newest(
    events.filter((e) => e.table === 'departures' && e.columns.note !== null),
    'flight_id',
  );
  const airports = new Map(expectedAirports(events).map((a) => [a.code, a.name as string | null]));
  return alive(departed).map(([id, { columns: c }]) => ({
    flight_id: id,
    airport: c.airport!,
    delay: c.delay === null ? null : String(c.delay),
    arrived: arrived.get(id)?.columns.arrived ?? null,
    note: noted.get(id)?.columns.note ?? null,
    airport_name: airports.get(c.airport as string)?.toUpperCase() ?? null,
  }));
}

function expectedReadings(events: readonly Event[]): Row[] {
  return events
    .filter((e) => e.table === 'readings' && e.columns.value !== null)
    .map((e) => ({
      sensor: String(e.columns.sensor).toUpperCase(),
      value: e.columns.value!,
      version: `2024-01-01 00:00:0${e.version}`,
    }));
}

const sorted = (rows: Row[]): string[] => rows.map((r) => JSON.stringify(r)).sort();

describe('a unified view gives the same answer whatever is merged, trimmed or hinted', () => {
  const cases = [
    {
      name: 'upsert',
      silver: 'airports',
      tables: ['airport_events'],
      merged: ['airports'],
      expected: expectedAirports,
    },
    {
      name: 'enrich with a join',
      silver: 'flights',
      tables: ['departures', 'arrivals', 'airport_events'],
      merged: ['flights', 'airports'],
      expected: expectedFlights,
    },
    {
      name: 'append',
      silver: 'readings',
      tables: ['readings'],
      merged: ['readings'],
      expected: expectedReadings,
    },
  ];
  test.each(cases)('$name', async ({ silver, tables, merged, expected }) => {
    const model = new MergeModel(plan, session);
    await fc.assert(
      fc.asyncProperty(scenario(tables, merged), async ({ events, steps, share, dialect }) => {
        await model.reset(events);
        const wanted = sorted(expected(events));
        expect(sorted(await session.rows(model.viewSql(silver, share, dialect)))).toEqual(wanted);
        for (const step of steps) {
          await model.merge(step.silver, step.cut);
          if (step.trim) for (const table of tables) await model.trim(table, step.cut);
          expect(sorted(await session.rows(model.viewSql(silver, share, dialect)))).toEqual(wanted);
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('views for Athena', () => {
  const views = athenaViews(plan);

  test('there is one per Silver table and one per Gold table, those that others read first', () => {
    expect(views.map((v) => v.name.table)).toEqual(['airports', 'flights', 'readings', 'airport_delays']);
  });

  test('a Gold table with the name of a Silver table has no view: its layer must be named', () => {
    const clash = { ...plan, gold: [{ ...plan.gold[0]!, name: 'flights' }] };
    expect(athenaViews(clash).filter((v) => v.name.table === 'flights')).toHaveLength(1);
  });

  test.each(views.map((v) => [v.name.table, v] as const))(
    '%s has the columns that it promises',
    async (_, view) => {
      const model = new MergeModel(plan, session);
      await model.reset([]);
      // The model's tables have flat names, and the joined view is inlined.
      const sql = view.sql
        .replaceAll('"lake"."airports"', `(${model.viewSql('airports', undefined, 'athena')})`)
        .replaceAll(/"(lake_\w+)"\."(\w+)"/g, '"$1.$2"');
      const columns = await session.columns(sql);
      expect(columns.map((c) => c.name)).toEqual(view.columns.map((c) => c.name));
    },
  );

  test('uses nothing that only one engine has', () => {
    for (const { sql } of views)
      expect(sql).not.toMatch(/QUALIFY|EXCLUDE|max_by|USING|SEMI JOIN|ANTI JOIN|::/);
  });
});
