import { queryRows, literal } from './csv.ts';
import type { FlightSources, Period } from './sources.ts';

/** One row of flights.csv. Clock times are local HHMM; null is the source's NA. */
export interface FlightRow {
  date: string;
  carrier: string;
  flight: number;
  tailnum: string | null;
  origin: string;
  dest: string;
  /** Scheduled departure hour, milliseconds since the epoch. */
  time_hour: number;
  minute: number;
  sched_dep_time: number;
  dep_time: number | null;
  dep_delay: number | null;
  sched_arr_time: number;
  arr_time: number | null;
  arr_delay: number | null;
  air_time: number | null;
  distance: number;
}

const INTEGERS = [
  'flight',
  'minute',
  'sched_dep_time',
  'dep_time',
  'dep_delay',
  'sched_arr_time',
  'arr_time',
  'arr_delay',
  'air_time',
  'distance',
] as const;

/** Airports that airports.csv does not list; all of them keep Atlantic time without daylight saving. */
const UNLISTED_ZONES: Readonly<Record<string, string>> = {
  BQN: 'America/Puerto_Rico',
  PSE: 'America/Puerto_Rico',
  SJU: 'America/Puerto_Rico',
  STT: 'America/Puerto_Rico',
};

/** Flights whose local date lies in the period, by scheduled departure. */
export async function* flightRows(sources: FlightSources, period: Period): AsyncGenerator<FlightRow[]> {
  const inMonth = period.month === undefined ? '' : `AND month::INTEGER = ${period.month}`;
  const sql = `
    SELECT format('{:04d}-{:02d}-{:02d}', year::INTEGER, month::INTEGER, day::INTEGER) AS date,
           carrier, tailnum, origin, dest,
           ${INTEGERS.map((name) => `${name}::INTEGER AS ${name}`).join(', ')},
           epoch_ms(time_hour::TIMESTAMPTZ)::DOUBLE AS time_hour
    FROM read_csv(${literal(sources.flights)}, header = true, all_varchar = true, nullstr = ['NA', ''])
    WHERE year::INTEGER = ${period.year} ${inMonth}
    ORDER BY time_hour, minute, carrier, flight, origin`;
  for await (const rows of queryRows(sql)) yield rows as unknown as FlightRow[];
}

/** IANA time zone of each airport, by its code. */
export async function airportZones(sources: FlightSources): Promise<ReadonlyMap<string, string>> {
  const zones = new Map(Object.entries(UNLISTED_ZONES));
  const sql = `
    SELECT faa, tzone FROM read_csv(${literal(sources.airports)}, header = true, all_varchar = true, nullstr = ['NA', ''])
    WHERE tzone IS NOT NULL`;
  for await (const rows of queryRows(sql)) {
    for (const { faa, tzone } of rows as { faa: string; tzone: string }[]) zones.set(faa, tzone);
  }
  return zones;
}
