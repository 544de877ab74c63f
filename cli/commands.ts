import { readFile, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode, isKind, TidemarkError } from '../src/errors.ts';
import { systemClock } from '../src/adapters/local/system.ts';
import { readDeployment } from '../src/local/deployment.ts';
import { lockDirectory } from '../src/local/kinesis/lock.ts';
import { offlineState } from '../src/local/offline-state.ts';
import { batches, localKinesisClient, partitionKeyOf, putBatch, readLines, type Line } from '../src/local/producer.ts';
import { openQuery } from '../src/local/query.ts';
import type { LakehouseState } from '../src/local/state.ts';
import { openStores } from '../src/local/stores.ts';
import { listTables } from '../src/serve/tables.ts';
import type { QueryResult } from '../src/serve/query.ts';

/** Where a running lakehouse can be reached. */
interface Announcement {
  pid: number;
  endpoint: string;
  console?: string;
}

async function announcement(data: string): Promise<Announcement> {
  try {
    return JSON.parse(await readFile(join(data, 'runtime.json'), 'utf8')) as Announcement;
  } catch (cause) {
    throw new TidemarkError('notFound', `no lakehouse runs in ${data}`, {
      remedy: 'start it with `tidemark dev`, or name its folder with --data',
      cause,
    });
  }
}

/** Puts a file's lines into a stream of the running lakehouse. Returns how many. */
export async function produce(
  data: string,
  stream: string,
  file: string,
  partitionKey: string | undefined,
  onProgress: (done: number) => void,
): Promise<number> {
  if (!existsSync(file)) throw new TidemarkError('notFound', `there is no file ${file}`);
  const { endpoint } = await announcement(data);
  const client = localKinesisClient(endpoint);
  let index = 0;
  let done = 0;
  let window: Line[] = [];
  const flush = async (): Promise<void> => {
    for (const batch of batches(window)) {
      await putBatch(client, stream, batch, systemClock);
      done += batch.length;
      onProgress(done);
    }
    window = [];
  };
  try {
    for await (const line of readLines(file)) {
      window.push({ index, data: Buffer.from(line), partitionKey: partitionKeyOf(line, index, partitionKey) });
      index++;
      if (window.length >= 5_000) await flush();
    }
    await flush();
    return done;
  } catch (error) {
    throw producerError(error, stream, endpoint);
  } finally {
    client.destroy();
  }
}

function producerError(error: unknown, stream: string, endpoint: string): unknown {
  if (error instanceof Error && error.name === 'ResourceNotFoundException')
    return new TidemarkError('notFound', `there is no stream "${stream}"`, { cause: error });
  if (errorCode(error) === 'ECONNREFUSED')
    return new TidemarkError('notFound', `no lakehouse answers at ${endpoint}`, {
      remedy: 'start it with `tidemark dev`',
      cause: error,
    });
  return error;
}

/** Answers one SELECT from the data folder, whether the lakehouse runs or not. */
export async function query(data: string, sql: string, maxRows: number): Promise<QueryResult> {
  const stores = openStores(data, false);
  try {
    const engine = openQuery(stores, readDeployment(stores.database).plan);
    try {
      return await engine.query(sql, { maxRows });
    } finally {
      await engine.close();
    }
  } finally {
    await stores.close();
  }
}

/** What the lakehouse holds, from the running one or, when none runs, from its folder. */
export async function status(data: string): Promise<LakehouseState & { running: boolean }> {
  try {
    const { console: url } = await announcement(data);
    if (url !== undefined) {
      const answer = await fetch(`${url}/api/state`, { signal: AbortSignal.timeout(5_000) });
      if (answer.ok) return { ...((await answer.json()) as LakehouseState), running: true };
    }
  } catch (error) {
    // Not running, or its note is stale: the folder answers.
    if (!isKind(error, 'notFound') && !(error instanceof TypeError)) throw error;
  }
  const stores = openStores(data, false);
  try {
    return { ...(await offlineState(stores, readDeployment(stores.database).plan)), running: false };
  } finally {
    await stores.close();
  }
}

/** Every view and table, with its columns. */
export async function tables(data: string): ReturnType<typeof listTables> {
  const stores = openStores(data, false);
  try {
    return await listTables(readDeployment(stores.database).plan, stores.io);
  } finally {
    await stores.close();
  }
}

/** Deletes a data folder. Refused while a lakehouse runs there, and for a folder that is none. */
export async function reset(data: string): Promise<void> {
  if (!existsSync(data)) return;
  if (!existsSync(join(data, 'kinesis')) || !existsSync(join(data, 'db')))
    throw new TidemarkError('refused', `${data} is not the folder of a lakehouse; nothing was deleted`);
  const unlock = await lockDirectory(join(data, 'kinesis'));
  await rm(data, { recursive: true, force: true });
  await unlock().catch(() => undefined); // the lock went with the folder
}
