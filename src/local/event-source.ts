import { TidemarkError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import { BIRTH, type Position } from '../ports/ledger.ts';
import type { Log } from '../ports/log.ts';
import type { Stream, StreamRecord } from '../ports/stream.ts';
import { positionOf, type BatchResponse, type KinesisEvent } from '../ingest/event.ts';

/** The settings of a Lambda event source mapping for Kinesis, by their names there. */
export interface EventSourceSettings {
  batchSize: number;
  /** How long a batch waits for more records, milliseconds. */
  batchingWindowMs: number;
  /** @default -1: without end */
  maximumRetryAttempts: number;
  /** @default -1: without end */
  maximumRecordAgeMs: number;
  bisectBatchOnFunctionError: boolean;
}

export const EVENT_SOURCE_DEFAULTS: EventSourceSettings = {
  batchSize: 10_000,
  batchingWindowMs: 100,
  maximumRetryAttempts: -1,
  maximumRecordAgeMs: -1,
  bisectBatchOnFunctionError: true,
};

/** Lambda's invocation payload is 6 MB, and base64 adds a third. */
const PAYLOAD_BYTES = 4_500_000;
const IDLE_POLL_MS = 250;
const RETRY_MS = { first: 100, longest: 5_000 };

/** Where the event source stands in each shard, durable. */
export interface Checkpoints {
  get(stream: string, shard: string): Promise<{ position: Position; ended: boolean } | undefined>;
  set(stream: string, shard: string, at: { position: Position; ended: boolean }): Promise<void>;
}

/** Takes the payload of a batch that was given up. */
export type FailureDestination = (event: KinesisEvent, error: unknown) => Promise<void>;

export interface EventSourcePorts {
  stream: Stream;
  checkpoints: Checkpoints;
  invoke: (event: KinesisEvent) => Promise<BatchResponse>;
  onFailure: FailureDestination;
  clock: Clock;
  log: Log;
}

/**
 * Polls a stream's shards and invokes the function, as Lambda's event source mapping does: one batch a shard at a time,
 * in order, closed by size, bytes or window; retries with back-off, bisects, honours partial batch responses, and reads
 * the children of a reshard only when their parents are drained.
 */
export class EventSource {
  readonly #name: string;
  readonly #settings: EventSourceSettings;
  readonly #ports: EventSourcePorts;
  readonly #wakers = new Map<string, () => void>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #caughtUp = new Map<string, boolean>();
  /** Arrival of the oldest record of a shard that is read and not yet taken by the function. */
  readonly #oldest = new Map<string, number>();
  /** How often a shard was woken: tells a put that came between a read and the wait after it. */
  readonly #wakes = new Map<string, number>();

  constructor(stream: string, settings: EventSourceSettings, ports: EventSourcePorts) {
    this.#name = stream;
    this.#settings = settings;
    this.#ports = ports;
  }

  /** Ends the wait of an idle shard: something was put. */
  wake(shard: string): void {
    this.#caughtUp.set(shard, false);
    this.#wakes.set(shard, this.#wakesOf(shard) + 1);
    this.#wakers.get(shard)?.();
  }

  /** True when every shard was read to its end and nothing was put since. */
  get idle(): boolean {
    return this.#running.size > 0 && [...this.#caughtUp.values()].every(Boolean);
  }

  /** Milliseconds since the oldest record arrived that the function has not taken yet; 0 when there is none. */
  get lagMs(): number {
    const arrived = Math.min(...this.#oldest.values());
    return Number.isFinite(arrived) ? Math.max(0, this.#ports.clock.now() - arrived) : 0;
  }

  /** Runs until `signal` aborts; finishes the batches under way. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#ports;
    while (!signal.aborted) {
      try {
        await this.#startShards(signal);
      } catch (error) {
        // A stream that was deleted, or a disk that fails: neither may end the process.
        this.#ports.log.error('the shards of a stream cannot be listed; trying again', {
          stream: this.#name,
          error,
        });
      }
      await clock.sleep(IDLE_POLL_MS, signal);
    }
    await Promise.all(this.#running.values());
  }

  async #startShards(signal: AbortSignal): Promise<void> {
    const { stream, checkpoints, log } = this.#ports;
    const shards = await stream.shards(this.#name);
    const known = new Set(shards.map((s) => s.shardId));
    for (const { shardId, parents } of shards) {
      if (this.#running.has(shardId)) continue;
      // Known and unread: a child that waits for its parent's end keeps the source from being idle.
      this.#caughtUp.set(shardId, false);
      const ended = await Promise.all(
        // A parent that left the stream is past its retention: it does not block its children.
        parents
          .filter((p) => known.has(p))
          .map(async (p) => (await checkpoints.get(this.#name, p))?.ended === true),
      );
      if (!ended.every(Boolean)) continue;
      const run = this.#poll(shardId, signal).catch((error: unknown) => {
        log.error('polling a shard failed; starting it again', { stream: this.#name, shard: shardId, error });
        this.#running.delete(shardId);
      });
      this.#running.set(shardId, run);
    }
  }

  async #poll(shard: string, signal: AbortSignal): Promise<void> {
    const { checkpoints } = this.#ports;
    const saved = await checkpoints.get(this.#name, shard);
    let position = saved?.position ?? BIRTH;
    if (saved?.ended) {
      this.#caughtUp.set(shard, true);
      return;
    }
    const ended = (): boolean => signal.aborted;
    while (!ended()) {
      const batch = await this.#gather(shard, position, signal);
      if (batch.records.length > 0) {
        this.#oldest.set(shard, batch.records[0]!.arrivedAt);
        await this.#deliver(shard, batch.records, signal);
        this.#oldest.delete(shard);
        if (ended()) return;
        position = positionOf(batch.records.at(-1)!.sequenceNumber);
        await checkpoints.set(this.#name, shard, { position, ended: batch.ended });
      } else if (batch.ended) await checkpoints.set(this.#name, shard, { position, ended: true });
      if (batch.ended) {
        this.#caughtUp.set(shard, true);
        return;
      }
    }
  }

  /** Collects one batch; returns empty-handed when idle, so that the caller notices the end. */
  async #gather(
    shard: string,
    after: Position,
    signal: AbortSignal,
  ): Promise<{ records: StreamRecord[]; ended: boolean }> {
    const { stream, clock } = this.#ports;
    const { batchSize, batchingWindowMs } = this.#settings;
    const records: StreamRecord[] = [];
    let bytes = 0;
    let position = after;
    let opened = Infinity;
    for (;;) {
      const limit = { records: batchSize - records.length, bytes: PAYLOAD_BYTES - bytes };
      const wakes = this.#wakesOf(shard);
      const read = await stream.read(this.#name, shard, position, limit);
      const room =
        read.records.length > 1 || records.length === 0 || (read.records[0]?.data.length ?? 0) <= limit.bytes;
      if (room)
        for (const record of read.records) {
          records.push(record);
          bytes += record.data.length;
          position = positionOf(record.sequenceNumber);
        }
      if (read.ended && room) return { records, ended: true };
      if (!room || records.length >= batchSize || bytes >= PAYLOAD_BYTES * 0.95 || signal.aborted)
        return { records, ended: false };
      if (records.length > 0 && opened === Infinity) opened = clock.now();
      const waited = clock.now() - opened;
      if (records.length > 0 && waited >= batchingWindowMs) return { records, ended: false };
      if (!read.caughtUp || (records.length === 0 && wakes !== this.#wakesOf(shard))) continue;
      if (records.length === 0) this.#caughtUp.set(shard, true);
      await this.#wait(
        shard,
        records.length > 0 ? batchingWindowMs - waited : IDLE_POLL_MS,
        records.length === 0,
        signal,
      );
    }
  }

  #wakesOf(shard: string): number {
    return this.#wakes.get(shard) ?? 0;
  }

  async #wait(shard: string, ms: number, wakeable: boolean, signal: AbortSignal): Promise<void> {
    const wake = new AbortController();
    if (wakeable) this.#wakers.set(shard, () => wake.abort());
    try {
      await this.#ports.clock.sleep(Math.max(1, ms), AbortSignal.any([signal, wake.signal]));
    } finally {
      this.#wakers.delete(shard);
    }
  }

  /** Invokes until all of `records` are taken, or given up as the settings say. */
  async #deliver(shard: string, records: StreamRecord[], signal: AbortSignal): Promise<void> {
    let left = records;
    for (let attempt = 0; left.length > 0 && !signal.aborted; attempt++) {
      const event = this.#event(shard, left);
      try {
        const { batchItemFailures } = await this.#ports.invoke(event);
        const next = remaining(left, batchItemFailures);
        if (next.length === 0) return;
        if (next.length === left.length) throw noProgress(event);
        attempt = -1;
        left = next;
      } catch (error) {
        if (this.#givenUp(left, attempt)) {
          await this.#ports.onFailure(event, error);
          return;
        }
        this.#ports.log.warn('a batch failed; it will be tried again', {
          stream: this.#name,
          shard,
          records: left.length,
          attempt,
          error,
        });
        if (this.#settings.bisectBatchOnFunctionError && left.length > 1 && attempt >= 1) {
          const middle = left.length >> 1;
          await this.#deliver(shard, left.slice(0, middle), signal);
          await this.#deliver(shard, left.slice(middle), signal);
          return;
        }
      }
      const pause = Math.min(RETRY_MS.longest, RETRY_MS.first * 2 ** Math.max(0, attempt));
      await this.#ports.clock.sleep(pause, signal);
    }
  }

  #givenUp(records: StreamRecord[], attempt: number): boolean {
    const { maximumRetryAttempts, maximumRecordAgeMs } = this.#settings;
    const age = this.#ports.clock.now() - records[0]!.arrivedAt;
    return (
      (maximumRetryAttempts >= 0 && attempt >= maximumRetryAttempts) ||
      (maximumRecordAgeMs >= 0 && age > maximumRecordAgeMs)
    );
  }

  #event(shard: string, records: StreamRecord[]): KinesisEvent {
    const eventSourceARN = `arn:aws:kinesis:us-east-1:000000000000:stream/${this.#name}`;
    return {
      Records: records.map((r) => ({
        eventID: `${shard}:${r.sequenceNumber}`,
        eventSourceARN,
        kinesis: {
          sequenceNumber: r.sequenceNumber,
          partitionKey: r.partitionKey,
          data: Buffer.from(r.data.buffer, r.data.byteOffset, r.data.byteLength).toString('base64'),
          approximateArrivalTimestamp: r.arrivedAt / 1000,
        },
      })),
    };
  }
}

/** Lambda counts a batch of which nothing was taken as failed, also when the function returned. */
function noProgress(event: KinesisEvent): TidemarkError {
  const first = event.Records[0]!.eventID;
  return new TidemarkError('unavailable', `the function took no record of the batch from ${first} on`);
}

/** Everything from the lowest reported sequence number on is asked for again. */
function remaining(records: StreamRecord[], failures: { itemIdentifier: string }[]): StreamRecord[] {
  if (failures.length === 0) return [];
  const lowest = failures.map((f) => positionOf(f.itemIdentifier)).sort()[0]!;
  const from = records.findIndex((r) => positionOf(r.sequenceNumber) >= lowest);
  if (from < 0)
    throw new TidemarkError(
      'invalid',
      `the function reported sequence number ${lowest}, which is not in the batch`,
    );
  return records.slice(from);
}
