import type { KinesisClient } from '@aws-sdk/client-kinesis';
import { TidemarkError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Random } from '../ports/random.ts';
import type { RecordOf, StreamContract } from './record-of.ts';

/** What the producer tells of its work; for metrics. No payloads, no keys. */
export type ProducerEvent =
  /** A request was answered. `failed` of its stream records were refused for now, and are tried again. */
  | {
      kind: 'request';
      records: number;
      streamRecords: number;
      bytes: number;
      failed: number;
      durationMs: number;
    }
  /** A request failed as a whole; `retried` says whether its records are tried again. */
  | { kind: 'failure'; records: number; error: string; retried: boolean }
  /** A record broke the contract. */
  | { kind: 'bad'; reason: string; sent: boolean };

export interface ProducerOptions<S extends StreamContract = StreamContract> {
  /**
   * Made with `maxAttempts: 1`: retries are the producer's, since a hidden one may put a record twice. Another number
   * is refused unless `onUnknown` is `retry`.
   */
  client: KinesisClient;
  /** The stream's name where the client puts it. */
  streamName: string;
  /** The stream of the definition or of the plan: each record is checked against it before it is sent. */
  contract: S;
  /** The field whose value is the partition key, or how it comes from a record. Records of one key keep their order. */
  partitionKey: (keyof RecordOf<S> & string) | ((record: RecordOf<S>) => string);
  /**
   * Packs many records into one stream record, in the format of Kinesis producer libraries: cheaper for small records,
   * faster for hot keys. Every consumer must be able to unpack; Tidemark is.
   * @default false
   */
  aggregate?: boolean;
  /**
   * With `aggregate`: into how many equal ranges the hash keys are divided. Records of one range share stream records and
   * a shard; fewer ranges than shards leave shards unused.
   * @default 16, or four for each shard of the contract if that is more
   */
  ranges?: number;
  /** With `aggregate`: bytes of a stream record, 25,600 to 1,048,576. @default 25,600: one put unit */
  aggregateBytes?: number;
  /** Stream records of a request at most, 1 to 500. @default 500 */
  batchRecords?: number;
  /** Bytes of a request at most. @default 4 MiB */
  batchBytes?: number;
  /** Milliseconds that a record waits for company. @default 100 */
  lingerMs?: number;
  /** Requests under way at most. @default 4 */
  requests?: number;
  /** Bytes held until `put` waits; the last record may go beyond. @default 16 MiB */
  bufferBytes?: number;
  /** Puts that may wait for room; further ones are rejected with kind `throttled`. @default 10,000 */
  maxWaiting?: number;
  /** Milliseconds from the acceptance of a record until it is given up. @default 60,000 */
  timeoutMs?: number;
  /** Milliseconds before the first repeat; doubles up to 2 s. @default 50 */
  backoffMs?: number;
  /** A record that breaks the contract: its put is rejected, or it is sent all the same and quarantined behind the stream. @default 'reject' */
  onBadRecord?: 'reject' | 'send';
  /**
   * A request whose answer was lost may have been stored. `reject` rejects its puts with kind `unknown`, so that what
   * resolved is in the stream once; `retry` repeats it, so that it is there at least once.
   * @default 'reject'
   */
  onUnknown?: 'reject' | 'retry';
  /** Is told of the producer's work. What it throws is ignored. */
  onEvent?: (event: ProducerEvent) => void;
  /** @default the machine's */
  clock?: Clock;
  /** @default the machine's */
  random?: Random;
}

/** Numbers of the options with their defaults, checked. */
export interface Limits {
  aggregateBytes: number;
  batchRecords: number;
  batchBytes: number;
  lingerMs: number;
  requests: number;
  bufferBytes: number;
  maxWaiting: number;
  timeoutMs: number;
  backoffMs: number;
  ranges: number;
}

const MIB = 2 ** 20;
/** The largest record that Kinesis takes by default, partition key included. */
export const MAX_RECORD_BYTES = MIB;

const RULES: Record<keyof Limits, [fallback: number, min: number, max: number]> = {
  aggregateBytes: [25_600, 25_600, MAX_RECORD_BYTES],
  batchRecords: [500, 1, 500],
  batchBytes: [4 * MIB, MAX_RECORD_BYTES, 5 * MIB],
  lingerMs: [100, 0, 60_000],
  requests: [4, 1, 64],
  bufferBytes: [16 * MIB, MAX_RECORD_BYTES, 1024 * MIB],
  maxWaiting: [10_000, 0, 10_000_000],
  timeoutMs: [60_000, 1, 86_400_000],
  backoffMs: [50, 1, 60_000],
  ranges: [16, 1, 10_000],
};

/** @throws TidemarkError kind `invalid` that names the option, its value and its limits */
export function limitsOf(options: Partial<Limits>, shards: number): Limits {
  const limits = {} as Limits;
  for (const [name, [fallback, min, max]] of Object.entries(RULES) as [
    keyof Limits,
    [number, number, number],
  ][]) {
    const value = options[name] ?? (name === 'ranges' ? Math.max(fallback, 4 * shards) : fallback);
    if (!(Number.isInteger(value) && value >= min && value <= max))
      throw new TidemarkError(
        'invalid',
        `${name} is ${value}; it must be a whole number from ${min} to ${max}`,
      );
    limits[name] = value;
  }
  return limits;
}
