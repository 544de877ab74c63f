import { readFile, rm, stat } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode, TidemarkError } from '../src/errors.ts';
import { isAlive, systemClock } from '../src/adapters/local/system.ts';
import { readDeployment } from '../src/local/deployment.ts';
import { lockDirectory } from '../src/local/kinesis/lock.ts';
import { loadFile } from '../src/local/load.ts';
import { offlineState } from '../src/local/offline-state.ts';
import {
  batches,
  localKinesisClient,
  partitionKeyOf,
  putBatch,
  readLines,
  type Line,
} from '../src/local/producer.ts';
import { openQuery } from '../src/local/query.ts';
import type { LakehouseState } from '../src/local/state.ts';
import { openStores } from '../src/local/stores.ts';
import type { Loaded } from '../src/operate/load.ts';
import type { Log } from '../src/ports/log.ts';
import { listTables } from '../src/serve/tables.ts';
import type { QueryResult } from '../src/serve/query.ts';

/** Where a running lakehouse can be reached. */
interface Announcement {
  pid: number;
  endpoint: string;
  console?: string;
}

/**
 * Where the lakehouse of a folder can be reached; undefined when none runs there. A process that was killed leaves its
 * note behind.
 */
async function announcement(data: string): Promise<Announcement | undefined> {
  let text: string;
  try {
    text = await readFile(join(data, 'runtime.json'), 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  const note = JSON.parse(text) as Announcement;
  return isAlive(note.pid) ? note : undefined;
}

/** Puts a file's lines into a stream of the running lakehouse. Returns how many. */
export async function produce(
  data: string,
  stream: string,
  file: string,
  partitionKey: string | undefined,
  onProgress: (done: number) => void,
): Promise<number> {
  const found = await stat(file).catch((cause: unknown) => {
    throw new TidemarkError('notFound', `there is no file ${file}`, { cause });
  });
  if (!found.isFile()) throw new TidemarkError('invalid', `${file} is a folder, not a file`);
  const running = await announcement(data);
  if (!running)
    throw new TidemarkError('notFound', `no lakehouse runs in ${data}`, {
      remedy: 'start it with `tidemark dev`, or name its folder with --data',
    });
  const { endpoint } = running;
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
      window.push({
        index,
        data: Buffer.from(line),
        partitionKey: partitionKeyOf(line, index, partitionKey),
      });
      index++;
      if (window.length >= 5_000) await flush();
    }
    await flush();
    return done;
  } catch (error) {
    throw producerError(error, stream, file, endpoint);
  } finally {
    client.destroy();
  }
}

function producerError(error: unknown, stream: string, file: string, endpoint: string): unknown {
  if (error instanceof Error && error.name === 'ResourceNotFoundException')
    return new TidemarkError('notFound', `there is no stream "${stream}"`, { cause: error });
  if (errorCode(error)?.startsWith('Z_'))
    return new TidemarkError('invalid', `${file} cannot be unpacked: ${(error as Error).message}`, {
      cause: error,
    });
  if (errorCode(error) === 'ECONNREFUSED')
    return new TidemarkError('notFound', `no lakehouse answers at ${endpoint}`, {
      remedy: 'start it with `tidemark dev`',
      cause: error,
    });
  return error;
}

/** Loads a file of records into a stream's tables and merges it, whether the lakehouse runs or not. */
export async function load(data: string, stream: string, file: string, log: Log): Promise<Loaded> {
  if (!existsSync(file)) throw new TidemarkError('notFound', `there is no file ${file}`);
  const stores = openStores(data, false);
  try {
    const deployment = readDeployment(stores.database);
    return await loadFile(stores, deployment, deployment.base, stream, file, log);
  } finally {
    await stores.close();
  }
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

/** The state as the console of a running lakehouse tells it; undefined when it does not answer. */
async function liveState(console: string | undefined): Promise<LakehouseState | undefined> {
  if (console === undefined) return undefined;
  try {
    const answer = await fetch(`${console}/api/state`, { signal: AbortSignal.timeout(5_000) });
    return answer.ok ? ((await answer.json()) as LakehouseState) : undefined;
  } catch (error) {
    // It starts, ends, or its port is another's now: the folder answers.
    if (error instanceof TypeError || error instanceof SyntaxError || error instanceof DOMException)
      return undefined;
    throw error;
  }
}

/** What the lakehouse holds, from the running one or, when none runs, from its folder. */
export async function status(data: string): Promise<LakehouseState & { running: boolean }> {
  const live = await liveState((await announcement(data))?.console);
  if (live) return { ...live, running: true };
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
  await unlock().catch((error: unknown) => {
    // The lock's file went with the folder.
    if (errorCode(error) !== 'ENOENT') throw error;
  });
}
