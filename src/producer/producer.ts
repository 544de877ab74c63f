import {
  PutRecordsCommand,
  type PutRecordsCommandOutput,
  type PutRecordsResultEntry,
} from '@aws-sdk/client-kinesis';
import { systemClock, systemRandom } from '../adapters/local/system.ts';
import { isKind, TidemarkError } from '../errors.ts';
import { compileContract } from '../ingest/contract.ts';
import type { Clock } from '../ports/clock.ts';
import type { Random } from '../ports/random.ts';
import { planStream } from './encode.ts';
import { failureOf } from './failure.ts';
import { rangeIndex, rangeStart } from './hash-range.ts';
import { Lane, type Item, type PutResult, type Unit } from './lane.ts';
import { limitsOf, type Limits, type ProducerEvent, type ProducerOptions } from './options.ts';
import { RecordReader, type PutOptions } from './reader.ts';
import type { RecordOf, StreamContract } from './record-of.ts';

const LONGEST_BACKOFF_MS = 2_000;

/** Puts records of one stream: checked, batched, in order for each key, with bounded memory. Made by `createProducer`. */
export class Producer<S extends StreamContract = StreamContract> {
  readonly #options: ProducerOptions<S>;
  readonly #limits: Limits;
  readonly #reader: RecordReader<S>;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #lanes = new Map<string, Lane>();
  /** Lanes with something to send and nothing under way, the longest waiting first. */
  readonly #ready = new Set<Lane>();
  /** Accepted or waiting, not settled. */
  readonly #open = new Set<Promise<unknown>>();
  readonly #waiting: Item[] = [];
  #buffered = 0;
  #underWay = 0;
  #flushing = 0;
  #closed = false;
  #roomWanted: (() => void)[] = [];
  #clientChecked: Promise<void> | undefined;
  #timer: { at: number; cancel: AbortController } | undefined;

  constructor(options: ProducerOptions<S>) {
    this.#options = options;
    const stream = planStream(options.contract, options.streamName);
    this.#limits = limitsOf(options, stream.shards);
    this.#reader = new RecordReader(options, compileContract(stream), (event) => this.#tell(event));
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? systemRandom;
  }

