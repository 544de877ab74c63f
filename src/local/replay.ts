import type { KinesisClient } from '@aws-sdk/client-kinesis';
import { openStore, type LocalDatabase, type Store } from '../adapters/local/database.ts';
import type { Clock } from '../ports/clock.ts';
import { lanesOf, openRanges, type HashRange } from './lanes.ts';
import { readLanded, type Landed } from './landed.ts';
import { batches, partitionKeyOf, putBatch, readLines, type Line } from './producer.ts';
import type { ReplaySource } from './replay-source.ts';
import type { ReplayState } from './state.ts';

/** Paces several replays by one clock of event time. */
export interface Pace {
  /** Event-time seconds per second; Infinity for as fast as possible. */
  speed: number;
  /** Event time (milliseconds) at which the replays began or go on. */
  from: number;
  /** Clock time at which they began. */
  startedAt: number;
}

interface Progress {
  /** Lines that are known to be in the stream. */
  line: number;
  /** The last sequence numbers that were answered. */
  positions: Record<string, string>;
  at?: string;
  finished?: boolean;
}

/** Lines put together: each shard's one after another, the shards side by side, and noted when all are in. */
const READ_AHEAD = 2_000;
/** A paced replay puts what is due this often. */
const TICK_MS = 50;

/**
 * Puts a file into a stream, once: it notes how far it came, and after a kill looks in the stream for what landed
 * behind that.
 */
export class Replay {
  readonly #source: ReplaySource;
  readonly #path: string;
  readonly #client: KinesisClient;
  readonly #clock: Clock;
  readonly #stored: Store<Progress>;
  readonly #key: string[];
  #progress: Progress;
  #total = 0;
  #ranges: HashRange[] = [];

  constructor(
    source: ReplaySource,
    path: string,
    client: KinesisClient,
    clock: Clock,
    database: LocalDatabase,
  ) {
    this.#source = source;
    this.#path = path;
    this.#client = client;
    this.#clock = clock;
    this.#stored = openStore(database, 'replays');
    this.#key = [source.stream, source.file];
    this.#progress = this.#stored.get(this.#key) ?? { line: 0, positions: {} };
  }

