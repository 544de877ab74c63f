import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { buildData, main, type BuildReport } from '../../examples/flights/build-data.ts';
import { EventOrder } from '../../examples/flights/event-order.ts';
import { compareEvents, flightEvents, type FlightEvent } from '../../examples/flights/events.ts';
import type { FlightRow } from '../../examples/flights/flight-rows.ts';
import { flightTimes } from '../../examples/flights/flight-times.ts';
import { instantOfWall } from '../../examples/flights/local-time.ts';
import { committedSources, parsePeriod } from '../../examples/flights/sources.ts';
import { weatherObservation } from '../../examples/flights/weather.ts';

const JANUARY = { year: 2013, month: 1 };
const data = join(process.cwd(), 'examples/flights/data');

/** US Airways 1 from Newark to Charlotte, an hour and a half late on both ends, unless told otherwise. */
function flight(more: Partial<FlightRow>): FlightRow {
  return {
    date: '2013-01-01',
    carrier: 'US',
    flight: 1,
    tailnum: 'N1',
    origin: 'EWR',
    dest: 'CLT',
    time_hour: Date.parse('2013-01-02T03:00:00Z'),
    minute: 30,
    sched_dep_time: 2230,
    dep_time: 2400,
    dep_delay: 90,
    sched_arr_time: 30,
    arr_time: 200,
    arr_delay: 90,
    air_time: 100,
    distance: 529,
    ...more,
  };
}

const timesOf = (row: FlightRow, zone = 'America/New_York'): Record<string, string> =>
  Object.fromEntries(
    Object.entries(flightTimes(row, zone))
      .filter(([, value]) => typeof value === 'number')
      .map(([name, value]) => [name, new Date(value as number).toISOString()]),
  );

describe('clock times become instants', () => {
  test('2400 is midnight of the next day', () => {
    expect(timesOf(flight({}))).toMatchObject({
      scheduledDeparture: '2013-01-02T03:30:00.000Z',
      departure: '2013-01-02T05:00:00.000Z',
    });
    const arrives = flight({
      sched_arr_time: 2359,
      arr_time: 2400,
      arr_delay: 1,
      dep_time: 2230,
      dep_delay: 0,
      air_time: 60,
    });
    expect(timesOf(arrives)).toMatchObject({ arrival: '2013-01-02T05:00:00.000Z' });
  });

  test('an overnight arrival is not before its departure', () => {
    expect(timesOf(flight({}))).toMatchObject({
      scheduledArrival: '2013-01-02T05:30:00.000Z',
      arrival: '2013-01-02T07:00:00.000Z',
    });
  });

  test('an arrival is read on the clock of its destination', () => {
    const west = flight({ dest: 'LAX', sched_arr_time: 145, arr_time: 315, air_time: 330 });
    expect(timesOf(west, 'America/Los_Angeles')).toMatchObject({
      scheduledArrival: '2013-01-02T09:45:00.000Z',
    });
  });

  test('a day-late departure does not arrive a day early', () => {
    const row = flight({ dep_time: 2130, dep_delay: 1380, arr_time: 2340, arr_delay: 1390 });
    expect(timesOf(row)).toMatchObject({
      departure: '2013-01-03T02:30:00.000Z',
      arrival: '2013-01-03T04:40:00.000Z',
    });
  });

  test('a flight over the night of 10 March loses an hour of the clock, not of the air', () => {
    const hour = Date.parse('2013-03-10T04:00:00Z');
    const row = flight({ time_hour: hour, minute: 0, sched_dep_time: 2300, dep_time: 2300, dep_delay: 0 });
    const arrives = { ...row, sched_arr_time: 310, arr_time: 310, arr_delay: 0, air_time: 180 };
    expect(timesOf(arrives)).toMatchObject({ arrival: '2013-03-10T07:10:00.000Z' });
  });

  test('an arrival clock that was not put forward on 10 March is an hour less, not an hour earlier', () => {
    const row = flight({
      date: '2013-03-09',
      carrier: 'B6',
      flight: 35,
      origin: 'JFK',
      dest: 'PBI',
      time_hour: Date.parse('2013-03-10T02:00:00Z'),
      minute: 45,
      sched_dep_time: 2145,
      dep_time: 2306,
      dep_delay: 81,
      sched_arr_time: 34,
      arr_time: 203,
      arr_delay: 89,
      air_time: 141,
    });
    expect(timesOf(row)).toMatchObject({ arrival: '2013-03-10T07:03:00.000Z' });
    expect(flightTimes(row, 'America/New_York').conventions).toContain('arrival clock not put forward');
  });

  test('an hour that occurs twice on 3 November is its first occurrence', () => {
    const half = Date.UTC(2013, 10, 3, 1, 30);
    const found = instantOfWall('America/New_York', half);
    expect([new Date(found.instant).toISOString(), found.kind]).toEqual([
      '2013-11-03T05:30:00.000Z',
      'repeated',
    ]);
    const after = instantOfWall('America/New_York', half + 3_600_000);
    expect([new Date(after.instant).toISOString(), after.kind]).toEqual(['2013-11-03T07:30:00.000Z', 'once']);
  });

  test('an hour that does not occur is read with the offset before the change', () => {
    const found = instantOfWall('America/New_York', Date.UTC(2013, 2, 10, 2, 30));
    expect([new Date(found.instant).toISOString(), found.kind]).toEqual([
      '2013-03-10T07:30:00.000Z',
      'skipped',
    ]);
    expect(instantOfWall('America/Phoenix', Date.UTC(2013, 2, 10, 2, 30)).kind).toBe('once');
  });

  test.each<[string, Partial<FlightRow>]>([
    ['departure clock', { dep_time: 2359 }],
    ['scheduled departure clock', { sched_dep_time: 2229 }],
    ['arrival clock', { arr_time: 201 }],
    ['air time longer than the flight', { air_time: 121 }],
    ['arrival a day late', { arr_delay: 90 + 1440 }],
  ])('a contradiction is refused: %s', (_, more) => {
    expect(() => flightTimes(flight(more), 'America/New_York')).toThrow(/contradicts itself/);
  });
});

