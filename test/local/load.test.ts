import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import lakehouse from '../../examples/flights/lakehouse.ts';
import { compileLakehouse } from '../../src/engine/compile.ts';
import { readDeployment } from '../../src/local/deployment.ts';
import { loadFile } from '../../src/local/load.ts';
import { Runtime } from '../../src/local/runtime.ts';
import { expectJanuary, FLIGHTS, JANUARY } from './support/flights.ts';
import { silentLog } from './support/log.ts';

let folder: string;
let schedule: string;
let rest: string;

/** Parts the month: what a batch layer knows beforehand, and what happens. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-load-'));
  schedule = join(folder, 'schedule.ndjson');
  rest = join(folder, 'rest.ndjson');
  await symlink(join(FLIGHTS, 'data'), join(folder, 'data'));
  const outputs = { schedule: createWriteStream(schedule), rest: createWriteStream(rest) };
  const input = createReadStream(join(FLIGHTS, 'data/events-2013-01.ndjson.gz')).pipe(createGunzip());
  for await (const line of createInterface({ input }))
    outputs[line.includes('"event":"scheduled"') ? 'schedule' : 'rest'].write(`${line}\n`);
  await Promise.all(Object.values(outputs).map((o) => new Promise<void>((done) => o.end(() => done()))));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('facts loaded by batch, after the events that enrich them, give the same Silver and Gold; twice is once', async () => {
  const plan = await compileLakehouse(lakehouse);
  const replays = [
    { stream: 'flight_events', file: 'rest.ndjson', partitionKey: 'flight_id', eventTime: 'event_time' },
    { stream: 'weather_observations', file: 'data/weather-2013-01.ndjson.gz', eventTime: 'observed_at' },
  ];
  const settings = { integrateEveryMs: 500, batchingWindowMs: 100, threads: 2, speed: Infinity, port: 0 };
  const data = join(folder, 'lake');
  const runtime = await Runtime.start({
    ...settings,
    folder: data,
    plan,
    base: folder,
    log: silentLog,
    replays,
  });
  try {
    await runtime.replay();
    await runtime.settle();
    const { stores } = runtime;
    const deployment = readDeployment(stores.database);
    const load = () => loadFile(stores, deployment, deployment.base, 'flight_events', schedule, silentLog);
    expect(await load()).toMatchObject({ records: JANUARY.flights, fresh: JANUARY.flights, quarantined: 0 });
    expect(await load()).toMatchObject({ records: JANUARY.flights, fresh: 0 });
    await runtime.settle();
    await expectJanuary(stores.io);
  } finally {
    await runtime.close();
  }
});

test('a bad line of a batch is quarantined like a bad record of a stream', async () => {
  const plan = await compileLakehouse(lakehouse);
  const file = join(folder, 'bad.ndjson');
  await writeFile(file, '{"flight_id":"x"}\nnot json\n');
  const settings = {
    integrateEveryMs: 60_000,
    batchingWindowMs: 100,
    threads: 2,
    speed: 1,
    port: 0,
    replays: [],
  };
  const data = join(folder, 'lake-bad');
  const runtime = await Runtime.start({ ...settings, folder: data, plan, base: folder, log: silentLog });
  try {
    const deployment = readDeployment(runtime.stores.database);
    const loaded = await loadFile(runtime.stores, deployment, folder, 'flight_events', file, silentLog);
    expect(loaded).toMatchObject({ records: 2, fresh: 2, quarantined: 2 });
    expect((await runtime.state()).quarantined).toBe(2);
  } finally {
    await runtime.close();
  }
});
