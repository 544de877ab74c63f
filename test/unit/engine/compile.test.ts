import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import flights from '../../../examples/flights/lakehouse.ts';
import { column, defineLakehouse, sql, type Lakehouse, type Plan } from '../../../src/definition/index.ts';
import type { Problem } from '../../../src/definition/problems.ts';
import { compileLakehouse } from '../../../src/engine/compile.ts';
import { Engine } from '../../../src/engine/session.ts';
import { TidemarkError } from '../../../src/errors.ts';
import type { Row } from '../../../src/ports/effects.ts';
import { shop, shopWith } from '../definition/definitions.ts';

async function problems(lakehouse: Lakehouse): Promise<Problem[]> {
  const error: unknown = await compileLakehouse(lakehouse).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(TidemarkError);
  return (error as TidemarkError).context.problems as Problem[];
}

describe('the plan of the flights example', () => {
  let plan: Plan;
  beforeAll(async () => {
    plan = await compileLakehouse(flights);
  });

  test('is the same bytes each time and knows nothing of the machine', async () => {
    const text = JSON.stringify(plan);
    expect(JSON.stringify(await compileLakehouse(structuredClone(flights)))).toBe(text);
    expect(JSON.parse(text)).toEqual(plan);
    expect(text).not.toContain(process.cwd());
  });

  test('has the stream columns, the derived ones, then the extras', () => {
    const names = plan.realtime.find((t) => t.name === 'flight_activity')!.columns.map((c) => c.name);
    const stream = plan.streams[0]!.columns.map((c) => c.name);
    expect(names).toEqual([
      ...stream,
      'airline',
      'manufacturer',
      'model',
      'seats',
      'dest_name',
      'late',
      '_extra',
    ]);
  });

  test('places a Silver table behind those it joins, whatever the order of the definition', async () => {
    expect(plan.silver.map((t) => t.name)).toEqual(['weather', 'flights']);
    const { weather, flights: fact } = flights.silver!;
    const turned = await compileLakehouse({ ...flights, silver: { flights: fact!, weather: weather! } });
    expect(turned.silver).toEqual(plan.silver);
  });

  test('types measures as Athena does', () => {
    const gold = plan.gold.find((t) => t.name === 'carrier_hour')!;
    expect(Object.fromEntries(gold.columns.map((c) => [c.name, c.type.kind]))).toEqual({
      carrier: 'string',
      airline: 'string',
      hour: 'timestamp',
      flights: 'long',
      departures: 'long',
      cancellations: 'long',
      mean_departure_delay: 'double',
      worst_departure_delay: 'int',
      share_late: 'double',
    });
  });

  test('keeps key columns required and everything that comes later optional', () => {
    const { columns } = plan.silver.find((t) => t.name === 'flights')!;
    expect(columns.filter((c) => c.required).map((c) => c.name)).toEqual(['flight_id']);
    expect(columns.slice(-4).map((c) => c.name)).toEqual(['temp', 'wind_speed', 'precip', 'visib']);
  });

  test('an upsert sets all columns of its source beside the key', () => {
    const [group] = plan.silver.find((t) => t.name === 'weather')!.groups;
    expect(group).toMatchObject({ name: 'row', from: 'weather', fact: true, ordColumn: '_ord' });
    expect(group!.columns.map((c) => c.name)).not.toContain('origin');
    expect(group!.columns.map((c) => c.name)).toContain('_extra');
  });
});

