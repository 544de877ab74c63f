import { TidemarkError } from '../../src/errors.ts';
import { literal, queryRows } from './csv.ts';
import type { FlightSources, Period } from './sources.ts';

const MEASURES = [
  'temp',
  'dewp',
  'humid',
  'wind_dir',
  'wind_speed',
  'wind_gust',
  'precip',
  'pressure',
  'visib',
] as const;
type Measure = (typeof MEASURES)[number];

/** One record of the stream `weather_observations`; a measure that is missing in the source is absent. */
export type WeatherObservation = { origin: string; observed_at: string } & Partial<Record<Measure, number>>;

type WeatherRow = { origin: string; observed_at: number } & Record<Measure, string | null>;

/** Observations whose local date lies in the period, by hour and airport. */
export async function* weatherObservations(
  sources: FlightSources,
  period: Period,
): AsyncGenerator<WeatherObservation> {
  const inMonth = period.month === undefined ? '' : `AND month::INTEGER = ${period.month}`;
  const sql = `
    SELECT origin, epoch_ms(time_hour::TIMESTAMPTZ)::DOUBLE AS observed_at, ${MEASURES.join(', ')}
    FROM read_csv(${literal(sources.weather)}, header = true, all_varchar = true, nullstr = ['NA', ''])
    WHERE year::INTEGER = ${period.year} ${inMonth}
    ORDER BY observed_at, origin`;
  let last = '';
  for await (const rows of queryRows(sql)) {
    for (const row of rows as unknown as WeatherRow[]) {
      const observation = weatherObservation(row);
      const key = `${observation.observed_at} ${observation.origin}`;
      if (key <= last)
        throw new TidemarkError('corrupt', 'two observations of one hour', { context: { key } });
      last = key;
      yield observation;
    }
  }
}

/** One row of weather.csv as a record. */
export function weatherObservation(row: WeatherRow): WeatherObservation {
  const observation: WeatherObservation = {
    origin: row.origin,
    observed_at: new Date(row.observed_at).toISOString(),
  };
  for (const measure of MEASURES) {
    const text = row[measure];
    if (text !== null) observation[measure] = measured(measure, text);
  }
  return observation;
}

/** Speeds were converted from knots in floating point: 10.357019999999999 means 10.35702. */
function measured(measure: Measure, text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value)) {
    throw new TidemarkError('corrupt', `weather.csv has '${text}' as ${measure}`, {
      context: { measure, text },
    });
  }
  return measure === 'wind_speed' || measure === 'wind_gust' ? Number(value.toFixed(5)) : value;
}
