import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CloudFormationCustomResourceEvent } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { CommitRound } from '../../lambdas/commit-round.ts';
import { CountingCatalog } from '../../lambdas/counting-catalog.ts';
import { respond } from '../../lambdas/custom-resource.ts';
import { Destinations } from '../../lambdas/destinations.ts';
import { Dimension, MetricName } from '../../lambdas/metric-names.ts';
import { once } from '../../lambdas/once.ts';
import { readSettings } from '../../lambdas/settings.ts';
import { ObjectUnreferencedLog } from '../../lambdas/unreferenced-log.ts';
import type { Plan } from '../../src/definition/plan.ts';
import { realtimeTable } from '../../src/definition/tables.ts';
import { TidemarkError } from '../../src/errors.ts';
import { requireTable } from '../../src/iceberg/index.ts';
import { openStores, type LocalStores } from '../../src/local/stores.ts';
import { deployTables } from '../../src/operate/deploy.ts';
import { BIRTH, type Claim } from '../../src/ports/ledger.ts';
import type { Log } from '../../src/ports/log.ts';
import { flightsPlan } from './support.ts';

const silent: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

let folder: string;
let stores: LocalStores;
let plan: Plan;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-handlers-'));
  stores = openStores(folder, true);
  plan = await flightsPlan();
  await deployTables(stores.io, plan, stores.warehouse);
});
afterAll(async () => {
  await stores.close();
  await rm(folder, { recursive: true, force: true });
});

describe('a round of commits', () => {
  const weather = () => realtimeTable(plan, 'weather');
  const position = (n: number): string => String(n).padStart(56, '0');

  function claimOf(n: number): Claim {
    const range = {
      stream: 'weather_observations',
      shard: 'shardId-000000000000',
      after: n === 1 ? BIRTH : position(n - 1),
      first: position(n),
      last: position(n),
      claimId: `claim-${n}`,
      planVersion: 1,
    };
    const counts = { received: 3, written: 0, filtered: 3, quarantined: 0 };
    const times = { arrivedFrom: 1, arrivedTo: 2, claimedAt: stores.io.clock.now() };
    return { ...range, intents: [{ ...range, ...times, table: weather(), counts }] };
  }

  interface Measured {
    about: object;
    values: object;
  }

  function round(): { round: CommitRound; measured: Measured[] } {
    const measured: Measured[] = [];
    const io = { ...stores.io, catalog: new CountingCatalog(stores.io.catalog) };
    const telemetry = { measure: (about: object, values: object) => void measured.push({ about, values }) };
    return { round: new CommitRound({ io, ledger: stores.ledger, log: silent }, telemetry), measured };
  }

  test('leaves ranges without rows to the sweep, which takes them', async () => {
    await stores.ledger.claim(claimOf(1));
    const { round: commits, measured } = round();
    await commits.run([weather()], { empty: false });
    expect(measured).toEqual([]);
    await commits.run([weather()], { empty: true });
    expect(measured).toEqual([
      {
        about: { table: 'flights_realtime.weather' },
        values: { Commits: 1, RecordsWritten: 0, RecordsFiltered: 3 },
      },
    ]);
  });

  test('one table’s failure is measured and does not keep another from its commit', async () => {
    await stores.ledger.claim(claimOf(2));
    const { round: commits, measured } = round();
    await commits.run([{ database: 'nowhere', table: 'nothing' }, weather()], { empty: true });
    expect(measured).toContainEqual({
      about: { table: 'nowhere.nothing' },
      values: { [MetricName.failed]: 1 },
    });
    expect(measured).toContainEqual(
      expect.objectContaining({ about: { table: 'flights_realtime.weather' } }),
    );
  });
});

test('swaps that were lost are counted once', async () => {
  const catalog = new CountingCatalog({
    load: () => Promise.resolve(undefined),
    create: () => Promise.resolve({ kind: 'committed' }),
    swap: () => Promise.resolve({ kind: 'conflict' }),
    list: () => Promise.resolve([]),
  });
  const name = { database: 'a', table: 'b' };
  await catalog.swap(name, { metadataLocation: '', version: '1' }, 'x');
  expect([catalog.takeConflicts(name), catalog.takeConflicts(name)]).toEqual([1, 0]);
});

