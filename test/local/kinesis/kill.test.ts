import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { afterEach, describe, expect, test } from '@jest/globals';
import { buildSync } from 'esbuild';
import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { cleanUp, allTexts, makeClient, makeDirectory, openStore } from './harness.ts';

afterEach(cleanUp);

const SOURCES = join(import.meta.dirname, '../../../src/local/kinesis');

/** A process of its own that serves the store in its directory, tells its URL, and scales when it is told to. */
const SERVER = `
  import { KinesisStore } from ${JSON.stringify(join(SOURCES, 'store.ts'))};
  import { startKinesisServer } from ${JSON.stringify(join(SOURCES, 'server.ts'))};
  const clock = { now: () => Date.now(), sleep: (ms) => new Promise((r) => setTimeout(r, ms)) };
  const store = await KinesisStore.open({ dir: process.argv[2], clock, segmentBytes: 200_000 });
  if ((await store.streamNames()).length === 0) await store.createStream('events', { shardCount: 3 });
  const { url } = await startKinesisServer({ store, port: 0 });
  process.on('message', (target) => void store.scaleUniformly('events', target));
  process.send(url);
`;

function bundle(directory: string): string {
  const outfile = join(directory, 'server.mjs');
  buildSync({
    stdin: { contents: SERVER, loader: 'ts', resolveDir: SOURCES },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile,
  });
  return outfile;
}

async function start(script: string, dir: string): Promise<{ child: ChildProcess; url: string }> {
  const child = fork(script, [dir], { execArgv: [] });
  const url = await new Promise<string>((resolve, reject) => {
    child.once('message', (message) => resolve(message as string));
    child.once('exit', (code) => reject(new Error(`the server ended with ${code ?? 'a signal'}`)));
  });
  return { child, url };
}

describe('SIGKILL', () => {
  test('whatever the moment, every acknowledged record is there, once, and none is there twice', async () => {
    const script = bundle(await makeDirectory());
    const dir = join(await makeDirectory(), 'streams');
    const acknowledged = new Map<string, string>();
    let n = 0;
    for (const [round, target] of [5, 3, 6, 4, 2].entries()) {
      const { child, url } = await start(script, dir);
      const client = makeClient(url);
      let alive = true;
      const running = (): boolean => alive;
      const producers = Array.from({ length: 6 }, async () => {
        while (running()) {
          const texts = Array.from({ length: 40 }, () => `record ${n++} ${'x'.repeat(100)}`);
          const Records = texts.map((text) => ({ PartitionKey: text, Data: Buffer.from(text) }));
          try {
            const answer = await client.send(new PutRecordsCommand({ StreamName: 'events', Records }));
            for (const [i, record] of answer.Records!.entries()) {
              if (record.ErrorCode === undefined) acknowledged.set(texts[i]!, record.SequenceNumber!);
            }
          } catch (error) {
            if (running()) throw error;
          }
        }
      });
      await new Promise((resolve) => setTimeout(resolve, 150 + 37 * round));
      child.send(target);
      await new Promise((resolve) => setTimeout(resolve, 3 * round));
      alive = false;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
      await Promise.all(producers);
    }
    const store = await openStore({ dir });
    const stored = Object.values(await allTexts(store, 'events')).flat();
    const once = new Set(stored);
    expect(once.size).toBe(stored.length);
    expect(acknowledged.size).toBeGreaterThan(1000);
    expect([...acknowledged.keys()].filter((text) => !once.has(text))).toEqual([]);
    expect(new Set(acknowledged.values()).size).toBe(acknowledged.size);
  });
});
