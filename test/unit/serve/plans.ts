import { column, type Column, type PlanColumn } from '../../../src/definition/column.ts';
import type { Plan, PlanGroup, PlanRealtime, PlanSilver, RuleSql } from '../../../src/definition/plan.ts';

/** One text for both engines. */
export const both = (sql: string): RuleSql => ({ athena: sql, duckdb: sql });

export function columnsOf(columns: Record<string, Column>): PlanColumn[] {
  return Object.entries(columns).map(([name, c]) => ({ name, ...c }));
}

export const sameNames = (...names: string[]): PlanGroup['columns'] =>
  names.map((name) => ({ name, expression: both(name) }));

export function realtime(name: string, columns: Record<string, Column>): PlanRealtime {
  return {
    name,
    stream: `${name}_events`,
    columns: columnsOf(columns),
    references: [],
    version: 'version',
    eventTime: 'version',
    hotKey: [],
    rule: both('SELECT * FROM batch'),
  };
}

export function planOf(parts: Pick<Plan, 'realtime' | 'silver'> & Partial<Plan>): Plan {
  return { format: 1, name: 'lake', streams: [], references: [], gold: [], alerts: [], ...parts };
}

/** Departures and arrivals of flights, the airports they leave from, and every sensor reading. */
export function flightsPlan(): Plan {
  const optional = { optional: true };
  const departures = realtime('departures', {
    flight_id: column.string(),
    version: column.timestamp(),
    airport: column.string(optional),
    delay: column.int(optional),
    note: column.string(optional),
    op: column.string(optional),
  });
  const arrivals = realtime('arrivals', {
    flight_id: column.string(),
    version: column.timestamp(),
    arrived: column.timestamp(optional),
  });
  const airports = realtime('airport_events', {
    code: column.string(),
    version: column.timestamp(),
    name: column.string(optional),
    op: column.string(optional),
  });
  const readings = realtime('readings', {
    sensor: column.string(),
    version: column.timestamp(),
    value: column.double(optional),
  });
  const upsertAirports: PlanSilver = {
    name: 'airports',
    mode: 'upsert',
    key: ['code'],
    columns: columnsOf({ code: column.string(), version: column.timestamp(), name: column.string(optional) }),
    groups: [
      {
        name: 'row',
        from: 'airport_events',
        columns: sameNames('version', 'name'),
        fact: true,
        deleteWhen: both(`op = 'D'`),
        ordColumn: '_ord',
      },
    ],
    joins: [],
  };
  const flights: PlanSilver = {
    name: 'flights',
    mode: 'enrich',
    key: ['flight_id'],
    columns: columnsOf({
      flight_id: column.string(),
      airport: column.string(optional),
      delay: column.long(optional),
      arrived: column.timestamp(optional),
      note: column.string(optional),
      airport_name: column.string(optional),
    }),
    groups: [
      {
        name: 'departure',
        from: 'departures',
        columns: [...sameNames('airport'), { name: 'delay', expression: both('delay') }],
        fact: true,
        deleteWhen: both(`op = 'D'`),
        ordColumn: '_ord_departure',
      },
      {
        name: 'arrival',
        from: 'arrivals',
        when: both('arrived IS NOT NULL'),
        columns: sameNames('arrived'),
        fact: false,
        ordColumn: '_ord_arrival',
      },
      {
        name: 'remark',
        from: 'departures',
        when: both('note IS NOT NULL'),
        columns: sameNames('note'),
        fact: false,
        ordColumn: '_ord_remark',
      },
    ],
    joins: [
      {
        name: 'origin',
        from: 'airports',
        on: [{ column: 'code', expression: both('airport') }],
        columns: [{ name: 'airport_name', expression: both('upper(name)') }],
      },
    ],
  };
  const appended: PlanSilver = {
    name: 'readings',
    mode: 'append',
    key: [],
    columns: columnsOf({
      sensor: column.string(),
      value: column.double(optional),
      version: column.timestamp(),
    }),
    groups: [
      {
        name: 'row',
        from: 'readings',
        when: both('value IS NOT NULL'),
        columns: [{ name: 'sensor', expression: both('upper(sensor)') }, ...sameNames('value', 'version')],
        fact: true,
        ordColumn: '_ord',
      },
    ],
    joins: [],
  };
  return planOf({
    realtime: [departures, arrivals, airports, readings],
    silver: [upsertAirports, flights, appended],
    gold: [
      {
        name: 'airport_delays',
        from: 'flights',
        groupBy: [{ name: 'airport', expression: both('airport') }],
        measures: [{ name: 'flights', expression: both('count(*)') }],
        columns: columnsOf({ airport: column.string(optional), flights: column.long(optional) }),
      },
    ],
  });
}
