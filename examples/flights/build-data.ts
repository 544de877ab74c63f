import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { TidemarkError } from '../../src/errors.ts';
import { EventOrder } from './event-order.ts';
import { flightEvents, type FlightEvent } from './events.ts';
import { extractLines } from './extract.ts';
import { airportZones, flightRows } from './flight-rows.ts';
import { flightTimes } from './flight-times.ts';
import { writeLines } from './output-file.ts';
import { REFERENCE_COLUMNS, referenceLines, type ReferenceName } from './references.ts';
import { parsePeriod, periodName, sourcesIn, type FlightSources, type Period } from './sources.ts';
import { weatherObservations } from './weather.ts';

/** What a build made, by name: counts and file sizes in bytes. */
export interface BuildReport {
  flights: number;
  events: Record<string, number>;
  conventions: Record<string, number>;
  observations: number;
  files: Record<string, number>;
}

/** Turns the source files into the stream events and references of a period, in the folder `out`. */
export async function buildData(sources: FlightSources, period: Period, out: string): Promise<BuildReport> {
  const report: BuildReport = { flights: 0, events: {}, conventions: {}, observations: 0, files: {} };
  await mkdir(out, { recursive: true });
  const write = async (file: string, lines: AsyncIterable<string>): Promise<void> => {
    report.files[file] = await writeLines(join(out, file), lines);
  };
  const name = periodName(period);
  await write(`events-${name}.ndjson.gz`, eventLines(sources, period, report));
  await write(`weather-${name}.ndjson.gz`, weatherLines(sources, period, report));
  for (const reference of Object.keys(REFERENCE_COLUMNS) as ReferenceName[]) {
    await write(`${reference}.csv`, referenceLines(sources, reference));
  }
  if (period.month !== undefined) {
    await write(`source-${name}.csv.gz`, extractLines(sources.flights, period));
    await write(`weather-source-${name}.csv.gz`, extractLines(sources.weather, period));
  }
  return report;
}

/** The command: `--source DIR --out DIR` and `--month 2013-01` or `--year 2013`. */
export async function main(args: string[]): Promise<BuildReport> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ args, options: { source: text, out: text, month: text, year: text } });
  const period = values.month ?? values.year;
  if (values.source === undefined || values.out === undefined || period === undefined) {
    throw new TidemarkError('invalid', 'a parameter is missing', {
      remedy: 'Give --source DIR, --out DIR and --month YYYY-MM or --year YYYY.',
    });
  }
  return buildData(sourcesIn(values.source), parsePeriod(period), values.out);
}

async function* eventLines(
  sources: FlightSources,
  period: Period,
  report: BuildReport,
): AsyncGenerator<string> {
  const zones = await airportZones(sources);
  const order = new EventOrder();
  const line = (event: FlightEvent): string => {
    count(report.events, event.event);
    return JSON.stringify(event) + '\n';
  };
  for await (const rows of flightRows(sources, period)) {
    for (const row of rows) {
      const zone = zones.get(row.dest);
      if (zone === undefined) {
        throw new TidemarkError('corrupt', `no time zone for ${row.dest}`, { context: { dest: row.dest } });
      }
      const times = flightTimes(row, zone);
      for (const convention of times.conventions) count(report.conventions, convention);
      report.flights++;
      order.add(flightEvents(row, times));
    }
    const last = rows.at(-1);
    if (last !== undefined) yield* order.release(last.time_hour + last.minute * 60_000).map(line);
  }
  yield* order.drain().map(line);
}

async function* weatherLines(
  sources: FlightSources,
  period: Period,
  report: BuildReport,
): AsyncGenerator<string> {
  for await (const observation of weatherObservations(sources, period)) {
    report.observations++;
    yield JSON.stringify(observation) + '\n';
  }
}

function count(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}
