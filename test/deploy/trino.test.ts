import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { expectAnswers } from './support/expect-answers.ts';
import { expectTables } from './support/expect-tables.ts';
import { flightEvents, observations } from './support/flights-days.ts';
import { functionNamed, invoke } from './support/functions.ts';
import { say } from './support/progress.ts';
import { put, type Produced } from './support/records.ts';
import { named, untilRows } from './support/rows.ts';
import { Site } from './support/site.ts';
import { execute, stateMachine } from './support/state-machine.ts';
import { startTrino, type Trino } from './support/trino.ts';

const ACTIVITY = named('flights_realtime', 'flight_activity');
const COMMIT_MS = 90_000;
const RUN_MS = 200_000;
/** In so many parts the last day's records come, each followed by a merge. */
const PORTIONS = 5;

/**
 * What an analyst may ask of the view: whether a flight is missing or doubled, and whether any column of any row is
 * another one.
 */
const ASKED = `SELECT count(*), count(DISTINCT flight_id), count_if(status = 'cancelled'), count(actual_departure),
    sum(departure_delay), sum(arrival_delay), count(temp),
    to_hex(checksum(json_format(CAST(ROW(flight_id, carrier, airline, tailnum, manufacturer, dest_name, scheduled_arrival,
      actual_departure, actual_arrival, air_time_minutes, status, temp, visib) AS JSON))))
  FROM flights.flights`;

describe('unified views on Trino, as an analyst runs them on Athena', () => {
  let site: Site;
  let trino: Trino;
  let sent = 0;

  beforeAll(async () => {
    // Small batches and small rounds: many files, many commits, many merges.
    site = await Site.open({ 'tidemark:ingest.batchSize': '150', 'tidemark:integrate.maxRows': '60' });
    await site.cdk.bootstrap();
    await site.cdk.deploy();
    trino = await startTrino(site.emulator);
    await site.pumpAll();
  });
  afterAll(() => site.close());
  afterAll(() => trino.stop());

  const send = async (events: Produced[], weather: Produced[]): Promise<void> => {
    await put(site.kinesis, 'flights-weather_observations', weather);
    await put(site.kinesis, 'flights-flight_events', events);
    sent += events.length;
    await site.settled();
    await untilRows(site.io, ACTIVITY, sent, COMMIT_MS);
  };
  /** Silver and Gold, in as many rounds as there are files. */
  const merge = async (): Promise<void> => {
    await execute(site.calls, await stateMachine(site.calls, 'integration'), RUN_MS);
  };
  /** Small files of the real-time tables into larger ones. */
  const compact = async (): Promise<void> => {
    await invoke(site.calls, await functionNamed(site.calls, 'flights-maintain'), {});
  };
  /** Two analysts ask again and again until the work is done. */
  const askDuring = async (work: Promise<void>): Promise<unknown[][][]> => {
    const end = new AbortController();
    const ask = async (): Promise<unknown[][]> => {
      const answers: unknown[][] = [];
      while (!end.signal.aborted) answers.push((await trino.rows(ASKED))[0]!);
      return answers;
    };
    const [answers] = await Promise.all([Promise.all([ask(), ask()]), work.finally(() => end.abort())]);
    say(`${answers.map((a) => a.length).join(' and ')} answers meanwhile`);
    for (const { length } of answers) expect(length).toBeGreaterThan(1);
    return answers;
  };
  const files = async (): Promise<number> =>
    Number((await trino.rows('SELECT count(*) FROM flights_realtime."flight_activity$files"'))[0]![0]);

  test('before any merge a view has what the real-time tables have', async () => {
    await send(await flightEvents(1, 2), await observations(1, 2));
    expect(await trino.rows('SELECT count(*) FROM flights_silver.flights')).toEqual([[0]]);
    const [answer] = await trino.rows(ASKED);
    expect(answer!.slice(0, 2)).toEqual([1785, 1785]);
    await expectAnswers(trino, 2);
  });

  test('while merges and compaction go on every answer is the same', async () => {
    const [before] = await trino.rows(ASKED);
    const filesBefore = await files();
    const answers = await askDuring(merge().then(compact).then(merge));
    for (const answer of answers.flat()) expect(answer).toEqual(before);
    expect(await files()).toBeLessThan(filesBefore);
    expect(await trino.rows('SELECT count(*) FROM flights_silver.flights')).toEqual([[1785]]);
    expect((await trino.rows(ASKED))[0]).toEqual(before);
  });

  test('while records come and are merged, flights only come too, and never twice', async () => {
    const events = await flightEvents(3, 3);
    const weather = await observations(3, 3);
    const portion = Math.ceil(events.length / PORTIONS);
    const work = async (): Promise<void> => {
      for (let from = 0; from < events.length; from += portion) {
        await send(events.slice(from, from + portion), from === 0 ? weather : []);
        await Promise.all([merge(), compact()]);
      }
    };
    const answers = await askDuring(work());
    for (const one of answers as [number, number][][]) {
      for (const [count, distinct] of one) expect(distinct).toBe(count);
      const counts = one.map(([count]) => count);
      expect(counts).toEqual([...counts].sort((x, y) => x - y));
    }
  });

  test('in the end views and tables are what the independent SQL says, row by row', async () => {
    await merge();
    await expectTables(site.io, 3);
    await expectAnswers(trino, 3);
    const tables = [
      'flights_gold.carrier_hour',
      'flights.carrier_hour',
      'flights_gold.route_day',
      'flights.route_day',
    ];
    const counts = await Promise.all(
      tables.map((table) => trino.rows(`SELECT count(*), sum(flights) FROM ${table}`)),
    );
    expect(counts[1]).toEqual(counts[0]);
    expect(counts[3]).toEqual(counts[2]);
  });
});
