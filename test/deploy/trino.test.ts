import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { expectAnswers } from './support/expect-answers.ts';
import { expectTables } from './support/expect-tables.ts';
import { flightEvents, observations } from './support/flights-days.ts';
import { functionNamed, invoke } from './support/functions.ts';
import { say } from './support/progress.ts';
import { put } from './support/records.ts';
import { named, untilRows } from './support/rows.ts';
import { Site } from './support/site.ts';
import { execute, stateMachine } from './support/state-machine.ts';
import { startTrino, type Trino } from './support/trino.ts';

const ACTIVITY = named('flights_realtime', 'flight_activity');
const COMMIT_MS = 90_000;
const RUN_MS = 150_000;

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
    site = await Site.open({ 'tidemark:ingest.batchSize': '100', 'tidemark:integrate.maxRows': '250' });
    await site.cdk.bootstrap();
    await site.cdk.deploy();
    trino = await startTrino(site.emulator);
    await site.pumpAll();
  });
  afterAll(async () => {
    await trino.stop();
    await site.close();
  });

  const send = async (from: number, to: number): Promise<void> => {
    const events = await flightEvents(from, to);
    await put(site.kinesis, 'flights-weather_observations', await observations(from, to));
    await put(site.kinesis, 'flights-flight_events', events);
    sent += events.length;
    await site.settled();
    await untilRows(site.io, ACTIVITY, sent, COMMIT_MS);
  };
  /** Merges of Silver and Gold, and compaction of the real-time tables, at the same time. */
  const integrate = async (): Promise<void> => {
    const run = execute(site.calls, await stateMachine(site.calls, 'integration'), RUN_MS);
    await invoke(site.calls, await functionNamed(site.calls, 'flights-maintain'), {});
    await run;
  };
  /** Asks again and again until the work is done; at least once while it goes on. */
  const askDuring = async (work: Promise<void>): Promise<unknown[][]> => {
    let busy = true;
    const done = work.finally(() => (busy = false));
    const answers: unknown[][] = [];
    while (busy) answers.push((await trino.rows(ASKED))[0]!);
    await done;
    say(`${answers.length} answers meanwhile`);
    expect(answers.length).toBeGreaterThan(2);
    return answers;
  };

  test('before any merge a view has what the real-time tables have', async () => {
    await send(1, 2);
    expect(await trino.rows('SELECT count(*) FROM flights_silver.flights')).toEqual([[0]]);
    const [answer] = await trino.rows(ASKED);
    expect(answer!.slice(0, 2)).toEqual([1785, 1785]);
    await expectAnswers(trino, 2);
  });

  test('while merges and compaction go on every answer is the same', async () => {
    const [before] = await trino.rows(ASKED);
    const answers = await askDuring(integrate());
    for (const answer of answers) expect(answer).toEqual(before);
    expect(await trino.rows('SELECT count(*) FROM flights_silver.flights')).toEqual([[1785]]);
    expect((await trino.rows(ASKED))[0]).toEqual(before);
  });

  test('while records come and are merged, flights only come too, and never twice', async () => {
    const answers = await askDuring(send(3, 3).then(integrate));
    let last = 0;
    for (const [count, distinct] of answers as [number, number][]) {
      expect(distinct).toBe(count);
      expect(count).toBeGreaterThanOrEqual(last);
      last = count;
    }
  });

  test('in the end views and tables are what the independent SQL says, row by row', async () => {
    await integrate();
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
