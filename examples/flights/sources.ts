import { join } from 'node:path';
import { TidemarkError } from '../../src/errors.ts';

/** Paths of the five source files; `.gz` or plain CSV. */
export interface FlightSources {
  flights: string;
  weather: string;
  airlines: string;
  airports: string;
  planes: string;
}

/** A month ('2013-01') or a whole year ('2013') of local flight dates. */
export interface Period {
  year: number;
  month?: number;
}

/** The files of a folder that holds the nycflights13 data set. */
export function sourcesIn(folder: string): FlightSources {
  return sourcesNamed(folder, 'flights.csv.gz', 'weather.csv');
}

/** The files of the committed folder `data/`: one month in the source's own columns, and the references. */
export function committedSources(folder: string, period: Period): FlightSources {
  const name = periodName(period);
  return sourcesNamed(folder, `source-${name}.csv.gz`, `weather-source-${name}.csv.gz`);
}

/** Reads '2013' or '2013-01'. */
export function parsePeriod(text: string): Period {
  const match = /^(\d{4})(?:-(0[1-9]|1[0-2]))?$/.exec(text);
  if (match === null) {
    throw new TidemarkError('invalid', `'${text}' is neither a year nor a month`, {
      context: { period: text },
      remedy: "Write a year as '2013' or a month as '2013-01'.",
    });
  }
  const year = Number(match[1]);
  return match[2] === undefined ? { year } : { year, month: Number(match[2]) };
}

/** The period as file names have it: '2013' or '2013-01'. */
export function periodName({ year, month }: Period): string {
  return month === undefined ? String(year) : `${year}-${String(month).padStart(2, '0')}`;
}

function sourcesNamed(folder: string, flights: string, weather: string): FlightSources {
  return {
    flights: join(folder, flights),
    weather: join(folder, weather),
    airlines: join(folder, 'airlines.csv'),
    airports: join(folder, 'airports.csv'),
    planes: join(folder, 'planes.csv'),
  };
}
