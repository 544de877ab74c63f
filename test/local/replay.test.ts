import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { KinesisClient } from '@aws-sdk/client-kinesis';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openDatabase, type LocalDatabase } from '../../src/adapters/local/database.ts';
import { systemClock } from '../../src/adapters/local/system.ts';
import { startKinesisServer, type KinesisServer } from '../../src/local/kinesis/server.ts';
import { KinesisStore } from '../../src/local/kinesis/store.ts';
import { localKinesisClient } from '../../src/local/producer.ts';
import { Replay, type Pace } from '../../src/local/replay.ts';
import { BIRTH } from '../../src/ports/ledger.ts';
import { drain } from '../contract/stream.ts';
import { silentLog } from './support/log.ts';
import { dice, seedFrom, type Dice } from './support/random.ts';

class Killed extends Error {}

/** What becomes of the puts that a replay sends: answered, or the process ends around one. */
interface Faults {
  /** Puts that still work before the end. */
  left: number;
  /** Which records of the last put land before the end, by their place; absent for all of them. */
  lands?: (place: number) => boolean;
}

describe('a replay', () => {
  let folder: string;
  let store: KinesisStore;
  let server: KinesisServer;
  let database: LocalDatabase;
  let clients: KinesisClient[];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidemark-replay-'));
    store = await KinesisStore.open({ dir: join(folder, 'kinesis'), clock: systemClock, fsync: false });
    server = await startKinesisServer({ store, port: 0, log: silentLog });
    database = openDatabase(join(folder, 'db'));
    clients = [];
    await store.createStream('s', { shardCount: 2, retentionHours: 24 });
  });
  afterEach(async () => {
    for (const client of clients) client.destroy();
    await server.close();
    await store.close();
    await database.close();
    await rm(folder, { recursive: true, force: true });
  });

  const line = (i: number, at = i): string =>
    JSON.stringify({ i, at: new Date(Date.UTC(2026, 0, 1) + at * 1000).toISOString() });
  const write = (lines: string[]): Promise<void> => writeFile(join(folder, 'file.ndjson'), lines.join('\n'));
  const fast: Pace = { speed: Infinity, from: 0, startedAt: 0 };

  /** A replay as a process makes it that begins now, over a client that may end the process. */
  function replay(faults: Faults = { left: Infinity }, file = 'file.ndjson'): Replay {
    const client = localKinesisClient(server.url);
    clients.push(client);
    let { left } = faults;
    client.middlewareStack.add(
      (next, context) => async (args) => {
        if (context.commandName !== 'PutRecordsCommand') return next(args);
        if (left-- > 0) return next(args);
        const input = args.input as { Records: unknown[] };
        input.Records = input.Records.filter((_, place) => faults.lands?.(place) ?? true);
        if (input.Records.length > 0) await next(args);
        throw new Killed('the process ended before the answer');
      },
      { step: 'initialize' },
    );
    const source = { stream: 's', file, partitionKey: 'i', eventTime: 'at' };
    return new Replay(source, join(folder, file), client, systemClock, database);
  }

  async function run(faults?: Faults, pace: Pace = fast): Promise<'finished' | 'killed'> {
    const one = replay(faults);
    await one.prepare();
    try {
      await one.run(pace, new AbortController().signal);
      return 'finished';
    } catch (error) {
      if (error instanceof Killed) return 'killed';
      throw error;
    }
  }

  async function inStream(): Promise<string[]> {
    const all: string[] = [];
    for (const { shardId } of await store.shards('s'))
      for (const record of await drain(store, 's', shardId, { records: 10_000, bytes: 1e7 }, BIRTH))
        all.push(Buffer.from(record.data).toString());
    return all.sort();
  }

  test('puts every line once, and a second run puts nothing', async () => {
    const lines = Array.from({ length: 1_234 }, (_, i) => line(i));
    await write(lines);
    expect(await run()).toBe('finished');
    expect(await run()).toBe('finished');
    expect(await inStream()).toEqual([...lines].sort());
    expect(replay().state).toMatchObject({ done: 1_234, finished: true, at: '2026-01-01T00:20:33.000Z' });
  });

  test('reads gzipped files, Windows line ends and empty lines', async () => {
    await writeFile(join(folder, 'file.ndjson.gz'), gzipSync(`${line(0)}\r\n\r\n${line(1)}\r\n`));
    const one = replay(undefined, 'file.ndjson.gz');
    await one.prepare();
    await one.run(fast, new AbortController().signal);
    expect(await inStream()).toEqual([line(0), line(1)].sort());
  });

  test('a file that is not there is an error, not an empty replay', async () => {
    await expect(replay(undefined, 'none.ndjson').prepare()).rejects.toThrow('ENOENT');
    await expect(replay(undefined, 'none.ndjson.gz').prepare()).rejects.toThrow('ENOENT');
  });

  test('a line that is no record is put like any other, at any pace', async () => {
    const lines = ['not json', line(0), '{"i":1}', '[]', 'null', line(2)];
    await write(lines);
    expect(
      await run(undefined, { speed: 1e9, from: Date.UTC(2026, 0, 1), startedAt: systemClock.now() }),
    ).toBe('finished');
    expect(await inStream()).toEqual([...lines].sort());
  });

  test('killed after the last put and before its note, it knows that it was done', async () => {
    const lines = Array.from({ length: 700 }, (_, i) => line(i));
    await write(lines);
    expect(await run({ left: 1 })).toBe('killed');
    expect(await run()).toBe('finished');
    expect(await inStream()).toEqual([...lines].sort());
    expect(replay().state.done).toBe(700);
  });

  test('lines that are alike are all put, whatever landed of them', async () => {
    const lines = Array.from({ length: 1_200 }, (_, i) => line(i % 3));
    await write(lines);
    expect(await run({ left: 1, lands: (i) => i < 123 })).toBe('killed');
    expect(await run()).toBe('finished');
    expect(await inStream()).toEqual([...lines].sort());
  });

  test('records of other producers are not taken for its own', async () => {
    const lines = Array.from({ length: 1_200 }, (_, i) => line(i));
    await write(lines);
    expect(await run({ left: 1, lands: () => false })).toBe('killed');
    // Somebody else puts the very text of a line that the replay has yet to reach, far behind its last request.
    await store.putRecords('s', [{ partitionKey: 'x', data: Buffer.from(line(1_150)) }]);
    expect(await run()).toBe('finished');
    expect(await inStream()).toEqual([...lines, line(1_150)].sort());
  });

  test('part of a request landed, then a paced run is killed again: nothing twice', async () => {
    const lines = Array.from({ length: 40 }, (_, i) => line(i));
    await write(lines);
    expect(await run({ left: 0, lands: (i) => i !== 3 && i < 30 })).toBe('killed');
    // At this pace only the first lines are due at once: they fall into the part that landed.
    const slow = (): Pace => ({ speed: 1, from: Date.UTC(2026, 0, 1), startedAt: systemClock.now() });
    expect(await run({ left: 1, lands: () => false }, { ...slow(), speed: 100 })).toBe('killed');
    expect(await run()).toBe('finished');
    expect(await inStream()).toEqual([...lines].sort());
  });

  const seed = seedFrom('REPLAY_SEED');
  // A request may land in part: the stream takes each record for itself, and a shard may refuse for a while.
  const faults = (roll: Dice): Faults => {
    const share = roll.pick([0, 0.1, 0.5, 0.9]);
    return { left: roll.below(3), ...(roll.chance(0.7) ? { lands: () => roll.chance(share) } : {}) };
  };
  test.each([0, 1, 2, 3])(
    `killed at any moment, nothing is lost and nothing twice, run %i (REPLAY_SEED=${seed})`,
    async (n) => {
      const roll = dice(seed + n);
      const lines = Array.from({ length: 1 + roll.below(4_000) }, (_, i) =>
        line(roll.chance(0.2) ? 0 : i, i),
      );
      await write(lines);
      let kills = 0;
      const paced = (): Pace =>
        roll.chance(0.5)
          ? fast
          : {
              speed: 10_000 + roll.below(50_000),
              from: Date.UTC(2026, 0, 1) - roll.below(1e5),
              startedAt: systemClock.now(),
            };
      while (kills < 8 && (await run(faults(roll), paced())) === 'killed') kills++;
      expect(await run()).toBe('finished');
      expect(await inStream()).toEqual([...lines].sort());
    },
  );
});
