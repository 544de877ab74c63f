import { KinesisClient, type KinesisClientConfig } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../../src/ports/clock.ts';
import { BIRTH } from '../../../src/ports/ledger.ts';
import { KinesisStore, type KinesisStoreOptions } from '../../../src/local/kinesis/store.ts';
import { startKinesisServer, type KinesisServer } from '../../../src/local/kinesis/server.ts';
import { drain } from '../../contract/stream.ts';

export const realClock: Clock = { now: () => Date.now(), sleep: (ms) => sleep(ms) };

/** A clock that stands where the test sets it. */
export class ManualClock implements Clock {
  time: number;

  constructor(time = Date.UTC(2026, 0, 1)) {
    this.time = time;
  }

  now(): number {
    return this.time;
  }

  sleep(ms: number): Promise<void> {
    this.time += ms;
    return Promise.resolve();
  }
}

/** A directory that is removed by `cleanUp`. */
export async function makeDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'kinesis-'));
  cleanups.push(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

const cleanups: (() => Promise<void>)[] = [];

/** Undoes what the helpers of this file made, the latest first. */
export async function cleanUp(): Promise<void> {
  for (let undo = cleanups.pop(); undo !== undefined; undo = cleanups.pop()) await undo();
}

export async function openStore(options: Partial<KinesisStoreOptions> = {}): Promise<KinesisStore> {
  const store = await KinesisStore.open({
    dir: options.dir ?? (await makeDirectory()),
    clock: realClock,
    ...options,
  });
  cleanups.push(() => store.close());
  return store;
}

export interface Endpoint {
  store: KinesisStore;
  server: KinesisServer;
  client: KinesisClient;
}

/** A store behind HTTP and the real client in front of it. */
export async function startEndpoint(
  options: Partial<KinesisStoreOptions> = {},
  config: KinesisClientConfig = {},
): Promise<Endpoint> {
  const store = await openStore(options);
  const server = await startKinesisServer({ store, port: 0 });
  cleanups.push(() => server.close());
  const client = makeClient(server.url, config);
  return { store, server, client };
}

export function makeClient(endpoint: string, config: KinesisClientConfig = {}): KinesisClient {
  const client = new KinesisClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    requestHandler: new NodeHttpHandler(),
    maxAttempts: 1,
    ...config,
  });
  cleanups.push(() => {
    client.destroy();
    return Promise.resolve();
  });
  return client;
}

/** The texts of all records of a stream, shard by shard. */
export async function allTexts(store: KinesisStore, stream: string): Promise<Record<string, string[]>> {
  const texts: Record<string, string[]> = {};
  for (const { shardId } of await store.shards(stream)) {
    const records = await drain(store, stream, shardId, undefined, BIRTH);
    texts[shardId] = records.map((record) => Buffer.from(record.data).toString());
  }
  return texts;
}

/** Entries with the given texts as data, spread over the shards by key. */
export function entries(...texts: string[]): { partitionKey: string; data: Buffer }[] {
  return texts.map((text) => ({ partitionKey: text, data: Buffer.from(text) }));
}
