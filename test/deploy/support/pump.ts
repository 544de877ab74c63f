import { setTimeout as sleep } from 'node:timers/promises';
import type { KinesisEvent, BatchResponse } from '../../../src/ingest/event.ts';
import { EventSource, type Checkpoints, type EventSourceSettings } from '../../../src/local/event-source.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { Log } from '../../../src/ports/log.ts';
import type { Stream } from '../../../src/ports/stream.ts';
import type { Calls } from './calls.ts';
import { invoke, type EventSourceMapping } from './functions.ts';
import { say } from './progress.ts';

const CAUGHT_UP_MS = 120_000;

export interface Pump {
  /** The function of the mapping. */
  functionArn: string;
  stream: string;
  /** Waits until every record put so far was taken by the function. */
  settled(): Promise<void>;
  /** Batches that the function took. */
  batches(): number;
  stop(): Promise<void>;
}

/** What Lambda does with a mapping's settings, in the words of our own event source. */
export function settingsOf(mapping: EventSourceMapping): EventSourceSettings {
  const seconds = (value: number | undefined): number =>
    value === undefined || value < 0 ? -1 : value * 1000;
  return {
    batchSize: mapping.BatchSize,
    batchingWindowMs: mapping.MaximumBatchingWindowInSeconds * 1000,
    maximumRetryAttempts: mapping.MaximumRetryAttempts ?? -1,
    maximumRecordAgeMs: seconds(mapping.MaximumRecordAgeInSeconds),
    bisectBatchOnFunctionError: mapping.BisectBatchOnFunctionError ?? false,
  };
}

/**
 * Plays the part of a deployed event source mapping: reads the stream and invokes the deployed function as the mapping
 * says. The emulator's own part is not used: it drops what the function reports as failed.
 */
export function pump(
  calls: Calls,
  mapping: EventSourceMapping,
  ports: { stream: Stream; clock: Clock; log: Log },
): Pump {
  const stream = mapping.EventSourceArn.slice(mapping.EventSourceArn.lastIndexOf('/') + 1);
  let batches = 0;
  let failure: unknown;
  const source = new EventSource(stream, settingsOf(mapping), {
    ...ports,
    checkpoints: inMemory(),
    invoke: async (event: KinesisEvent) => {
      const answer = await invoke<BatchResponse>(calls, mapping.FunctionArn, event);
      batches++;
      return answer;
    },
    onFailure: (event, error) => {
      failure = new Error(`the batch from ${event.Records[0]!.eventID} on was given up`, { cause: error });
      return Promise.resolve();
    },
  });
  const end = new AbortController();
  const running = source.run(end.signal);
  return {
    functionArn: mapping.FunctionArn,
    stream,
    batches: () => batches,
    settled: async () => {
      const shards = await ports.stream.shards(stream);
      for (const { shardId } of shards) source.wake(shardId);
      const deadline = Date.now() + CAUGHT_UP_MS;
      while (!source.idle) {
        if (failure !== undefined) throw failure as Error;
        if (Date.now() > deadline)
          throw new Error(`${stream} was not read to its end within ${CAUGHT_UP_MS} ms`);
        await sleep(50);
      }
      say(`${stream}: ${batches} batches taken`);
    },
    stop: async () => {
      end.abort();
      await running;
    },
  };
}

/** Where the event source stands, for as long as the test runs. */
function inMemory(): Checkpoints {
  const places = new Map<string, Awaited<ReturnType<Checkpoints['get']>>>();
  const key = (stream: string, shard: string): string => `${stream}/${shard}`;
  return {
    get: (stream, shard) => Promise.resolve(places.get(key(stream, shard))),
    set: (stream, shard, at) => {
      places.set(key(stream, shard), at);
      return Promise.resolve();
    },
  };
}
