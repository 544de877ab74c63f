import type { ColumnType, PlanColumn } from '../../src/definition/column.ts';
import type { Plan, PlanGold, PlanRealtime, RuleSql } from '../../src/definition/plan.ts';

const rule = (text: string): RuleSql => ({ athena: text, duckdb: text });
const column = (
  name: string,
  kind: Exclude<ColumnType['kind'], 'decimal' | 'list' | 'map' | 'struct'>,
): PlanColumn => ({
  name,
  type: { kind },
  required: false,
});

const FLIGHT_EVENTS = [
  column('flight_id', 'string'),
  column('event', 'string'),
  column('event_time', 'timestamp'),
  column('carrier', 'string'),
  column('origin', 'string'),
  column('dest', 'string'),
  column('delay_minutes', 'int'),
];
const WEATHER = [column('origin', 'string'), column('observed_at', 'timestamp'), column('temp', 'double')];
const FLIGHTS = [
  column('flight_id', 'string'),
  column('carrier', 'string'),
  column('airline', 'string'),
  column('origin', 'string'),
  column('dest', 'string'),
  column('scheduled_departure', 'timestamp'),
  column('status', 'string'),
  column('departure_delay', 'int'),
];

function realtime(name: string, stream: string, columns: PlanColumn[], hotKey: string[]): PlanRealtime {
  const eventTime = columns.find((c) => c.type.kind === 'timestamp')?.name ?? '';
  return {
    name,
    stream,
    columns,
    references: [],
    version: eventTime,
    eventTime,
    hotKey,
    rule: rule('SELECT …'),
  };
}

function gold(name: string, groupBy: [PlanColumn, string][], measures: [PlanColumn, string][]): PlanGold {
  const named = (list: [PlanColumn, string][]) =>
    list.map(([c, text]) => ({ name: c.name, expression: rule(text) }));
  const columns = [...groupBy, ...measures].map(([c]) => c);
  return { name, from: 'flights', groupBy: named(groupBy), measures: named(measures), columns };
}

/** A plan with two of everything, for looking at the page and for its tests. */
export const FAKE_PLAN: Plan = {
  format: 1,
  name: 'flights',
  streams: [
    {
      name: 'flight_events',
      columns: FLIGHT_EVENTS,
      eventTime: 'event_time',
      extras: 'keep',
      shards: 2,
      retentionHours: 24,
    },
    {
      name: 'weather_observations',
      columns: WEATHER,
      eventTime: 'observed_at',
      extras: 'keep',
      shards: 1,
      retentionHours: 24,
    },
  ],
  references: [],
  realtime: [
    realtime(
      'flight_activity',
      'flight_events',
      [...FLIGHT_EVENTS, column('airline', 'string')],
      ['flight_id'],
    ),
    realtime('departure_delays', 'flight_events', [...FLIGHT_EVENTS, column('delay_band', 'string')], []),
    realtime('weather', 'weather_observations', WEATHER, []),
  ],
  silver: [
    {
      name: 'weather',
      mode: 'upsert',
      key: ['origin', 'observed_at'],
      columns: WEATHER,
      groups: [{ name: 'weather', from: 'weather', columns: [], fact: true, ordColumn: '_ord' }],
      joins: [],
    },
    {
      name: 'flights',
      mode: 'enrich',
      key: ['flight_id'],
      columns: FLIGHTS,
      groups: ['schedule', 'departure', 'arrival'].map((name) => ({
        name,
        from: 'flight_activity',
        columns: [],
        fact: name === 'schedule',
        ordColumn: `_ord_${name}`,
      })),
      joins: [],
    },
  ],
  gold: [
    gold(
      'carrier_hour',
      [
        [column('carrier', 'string'), '"carrier"'],
        [column('airline', 'string'), '"airline"'],
        [column('hour', 'timestamp'), "date_trunc('hour', scheduled_departure)"],
      ],
      [
        [column('flights', 'long'), 'CAST(count(*) AS bigint)'],
        [column('cancellations', 'long'), `CAST(count_if(("status" = 'cancelled (')) AS bigint)`],
        [column('mean_departure_delay', 'double'), 'CAST(avg("departure_delay") AS double)'],
        [column('worst_departure_delay', 'int'), 'CAST(max("departure_delay") AS decimal(9, 2))'],
        [
          column('share_late', 'double'),
          'CAST(count_if(departure_delay > 15) AS double) / nullif(count(*), 0)',
        ],
      ],
    ),
    gold(
      'route_day',
      [
        [column('origin', 'string'), '"origin"'],
        [column('dest', 'string'), '"dest"'],
        [column('day', 'date'), 'CAST(scheduled_departure AS date)'],
      ],
      [
        [column('flights', 'long'), 'count(*)'],
        [column('mean_departure_delay', 'double'), 'avg(departure_delay)'],
      ],
    ),
  ],
  alerts: [
    {
      name: 'very_late',
      from: 'flight_activity',
      when: rule("event = 'departed' AND delay_minutes > 180"),
      notify: 'operations',
    },
  ],
};
