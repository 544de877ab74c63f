import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  expectedCarrierHourSql,
  expectedFlightsSql,
  expectedRouteDaySql,
} from '../../../examples/flights/oracle.ts';
import { committedSources, type FlightSources } from '../../../examples/flights/sources.ts';
import { withSession } from '../../local/support/compare.ts';
import { produced, type Produced } from './records.ts';

const DATA = fileURLToPath(new URL('../../../examples/flights/data', import.meta.url));
/** Flights of a local day depart in New York before this hour UTC of the next. */
const DAY_ENDS = 'T06:00:00.000Z';

const date = (day: number): string => `2013-01-${String(day).padStart(2, '0')}`;

/** Every event of the flights of these local days of January 2013, in stream order. */
export function flightEvents(from: number, to: number): Promise<Produced[]> {
  return produced(DATA, 'events-2013-01.ndjson.gz', 'flight_id', (record) => {
    const day = String(record.flight_id).slice(0, 10);
    return day >= date(from) && day <= date(to);
  });
}

/** The observations that the flights of these days need. */
export function observations(from: number, to: number): Promise<Produced[]> {
  const [after, upTo] = [from === 1 ? '' : date(from) + DAY_ENDS, date(to + 1) + DAY_ENDS];
  return produced(DATA, 'weather-2013-01.ndjson.gz', 'origin', (record) => {
    const at = String(record.observed_at);
    return at > after && at <= upTo;
  });
}

/** What the tables must hold after the first days of the month, by the example's own independent SQL. */
export interface Expected {
  flights: string;
  carrierHour: string;
  routeDay: string;
}

/** Cuts the source file after `lastDay` and lets the independent SQL read what is left. */
export async function withExpected<T>(lastDay: number, work: (expected: Expected) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-days-'));
  try {
    const whole = committedSources(DATA, { year: 2013, month: 1 });
    const flights = join(folder, 'flights.csv');
    await withSession((session) =>
      session.run(`COPY (FROM read_csv('${whole.flights}', header = true, all_varchar = true)
        WHERE day::INTEGER <= ${lastDay}) TO '${flights}' (HEADER)`),
    );
    const sources: FlightSources = { ...whole, flights };
    return await work({
      flights: expectedFlightsSql(sources),
      carrierHour: expectedCarrierHourSql(sources),
      routeDay: expectedRouteDaySql(sources),
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