describe('a rule over a batch', () => {
  const lakehouse = defineLakehouse('trips', {
    streams: {
      trips: {
        columns: {
          id: column.int(),
          at: column.timestamp(),
          name: column.string({ optional: true }),
          origin: column.string({ optional: true }),
          dest: column.string({ optional: true }),
        },
        eventTime: 'at',
      },
    },
    references: {
      airports: {
        key: 'id',
        columns: { id: column.string(), name: column.string() },
        source: 'airports.csv',
      },
    },
    realtime: {
      named: {
        from: 'trips',
        lookups: {
          source: { reference: 'airports', on: { id: 'origin' } },
          target: { reference: 'airports', on: { id: sql`upper(dest)` } },
        },
        select: { source_name: sql`source.name`, target_name: sql`target.name`, own_name: sql`upper(name)` },
      },
      unlooked: { from: 'trips', lookups: { airports: { on: { id: 'origin' } } } },
      some: { from: 'trips', where: sql`origin <> 'B'` },
      found: {
        from: 'trips',
        lookups: { airports: { on: { id: 'origin' } } },
        where: sql`airports.name = 'Alpha'`,
      },
    },
  });
  let engine: Engine;
  let plan: Plan;

  beforeAll(async () => {
    plan = await compileLakehouse(lakehouse);
    engine = await Engine.open({ threads: 1 });
  });
  afterAll(() => engine.close());

  async function run(table: string): Promise<Row[]> {
    const session = await engine.session();
    const position = `'s-0' AS _shard, lpad(id::VARCHAR, 56, '0') AS _seq, 0 AS _sub, TIMESTAMP '2024-01-01 00:00:00' AS _arrived_at`;
    await session.run(
      `CREATE TEMP TABLE ref_airports AS SELECT * FROM (VALUES ('A', 'Alpha'), ('B', 'Beta'), (NULL, 'Nowhere')) t(id, name)`,
    );
    await session.run(
      `CREATE TEMP TABLE batch AS SELECT *, NULL::VARCHAR AS _extra, ${position} FROM (VALUES
        (1, TIMESTAMP '2024-01-01 00:00:00', 'x', 'A', 'b'), (2, TIMESTAMP '2024-01-01 00:00:00', 'y', 'Z', 'A'),
        (3, TIMESTAMP '2024-01-01 00:00:00', 'z', NULL, NULL), (4, TIMESTAMP '2024-01-01 00:00:00', NULL, 'B', 'B')) t(id, "at", name, origin, dest)`,
    );
    const rule = plan.realtime.find((t) => t.name === table)!.rule.duckdb;
    const rows = await session.rows(`SELECT * FROM (${rule}) ORDER BY id`);
    await session.close();
    return rows;
  }

  test('keeps a row whose lookup finds nothing, and a NULL key finds nothing', async () => {
    const rows = await run('named');
    expect(rows.map((r) => [r.id, r.source_name, r.target_name])).toEqual([
      [1, 'Alpha', 'Beta'],
      [2, null, 'Alpha'],
      [3, null, null],
      [4, 'Beta', 'Beta'],
    ]);
  });

  test('takes an unqualified name for the column of the stream, also when the reference has one of that name', async () => {
    expect((await run('named')).map((r) => r.own_name)).toEqual(['X', 'Y', 'Z', null]);
  });

  test('gives the columns of the plan, then the position', async () => {
    const columns = plan.realtime.find((t) => t.name === 'named')!.columns.map((c) => c.name);
    expect(Object.keys((await run('named'))[0]!)).toEqual([
      ...columns,
      '_shard',
      '_seq',
      '_sub',
      '_arrived_at',
    ]);
  });

  test('filters rows for which the condition is false or unknown', async () => {
    expect((await run('some')).map((r) => r.id)).toEqual([1, 2]);
  });

  test('filters by a looked-up column', async () => {
    expect((await run('found')).map((r) => r.id)).toEqual([1]);
  });

  test('joins only what it reads', () => {
    const table = plan.realtime.find((t) => t.name === 'unlooked')!;
    expect([table.references, table.rule.duckdb.includes('JOIN')]).toEqual([[], false]);
  });
});