  /**
   * Puts a record: an object of the stream's columns, or its JSON as bytes. Resolves when the stream has it. While the
   * buffer is full the record waits, before those that are put later.
   *
   * @throws TidemarkError kind `invalid`: the record breaks the contract, or the stream refuses it; `throttled` or
   *   `unavailable`: not stored within the time; `unknown`: it may be stored (see `onUnknown`); `notFound`: no such
   *   stream; `refused`: not allowed, or the producer is closed
   */
  async put(record: RecordOf<S> | Uint8Array, options: PutOptions = {}): Promise<PutResult> {
    if (this.#closed) throw new TidemarkError('refused', 'the producer is closed');
    const entry = this.#reader.read(record, options);
    const put = new Promise<PutResult>((resolve, reject) => {
      this.#take({ ...entry, since: 0, repeated: false, resolve, reject });
    });
    this.#open.add(put);
    const settled = (): void => void this.#open.delete(put);
    put.then(settled, settled);
    return put;
  }

  /** Resolves when a put would not have to wait for room: for callers that do not wait for each put. */
  async ready(): Promise<void> {
    while (!this.#hasRoom() || this.#waiting.length > 0)
      await new Promise<void>((resolve) => this.#roomWanted.push(resolve));
  }

  /** Sends at once what is there. Resolves when every put so far is settled; it does not throw for those that failed. */
  async flush(): Promise<void> {
    this.#flushing++;
    try {
      this.#pump();
      await Promise.allSettled([...this.#open]);
    } finally {
      this.#flushing--;
    }
  }

  /** Takes no more records, and flushes. The client stays open: it is the caller's. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.flush();
  }

  /** Records accepted or waiting, not settled. */
  get pending(): number {
    return this.#open.size;
  }

  /** Does not ask for a record's size, so that `ready` can speak for any: the last one may go beyond. */
  #hasRoom(): boolean {
    return this.#buffered < this.#limits.bufferBytes;
  }

  #take(item: Item): void {
    if (this.#waiting.length === 0 && this.#hasRoom()) this.#accept(item);
    else if (this.#waiting.length < this.#limits.maxWaiting) this.#waiting.push(item);
    else {
      item.reject(
        new TidemarkError('throttled', `${this.#waiting.length} puts wait for room already`, {
          remedy: 'await ready() or each put before the next one',
        }),
      );
      return;
    }
    this.#pump();
  }

  #accept(item: Item): void {
    item.since = this.#clock.now();
    this.#buffered += item.bytes;
    const lane = this.#laneOf(item);
    lane.push(item);
    if (!lane.locked) this.#ready.add(lane);
  }

  #laneOf({ partitionKey, explicitHashKey }: Item): Lane {
    const { ranges } = this.#limits;
    const index =
      this.#options.aggregate === true ? rangeIndex(partitionKey, explicitHashKey, ranges) : undefined;
    const id = index === undefined ? partitionKey : String(index);
    let lane = this.#lanes.get(id);
    if (lane === undefined) {
      lane = new Lane(id, index === undefined ? undefined : rangeStart(index, ranges));
      this.#lanes.set(id, lane);
    }
    return lane;
  }

  /** Sends what is due, as far as requests may be under way, and wakes itself for the rest. */
  #pump(): void {
    // Every answer pumps again; until then there is nothing to look at, however many lanes wait.
    if (this.#underWay >= this.#limits.requests) return;
    const now = this.#clock.now();
    this.#expire(now);
    while (this.#underWay < this.#limits.requests && this.#isDue(now)) {
      const units = this.#compose(now);
      if (units.length === 0) break;
      this.#underWay++;
      void this.#send(units);
    }
    this.#schedule(now);
  }

  /** Gives up lanes' first records that are too old and not under way. */
  #expire(now: number): void {
    for (const lane of this.#ready) {
      while (lane.first !== undefined && now - lane.first.since >= this.#limits.timeoutMs) {
        const error = this.#tooLate(lane);
        const { items } = lane.take(0);
        // What comes behind was never sent.
        lane.lastError = undefined;
        for (const item of items) this.#settle(item, () => item.reject(error));
      }
      if (lane.first === undefined) this.#drop(lane);
    }
    this.#makeRoom();
  }

  /** The error of a record that ran out of time: of the kind that kept it waiting. */
  #tooLate({ lastError }: Lane): TidemarkError {
    const { timeoutMs } = this.#limits;
    return new TidemarkError(
      lastError?.kind ?? 'throttled',
      `the stream did not take the record in ${timeoutMs} ms`,
      {
        context: { stream: this.#options.streamName, timeoutMs },
        ...(lastError === undefined ? {} : { cause: lastError }),
      },
    );
  }

  #drop(lane: Lane): void {
    this.#ready.delete(lane);
    // A key that is quiet costs no memory.
    this.#lanes.delete(lane.id);
  }

  #isDue(now: number): boolean {
    if (this.#ready.size === 0) return false;
    if (this.#flushing > 0 || this.#waiting.length > 0) return true;
    const { batchBytes, batchRecords, lingerMs } = this.#limits;
    if (this.#ready.size >= batchRecords || this.#buffered >= batchBytes) return true;
    for (const lane of this.#ready) if (now - lane.first!.since >= lingerMs) return true;
    return false;
  }

  /** One stream record of each lane that is ready, as many as a request takes. */
  #compose(now: number): Unit[] {
    const { batchBytes, batchRecords, aggregateBytes } = this.#limits;
    const units: Unit[] = [];
    let bytes = 0;
    for (const lane of this.#ready) {
      if (units.length >= batchRecords) break;
      if (lane.retryAt > now) continue;
      const unit = lane.take(aggregateBytes);
      if (units.length > 0 && bytes + unit.bytes > batchBytes) {
        lane.held = unit;
        break;
      }
      bytes += unit.bytes;
      units.push(unit);
      lane.locked = true;
    }
    for (const { lane } of units) this.#ready.delete(lane);
    return units;
  }

  /** The next moment at which something may be due; not while requests are at their limit: their answers pump. */
  #schedule(now: number): void {
    let at = Infinity;
    if (this.#underWay < this.#limits.requests)
      for (const lane of this.#ready) {
        const due = this.#flushing > 0 ? now : lane.first!.since + this.#limits.lingerMs;
        at = Math.min(at, Math.max(due, lane.retryAt, now + 1));
      }
    if (this.#timer !== undefined && this.#timer.at <= at && this.#timer.at > now) return;
    this.#timer?.cancel.abort();
    this.#timer = undefined;
    if (at === Infinity) return;
    const cancel = new AbortController();
    this.#timer = { at, cancel };
    void this.#clock.sleep(at - now, cancel.signal).then(() => {
      if (cancel.signal.aborted) return;
      this.#timer = undefined;
      this.#pump();
    });
  }

  /** A hidden repeat of the SDK's could put a record twice unseen. */
  async #checkClient(): Promise<void> {
    if (this.#options.onUnknown === 'retry') return;
    const attempts = await this.#options.client.config.maxAttempts();
    if (attempts === 1) return;
    throw new TidemarkError('invalid', `the Kinesis client makes up to ${attempts} attempts by itself`, {
      remedy: "make it with new KinesisClient({ maxAttempts: 1 }), or set onUnknown: 'retry'",
    });
  }

  async #send(units: Unit[]): Promise<void> {
    const began = this.#clock.now();
    const records = units.reduce((n, unit) => n + unit.items.length, 0);
    try {
      this.#clientChecked ??= this.#checkClient();
      await this.#clientChecked;
      const command = new PutRecordsCommand({
        StreamName: this.#options.streamName,
        Records: units.map((unit) => unit.entry),
      });
      const answer = await this.#options.client.send(command);
      const failed = this.#answered(units, answer);
      const bytes = units.reduce((n, unit) => n + unit.bytes, 0);
      const durationMs = this.#clock.now() - began;
      this.#tell({ kind: 'request', records, streamRecords: units.length, bytes, failed, durationMs });
    } catch (error) {
      this.#failed(units, error, records);
    } finally {
      this.#underWay--;
      this.#makeRoom();
      this.#pump();
    }
  }

  /** Settles each unit by its own answer. Returns how many are tried again. */
  #answered(units: Unit[], { Records: answers = [], $metadata }: PutRecordsCommandOutput): number {
    // A repeat inside the SDK is a repeat too.
    const repeated = ($metadata.attempts ?? 1) > 1;
    let failed = 0;
    for (const [i, unit] of units.entries()) {
      const answer = answers[i];
      if (repeated) for (const item of unit.items) item.repeated = true;
      if (answer?.SequenceNumber === undefined || answer.ShardId === undefined) {
        failed++;
        this.#later(unit, refusedForNow(answer));
        continue;
      }
      this.#stored(unit, answer.ShardId, answer.SequenceNumber);
    }
    return failed;
  }