describe('flights become events', () => {
  const eventsOf = (row: FlightRow): FlightEvent[] => flightEvents(row, flightTimes(row, 'America/New_York'));

  test('a missing value is absent, not null', () => {
    const cancelled = eventsOf(
      flight({
        tailnum: null,
        dep_time: null,
        dep_delay: null,
        arr_time: null,
        arr_delay: null,
        air_time: null,
      }),
    );
    const always = { flight_id: '2013-01-01/US/1/EWR', carrier: 'US', flight: 1, origin: 'EWR', dest: 'CLT' };
    expect(cancelled).toEqual([
      {
        ...always,
        event: 'scheduled',
        event_time: '2013-01-01T03:30:00.000Z',
        scheduled_departure: '2013-01-02T03:30:00.000Z',
        scheduled_arrival: '2013-01-02T05:30:00.000Z',
        distance: 529,
      },
      { ...always, event: 'cancelled', event_time: '2013-01-02T03:30:00.000Z' },
    ]);
    expect(cancelled.every((event) => !('tailnum' in event))).toBe(true);
  });

  test('a diverted flight lands when its row says, else when its delay suggests', () => {
    const landed = eventsOf(flight({ arr_delay: null, air_time: null, arr_time: 630 }));
    expect(landed.map(({ event, event_time }) => [event, event_time]).slice(1)).toEqual([
      ['departed', '2013-01-02T05:00:00.000Z'],
      ['diverted', '2013-01-02T11:30:00.000Z'],
    ]);
    const never = eventsOf(flight({ arr_delay: null, air_time: null, arr_time: null }));
    expect(never.at(-1)).toMatchObject({ event: 'diverted', event_time: '2013-01-02T07:00:00.000Z' });
  });

  test('events of the same instant are ordered by flight, then by kind', () => {
    const event = { ...eventsOf(flight({}))[0]!, event_time: '2013-01-01T00:00:00.000Z' };
    const later = { ...event, event: 'departed' as const };
    const other = { ...event, flight_id: '2013-01-01/ZZ/1/EWR' };
    expect([other, later, event].sort(compareEvents)).toEqual([event, later, other]);
  });

  test('an event is not released while a later flight could precede it', () => {
    const order = new EventOrder();
    order.add(eventsOf(flight({})));
    expect(order.release(Date.parse('2013-01-02T03:30:00Z'))).toEqual([]);
    expect(order.release(Date.parse('2013-01-02T03:31:00Z')).map(({ event }) => event)).toEqual([
      'scheduled',
    ]);
    expect(() => order.release(0)).toThrow(/by scheduled departure/);
    expect(order.drain().map(({ event }) => event)).toEqual(['departed', 'arrived']);
  });

  test('float noise of wind speeds is rounded, other decimals are kept', () => {
    const row = {
      origin: 'EWR',
      observed_at: 0,
      temp: '39.02',
      dewp: null,
      humid: null,
      wind_dir: '270',
      wind_speed: '10.357019999999999',
      wind_gust: null,
      precip: '0',
      pressure: '1e3',
      visib: '10',
    };
    expect(JSON.stringify(weatherObservation(row))).toBe(
      '{"origin":"EWR","observed_at":"1970-01-01T00:00:00.000Z","temp":39.02,"wind_dir":270,"wind_speed":10.35702,"precip":0,"pressure":1000,"visib":10}',
    );
  });
});