test('a processor writes the columns of its own plan, also after a rollback from one that had more', async () => {
  const wider = structuredClone(plan);
  const table = wider.realtime.find((t) => t.name === 'weather')!;
  table.columns.push({ name: 'cloud_cover', type: { kind: 'double' }, required: false });
  await deployTables(stores.io, wider, stores.warehouse);
  const name = realtimeTable(plan, 'weather');
  const all = (await requireTable(stores.io, name)).metadata.schemas.at(-1)!.fields.map((f) => f.name);
  expect(all).toContain('cloud_cover');
  const destination = await new Destinations(stores.io, plan).of(name);
  expect(destination.schema.fields.map((f) => f.name)).toEqual(all.filter((f) => f !== 'cloud_cover'));
});

test('what is unnamed is kept as one object a table, the newest', async () => {
  const prefix = `${stores.warehouse}_maintenance/`;
  const log = new ObjectUnreferencedLog(stores.io, prefix);
  expect(await log.all('a.b')).toEqual(new Map());
  await log.set('a.b', new Map([['s3://x', 1]]));
  await log.set('a.b', new Map([['s3://y', 2]]));
  expect(await log.all('a.b')).toEqual(new Map([['s3://y', 2]]));
  expect(await log.all('a.bc')).toEqual(new Map());
  const objects: string[] = [];
  for await (const { uri } of stores.io.store.list(prefix)) objects.push(uri);
  expect(objects).toHaveLength(1);
});

test('what a sandbox does once is done once, and again after a failure', async () => {
  let begun = 0;
  const work = once(() => {
    begun++;
    return begun === 1 ? Promise.reject(new Error('not yet')) : Promise.resolve(begun);
  });
  await expect(work()).rejects.toThrow('not yet');
  expect([await work(), await work(), begun]).toEqual([2, 2, 2]);
});

test('settings come from the environment, with an endpoint for emulators', () => {
  const settings = readSettings({
    AWS_REGION: 'eu-west-1',
    AWS_ENDPOINT_URL: 'http://localhost:1',
    TIDEMARK_TOPICS: '{"a":"b"}',
  });
  expect(settings.aws).toEqual({ region: 'eu-west-1', endpoint: 'http://localhost:1' });
  expect(settings.topics).toEqual({ a: 'b' });
  expect(readSettings({}).aws).not.toHaveProperty('endpoint');
});

test('names of dimensions are those that Powertools gives', () => {
  expect(Dimension).toEqual({ lakehouse: 'service', stream: 'Stream', table: 'Table' });
});

describe('the answer to CloudFormation', () => {
  let server: Server;
  let answers: { body: Record<string, unknown>; type: string | undefined }[];
  let refuse: number;
  beforeAll(async () => {
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        if (refuse-- > 0) response.statusCode = 503;
        else
          answers.push({
            body: JSON.parse(body) as Record<string, unknown>,
            type: request.headers['content-type'],
          });
        response.end();
      });
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  });
  afterAll(() => new Promise((done) => server.close(done)));
  beforeEach(() => {
    answers = [];
    refuse = 0;
  });

  const event = (more: object = {}): CloudFormationCustomResourceEvent =>
    ({
      RequestType: 'Create',
      StackId: 'stack',
      RequestId: 'request',
      LogicalResourceId: 'Tables',
      ResponseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/answer`,
      ...more,
    }) as unknown as CloudFormationCustomResourceEvent;

  test('carries the result, under one name for ever', async () => {
    await respond(event(), 'tables', silent, () => Promise.resolve({ PlanVersion: '1' }));
    await respond(event({ RequestType: 'Update', PhysicalResourceId: 'earlier' }), 'tables', silent, () =>
      Promise.resolve({}),
    );
    expect(answers.map(({ body }) => [body['Status'], body['PhysicalResourceId']])).toEqual([
      ['SUCCESS', 'tables'],
      ['SUCCESS', 'earlier'],
    ]);
    expect(answers[0]!.body['Data']).toEqual({ PlanVersion: '1' });
    expect(answers[0]!.type).toBe('');
  });

  test('a failure is an answer too, with its remedy', async () => {
    const refused = new TidemarkError('refused', 'a column would go', { remedy: 'allow it by name' });
    await respond(event(), 'tables', silent, () => Promise.reject(refused));
    expect(answers[0]!.body).toMatchObject({
      Status: 'FAILED',
      Reason: 'a column would go. allow it by name',
    });
  });

  test('is sent again when nobody takes it', async () => {
    refuse = 2;
    await respond(event(), 'tables', silent, () => Promise.resolve({}));
    expect(answers).toHaveLength(1);
  });
});