  get state(): ReplayState {
    const { line, at, finished } = this.#progress;
    return {
      stream: this.#source.stream,
      done: line,
      total: Math.max(this.#total, line),
      finished: finished ?? false,
      ...(at === undefined ? {} : { at }),
    };
  }

  /** Event time of the next record to be put, milliseconds; undefined when the replay is finished. Counts the lines. */
  async prepare(): Promise<number | undefined> {
    let next: number | undefined;
    for await (const line of readLines(this.#path)) {
      if (this.#total >= this.#progress.line) next ??= this.#timeOf(line);
      this.#total++;
    }
    return next;
  }

  async run(pace: Pace, signal: AbortSignal): Promise<void> {
    if (this.#progress.finished) return;
    this.#ranges = await openRanges(this.#client, this.#source.stream);
    const landed = await readLanded(this.#client, this.#source.stream, this.#progress.positions);
    if (landed.size > 0) await this.#complete(landed, signal);
    let index = 0;
    let window: { text: string; index: number }[] = [];
    const flush = async (): Promise<void> => {
      await this.#put(window, pace, signal);
      window = [];
    };
    for await (const text of readLines(this.#path)) {
      if (signal.aborted) return;
      if (index++ < this.#progress.line) continue;
      window.push({ text, index: index - 1 });
      if (window.length >= READ_AHEAD) await flush();
    }
    await flush();
    if (signal.aborted) return;
    await this.#note({ ...this.#progress, finished: true });
  }

  /**
   * Completes what was under way when the last process ended. Only the lines that were put together, which follow the
   * noted one, can be among what landed; those that did not land are put now, and all of them are noted together: a note in
   * between would move the known positions past what landed behind it.
   */
  async #complete(landed: Landed, signal: AbortSignal): Promise<void> {
    const { line } = this.#progress;
    const window: { line: Line; landed: boolean }[] = [];
    let index = 0;
    for await (const text of readLines(this.#path)) {
      if (index >= line + READ_AHEAD) break;
      if (index >= line) {
        const next = this.#line(text, index);
        window.push({ line: next, landed: landed.take(next.partitionKey, next.data) });
      }
      index++;
    }
    const end = window.findLastIndex((r) => r.landed) + 1;
    if (end === 0) return;
    const missing = window.slice(0, end).filter((r) => !r.landed);
    const put = await this.#putLines(
      missing.map((r) => r.line),
      signal,
    );
    const positions = highest(highest(this.#progress.positions, put), landed.positions);
    await this.#note({ line: line + end, positions, ...this.#timed(window[end - 1]!.line) });
  }

  /** Puts lines as they fall due. */
  async #put(lines: { text: string; index: number }[], pace: Pace, signal: AbortSignal): Promise<void> {
    let rest = lines;
    while (rest.length > 0 && !signal.aborted) {
      const due = this.#dueUntil(pace);
      const at = rest.findIndex((l) => (this.#timeOf(l.text) ?? -Infinity) > due);
      const ready = at < 0 ? rest : rest.slice(0, at);
      rest = rest.slice(ready.length);
      const fresh = ready.map((l) => this.#line(l.text, l.index));
      const last = fresh.at(-1);
      if (last) {
        const positions = highest(this.#progress.positions, await this.#putLines(fresh, signal));
        await this.#note({ line: last.index + 1, positions, ...this.#timed(last) });
      }
      if (rest.length > 0) await this.#clock.sleep(TICK_MS, signal);
    }
  }

  /** Puts lines, each shard's in order and the shards side by side. Returns the last position of each shard. */
  async #putLines(lines: Line[], signal: AbortSignal): Promise<Record<string, string>> {
    const put = async (lane: Line[]): Promise<Record<string, string>> => {
      let positions: Record<string, string> = {};
      for (const batch of batches(lane)) {
        const last = await putBatch(this.#client, this.#source.stream, batch, this.#clock, signal);
        positions = highest(positions, last);
      }
      return positions;
    };
    const all = await Promise.all(lanesOf(lines, this.#ranges).map(put));
    return all.reduce(highest, {});
  }

  #line(text: string, index: number): Line {
    return {
      index,
      data: Buffer.from(text),
      partitionKey: partitionKeyOf(text, index, this.#source.partitionKey),
    };
  }

  #dueUntil(pace: Pace): number {
    if (pace.speed === Infinity) return Infinity;
    return pace.from + (this.#clock.now() - pace.startedAt) * pace.speed;
  }

  /** Undefined for a line that is no record with that time: it is put like any other, and quarantined behind the stream. */
  #timeText(line: string): string | undefined {
    try {
      const time = (JSON.parse(line) as Record<string, unknown> | null)?.[this.#source.eventTime];
      return typeof time === 'string' && !Number.isNaN(Date.parse(time)) ? time : undefined;
    } catch {
      return undefined;
    }
  }

  #timeOf(line: string): number | undefined {
    const text = this.#timeText(line);
    return text === undefined ? undefined : Date.parse(text);
  }

  #timed({ data }: Line): { at?: string } {
    const at = this.#timeText(data.toString()) ?? this.#progress.at;
    return at === undefined ? {} : { at };
  }

  async #note(progress: Progress): Promise<void> {
    this.#progress = progress;
    await this.#stored.put(this.#key, progress);
  }
}

/** By shard the higher of two sequence numbers. */
function highest(one: Record<string, string>, other: Record<string, string>): Record<string, string> {
  const all = Object.entries(other).filter(
    ([shard, n]) => one[shard] === undefined || BigInt(n) > BigInt(one[shard]),
  );
  return { ...one, ...Object.fromEntries(all) };
}