describe('the committed month', () => {
  let out: string;
  let report: BuildReport;
  const text = async (folder: string, file: string): Promise<string> => {
    const bytes = await readFile(join(folder, file));
    return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
  };

  beforeAll(async () => {
    out = await mkdtemp(join(tmpdir(), 'flights-'));
    report = await buildData(committedSources(data, JANUARY), JANUARY, out);
  });
  afterAll(() => rm(out, { recursive: true, force: true }));

  test('is what the script makes from the committed source extract', async () => {
    // Texts, not gzip bytes: those depend on the zlib of the Node that wrote them.
    expect(Object.keys(report.files)).toHaveLength(7);
    for (const file of Object.keys(report.files)) {
      expect([file, (await text(out, file)) === (await text(data, file))]).toEqual([file, true]);
    }
  });

  test('the same input gives the same bytes', async () => {
    const again = join(out, 'again');
    await buildData(committedSources(data, JANUARY), JANUARY, again);
    for (const file of Object.keys(report.files)) {
      const same = (await readFile(join(out, file))).equals(await readFile(join(again, file)));
      expect([file, same]).toEqual([file, true]);
    }
    expect((await readFile(join(out, 'events-2013-01.ndjson.gz')))[9]).toBe(255);
  });

  test('has the known counts', () => {
    expect(report).toMatchObject({
      flights: 27_004,
      events: { scheduled: 27_004, departed: 26_483, arrived: 26_398, diverted: 85, cancelled: 521 },
      observations: 2226,
    });
  });

  test('is in stream order, with one event of a kind for each flight', async () => {
    const lines = (await text(data, 'events-2013-01.ndjson.gz')).trimEnd().split('\n');
    const events = lines.map((line) => JSON.parse(line) as FlightEvent);
    expect(events).toHaveLength(80_491);
    expect(events.findIndex((event, i) => i > 0 && compareEvents(events[i - 1]!, event) >= 0)).toBe(-1);
    expect(new Set(events.map(({ flight_id, event }) => `${flight_id} ${event}`)).size).toBe(events.length);
    expect(new Set(events.map(({ flight_id }) => flight_id)).size).toBe(27_004);
    expect(events[0]!.event_time).toBe('2012-12-31T10:15:00.000Z');
    expect(lines.some((line) => line.includes('null') || line.includes('"NA"'))).toBe(false);
  });

  test('weather is ordered by hour and airport, without a missing value', async () => {
    const lines = (await text(data, 'weather-2013-01.ndjson.gz')).trimEnd().split('\n');
    const keys = lines
      .map((line) => JSON.parse(line) as Record<string, string>)
      .map(({ origin, observed_at }) => `${observed_at} ${origin}`);
    expect(keys).toEqual([...new Set(keys)].sort());
    expect([keys[0], keys.at(-1)]).toEqual(['2013-01-01T06:00:00.000Z EWR', '2013-02-01T04:00:00.000Z LGA']);
    expect(lines.some((line) => line.includes('null') || line.includes('99999'))).toBe(false);
  });

  test('references have no NA and no key twice', async () => {
    for (const [file, rows] of Object.entries({ airlines: 16, airports: 1458, planes: 3322 })) {
      const lines = (await text(data, `${file}.csv`)).trimEnd().split('\n').slice(1);
      expect([file, new Set(lines.map((line) => line.split(',')[0])).size, lines.length]).toEqual([
        file,
        rows,
        rows,
      ]);
      expect(lines.some((line) => /(^|,)NA(,|$)/.test(line))).toBe(false);
    }
  });
});

test('a wrong or missing parameter is refused with its remedy', async () => {
  expect(() => parsePeriod('2013-13')).toThrow(/neither a year nor a month/);
  await expect(main(['--out', 'x', '--month', '2013-01'])).rejects.toMatchObject({ kind: 'invalid' });
});

test('the script runs without a TypeScript loader, and fails loudly', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [
    'examples/flights/build-data.mjs',
    '--out',
    'x',
  ]);
  expect([status, stdout.toString()]).toEqual([1, '']);
  expect(stderr.toString()).toMatch(/a parameter is missing.*Give --source DIR/s);
});