describe('wrong rules', () => {
  test('of real-time tables are told together, with path, text and remedy', async () => {
    const found = await problems(
      shopWith((d) => {
        d.realtime!.orders!.where = sql`amuont > 0`;
        d.realtime!.orders!.select = { tier: sql`customer.tier`, when_seen: sql`now()` };
        d.realtime!.rates!.where = sql`rate`;
      }),
    );
    expect(found.map((p) => [p.path, p.message, p.remedy])).toEqual([
      [
        'realtime.orders.where',
        '"amuont > 0": the stream "order_events" has no column "amuont" at "amuont > 0"',
        'write one of "amount", "at", "lines", "_extra", "customer", "order_id", or a column of the lookups customers',
      ],
      [
        'realtime.orders.select.tier',
        '"customer.tier": "customer" has no fields at "customer.tier"',
        'write customer',
      ],
      [
        'realtime.orders.select.when_seen',
        '"now()": the function now is not in the subset at "now()"',
        'it gives another value in each run; use a column, such as the event time',
      ],
      [
        'realtime.rates.where',
        '"rate": is double, not a condition',
        'write a comparison, such as x > 0 or x IS NOT NULL',
      ],
    ]);
  });

  const CASES: [hazard: string, change: Parameters<typeof shopWith>[0], path: string, message: string][] = [
    [
      'a column whose name is a word of SQL, unquoted',
      (d) => (d.realtime!.orders!.where = sql`at > TIMESTAMP '2024-01-01 00:00:00'`),
      'realtime.orders.where',
      'syntax error',
    ],
    [
      'a derived column that reads another one',
      (d) => (d.realtime!.orders!.select = { tier: sql`customers.tier`, gold_tier: sql`tier = 'gold'` }),
      'realtime.orders.select.gold_tier',
      'has no column "tier"',
    ],
    [
      'a lookup on another type',
      (d) => (d.realtime!.orders!.lookups = { customers: { on: { id: 'amount' } } }),
      'realtime.orders.lookups.customers.on.id',
      'decimal(12,2) cannot be compared with varchar',
    ],
    [
      'a version that has no order',
      (d) => (d.realtime!.rates!.version = 'rate'),
      'realtime.rates.version',
      'rows cannot be ordered by double',
    ],
    [
      'a derived version that has no order',
      (d) => {
        d.realtime!.rates!.select = { high: sql`rate > 1` };
        d.realtime!.rates!.version = 'high';
      },
      'realtime.rates.version',
      'rows cannot be ordered by boolean',
    ],
    [
      'a Silver rule that reads the order, which is the system’s',
      (d) => (d.silver!.rates!.where = sql`_ord > 'x'`),
      'silver.rates.where',
      'the real-time table "rates" has no column "_ord"',
    ],
    [
      'a Silver column that its source does not have',
      (d) => (d.silver!.rates!.columns = ['rat']),
      'silver.rates.columns.rat',
      'the real-time table "rates" has no column "rat"',
    ],
    [
      'a measure of a column that is no aggregate',
      (d) => (d.gold!.by_tier!.measures = { orders: sql`amount` }),
      'gold.by_tier.measures.orders',
      'has no aggregate',
    ],
    [
      'groups by doubles, whose equality depends on the engine',
      (d) => (d.gold!.by_tier!.groupBy = { euro_rate: 'euro_rate' }),
      'gold.by_tier.groupBy.euro_rate',
      'rows cannot be grouped by double',
    ],
    [
      'an alert that is no condition',
      (d) => (d.alerts!.large!.when = sql`amount`),
      'alerts.large.when',
      'is decimal(12,2), not a condition',
    ],
    [
      'a join on another type',
      (d) => {
        const silver = d.silver!.orders as { joins: { rates: { on: unknown } } };
        silver.joins.rates.on = { currency: 'amount' };
      },
      'silver.orders.joins.rates.on.currency',
      'decimal(12,2) cannot be compared with varchar',
    ],
  ];
  test.each(CASES)('%s', async (_hazard, change, path, message) => {
    const found = await problems(shopWith(change));
    expect(found.map((p) => p.path)).toEqual([path]);
    expect(found[0]!.message).toContain(message);
  });
});

test('a column whose name is a word of SQL is told to be quoted, and works so', async () => {
  const [found] = await problems(
    shopWith((d) => (d.realtime!.orders!.where = sql`at > TIMESTAMP '2024-01-01 00:00:00'`)),
  );
  expect(found!.remedy).toBe('write the column as "at", in double quotes');
  const quoted = shopWith((d) => (d.realtime!.orders!.where = sql`"at" > TIMESTAMP '2024-01-01 00:00:00'`));
  await expect(compileLakehouse(quoted)).resolves.toBeDefined();
});

test('modes and options arrive in the plan', async () => {
  const definition = shop();
  definition.silver!.rates = {
    mode: 'upsert',
    from: 'rates',
    key: ['currency'],
    where: sql`rate > 0`,
    columns: { rate: 'rate', high: sql`rate > 1` },
    deleteWhen: sql`rate = 1`,
  };
  definition.streams.rates!.extras = 'ignore';
  const plan = await compileLakehouse(defineLakehouse('shop', definition));
  expect(plan.silver.find((t) => t.name === 'rates')).toMatchObject({
    mode: 'upsert',
    key: ['currency'],
    columns: [
      { name: 'currency', required: true },
      { name: 'rate', type: { kind: 'double' }, required: true },
      { name: 'high', type: { kind: 'boolean' }, required: false },
    ],
    groups: [
      {
        when: { duckdb: `("rate" > CAST(0 AS DOUBLE))`, athena: `("rate" > CAST(0 AS double))` },
        deleteWhen: { athena: `("rate" = CAST(1 AS double))` },
      },
    ],
  });
  expect(plan.silver.find((t) => t.name === 'log')).toMatchObject({ mode: 'append', key: [] });
  expect(plan.realtime.find((t) => t.name === 'rates')!.columns.map((c) => c.name)).not.toContain('_extra');
});