  #stored({ lane, items }: Unit, shardId: string, sequenceNumber: string): void {
    lane.succeed();
    for (const [sub, item] of items.entries()) {
      const result: PutResult = {
        shardId,
        sequenceNumber,
        ...(items.length > 1 ? { subSequence: sub } : {}),
        ...(item.repeated ? { repeated: true } : {}),
      };
      this.#settle(item, () => item.resolve(result));
    }
    this.#unlock(lane);
  }

  /** Keeps a unit before everything else of its lane, for a later try. */
  #later(unit: Unit, error: TidemarkError): void {
    const { lane } = unit;
    // What may have been stored stays so, whatever a later try says.
    lane.lastError = lane.lastError?.kind === 'unknown' ? lane.lastError : error;
    const longest = Math.min(LONGEST_BACKOFF_MS, this.#limits.backoffMs * 2 ** lane.failures);
    lane.failures++;
    lane.retryAt = this.#clock.now() + longest * (0.5 + this.#random.next() / 2);
    lane.held = unit;
    this.#unlock(lane);
  }

  #failed(units: Unit[], error: unknown, records: number): void {
    const failure = isKind(error, 'invalid')
      ? { effect: 'refused' as const, repeated: false, error }
      : failureOf(error, this.#options.streamName);
    const unknown = failure.effect === 'unknown';
    const retried = failure.effect === 'later' || (unknown && this.#options.onUnknown === 'retry');
    this.#tell({ kind: 'failure', records, error: failure.error.message, retried });
    for (const unit of units) {
      if (retried) {
        if (unknown || failure.repeated) for (const item of unit.items) item.repeated = true;
        this.#later(unit, failure.error);
        continue;
      }
      for (const item of unit.items) this.#settle(item, () => item.reject(failure.error));
      this.#unlock(unit.lane);
    }
  }

  #unlock(lane: Lane): void {
    lane.locked = false;
    if (lane.first === undefined) this.#drop(lane);
    else this.#ready.add(lane);
  }

  #settle(item: Item, tell: () => void): void {
    this.#buffered -= item.bytes;
    tell();
  }

  /** Lets waiting puts in, in their order, then those who only asked. */
  #makeRoom(): void {
    let taken = 0;
    while (taken < this.#waiting.length && this.#hasRoom()) this.#accept(this.#waiting[taken++]!);
    if (taken > 0) this.#waiting.splice(0, taken);
    if (this.#waiting.length > 0 || !this.#hasRoom()) return;
    const asked = this.#roomWanted;
    this.#roomWanted = [];
    for (const tell of asked) tell();
  }

  #tell(event: ProducerEvent): void {
    try {
      this.#options.onEvent?.(event);
    } catch {
      // Metrics must not stop records.
    }
  }
}

/** One record of a request was refused: the others say nothing about it. */
function refusedForNow(answer: PutRecordsResultEntry | undefined): TidemarkError {
  const throttled = answer?.ErrorCode === 'ProvisionedThroughputExceededException';
  const said = answer?.ErrorMessage ?? 'no answer for the record';
  return new TidemarkError(throttled ? 'throttled' : 'unavailable', said);
}

/**
 * Makes a producer for one stream.
 *
 * @example
 * const producer = createProducer({
 *   client: new KinesisClient({ maxAttempts: 1 }),
 *   streamName: 'orders',
 *   contract: lakehouse.streams.orders,
 *   partitionKey: 'order_id',
 * });
 * const { shardId, sequenceNumber } = await producer.put({ order_id: 'o-1', placed_at: new Date() });
 * await producer.close();
 */
export function createProducer<S extends StreamContract>(options: ProducerOptions<S>): Producer<S> {
  return new Producer(options);
}
