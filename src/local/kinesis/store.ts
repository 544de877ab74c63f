import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { TidemarkError } from '../../errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Position } from '../../ports/ledger.ts';
import type { ShardInfo, ShardRead, Stream } from '../../ports/stream.ts';
import { KinesisFault } from './fault.ts';
import { LiveShard } from './live-shard.ts';
import { LiveStream, type PutEntry, type PutOutcome } from './live-stream.ts';
import { lockDirectory } from './lock.ts';
import { openLogFile, type OpenLogFile } from './log-file.ts';
import {
  addStream,
  shardId,
  streamDirectory,
  type NewStream,
  type StoreMeta,
  type StreamMeta,
} from './metadata.ts';
import { inAccount } from './names.ts';
import { mergeShards, scaleUniformly, splitShard } from './reshard.ts';
import { ShardLog, type ShardLogSettings } from './shard-log.ts';
import { StoredMeta, type Applied } from './stored-meta.ts';
import type { ThroughputLimits } from './throughput.ts';

export type { PutEntry, PutOutcome, PutResult } from './live-stream.ts';

export interface KinesisStoreOptions {
  /** Created when absent. One store at a time may use it. */
  dir: string;
  clock: Clock;
  /** Whether a put waits for the disk. @default true */
  fsync?: boolean;
  /** Length of a log file in bytes before the next one begins. @default 32 MiB */
  segmentBytes?: number;
  /** Throughput of each shard; `SERVICE_THROUGHPUT` is what the service allows. @default unlimited */
  limits?: ThroughputLimits;
  /** Opens log files for writing; tests let it fail. @default the file system */
  openLogFile?: OpenLogFile;
}

const HOUR = 3_600_000;

/**
 * Kinesis data streams on one machine, durable over restarts and kills: the records in one log per shard, everything
 * else in one small file. Opens its directory on first use; any method may throw what opening found (kind `corrupt`,
 * `refused` when another process uses the directory).
 */
export class KinesisStore implements Stream {
  readonly #options: KinesisStoreOptions;
  readonly #settings: ShardLogSettings;
  readonly #listeners = new Set<(stream: string, shardId: string) => void>();
  readonly #streams = new Map<string, LiveStream>();
  #meta: StoredMeta | undefined;
  #opened: Promise<void> | undefined;
  #unlock: (() => Promise<void>) | undefined;
  #closed = false;

  constructor(options: KinesisStoreOptions) {
    this.#options = options;
    this.#settings = {
      fsync: options.fsync ?? true,
      segmentBytes: options.segmentBytes ?? 32 * 1024 * 1024,
      openLogFile: options.openLogFile ?? openLogFile,
    };
  }

  /** A store that is open. */
  static async open(options: KinesisStoreOptions): Promise<KinesisStore> {
    const store = new KinesisStore(options);
    await store.ready();
    return store;
  }

  get clock(): Clock {
    return this.#options.clock;
  }

  /** Resolves when the directory is read and every log recovered. */
  async ready(): Promise<void> {
    this.#opened ??= this.#open();
    await this.#opened;
    if (this.#closed) throw new KinesisFault('InternalFailure', 'The store is closed.');
  }

  /** Finishes the writes under way and lets go of the directory. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#opened === undefined) return;
    await this.#opened.catch(() => undefined); // whoever opened it was told
    await this.#meta?.settled();
    await Promise.all([...this.#streams.values()].map((stream) => stream.close()));
    await this.#unlock?.();
    this.#unlock = undefined;
  }

  /** Durable when it returns. Throws `ResourceInUseException` when the name is taken. */
  async createStream(name: string, options: NewStream): Promise<void> {
    await this.#change(async (meta, now) => {
      if (this.#streams.has(name)) {
        throw new KinesisFault('ResourceInUseException', `Stream ${inAccount(name)} already exists.`);
      }
      const stream = addStream(meta, name, options, now);
      await mkdir(this.#directory(stream), { recursive: true });
      const live = new LiveStream(stream, await this.#createShards(stream, now));
      return { apply: () => void this.#streams.set(name, live), abandon: () => live.close() };
    });
  }

  /** Removes a stream and its records. Throws `ResourceNotFoundException`. */
  async deleteStream(name: string): Promise<void> {
    const removed = await this.#change<LiveStream>((meta) => {
      const live = this.#live(name);
      meta.streams = meta.streams.filter((stream) => stream.name !== name);
      return Promise.resolve(() => {
        this.#streams.delete(name);
        return live;
      });
    });
    await removed.close();
    await rm(this.#directory(removed.meta), { recursive: true, force: true });
  }

  /** Names of all streams, in order. */
  async streamNames(): Promise<string[]> {
    await this.ready();
    return [...this.#streams.keys()].sort();
  }

  /** What is stored about a stream; not to be changed. Throws `ResourceNotFoundException`. */
  async describe(name: string): Promise<StreamMeta> {
    await this.ready();
    return this.#live(name).meta;
  }

  /** Changes what is stored about a stream, except its shards. Durable when it returns. */
  async updateStream(name: string, update: (stream: StreamMeta) => void): Promise<void> {
    await this.#change((meta) => {
      const live = this.#live(name);
      const stream = findStream(meta, name);
      update(stream);
      return Promise.resolve(() => void (live.meta = stream));
    });
  }

  /** @param startingHashKey where the second child begins, decimal */
  splitShard(name: string, shard: string, startingHashKey: string): Promise<void> {
    return this.#reshard(name, (meta, stream, now) => splitShard(meta, stream, shard, startingHashKey, now));
  }

  mergeShards(name: string, shard: string, adjacent: string): Promise<void> {
    return this.#reshard(name, (meta, stream, now) => mergeShards(meta, stream, shard, adjacent, now));
  }

  /** Splits and merges until `target` shards of equal width are open. */
  scaleUniformly(name: string, target: number): Promise<void> {
    return this.#reshard(name, (meta, stream, now) => scaleUniformly(meta, stream, target, now));
  }

  /**
   * Puts records, each by itself: the result has one entry for each, in order, and an entry with an `errorCode` was not
   * stored (`ProvisionedThroughputExceededException`, or `InternalFailure` when the disk refused it; both may be put
   * again). When it returns, every other record is durable. Throws `ResourceNotFoundException`, and
   * `InvalidArgumentException` for a record that no stream could take: then nothing was stored.
   */
  async putRecords(stream: string, entries: readonly PutEntry[]): Promise<PutOutcome> {
    await this.ready();
    let live = this.#live(stream);
    while (live.gate !== undefined) {
      await live.gate;
      live = this.#live(stream);
    }
    const outcome = await live.put(entries, Math.floor(this.clock.now()));
    // Not in this call: what a listener throws must not look like a failed put.
    for (const shard of outcome.touched) {
      for (const listener of this.#listeners) queueMicrotask(() => listener(stream, shard));
    }
    return outcome;
  }

  /** Calls `listener` after records became readable: a hint, also given more than once. Returns an unsubscribe. */
  onPut(listener: (stream: string, shardId: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Every shard that the stream still knows, parents before children. */
  async shards(stream: string): Promise<ShardInfo[]> {
    const { shards } = await this.describe(stream);
    return shards.map((shard) => ({
      shardId: shardId(shard.index),
      parents: shard.parents.map(shardId),
      closed: shard.closedAt !== undefined,
    }));
  }

  /** At least one record if there is any, however small `limit.bytes` is. `data` may share memory with its neighbours. */
  async read(
    stream: string,
    shard: string,
    after: Position,
    limit: { records: number; bytes: number },
  ): Promise<ShardRead> {
    return (await this.shard(stream, shard)).read(after, limit);
  }

  /** One shard, for positions and sequence numbers. Throws `ResourceNotFoundException`. */
  async shard(stream: string, shard: string): Promise<LiveShard> {
    await this.ready();
    return this.#live(stream).shard(shard);
  }

  /**
   * Removes what retention no longer holds: whole segments, and closed shards that ended before it. To be called once a
   * minute or so; the HTTP server does. Throws what went wrong in one shard only after trimming the others.
   */
  async trim(): Promise<void> {
    await this.ready();
    const now = this.clock.now();
    const failures: unknown[] = [];
    for (const live of [...this.#streams.values()]) {
      const horizon = now - live.meta.retentionHours * HOUR;
      const trims = await Promise.allSettled(live.shards().map((shard) => shard.log.trim(horizon)));
      failures.push(...trims.flatMap((end) => (end.status === 'rejected' ? [end.reason as unknown] : [])));
      if (live.meta.shards.some((shard) => isOver(shard.closedAt, horizon))) {
        await this.#forget(live.meta.name, horizon);
      }
    }
    if (failures.length === 0) return;
    throw new TidemarkError('internal', `${failures.length} shards could not be trimmed`, {
      cause: failures[0],
    });
  }

  async #forget(name: string, horizon: number): Promise<void> {
    const gone = await this.#change<LiveShard[]>((meta) => {
      const live = this.#live(name);
      const stream = findStream(meta, name);
      stream.shards = stream.shards.filter((shard) => !isOver(shard.closedAt, horizon));
      const keep = new Set(stream.shards.map((shard) => shard.index));
      return Promise.resolve(() => {
        const over = live.shards().filter((shard) => !keep.has(shard.meta.index));
        live.replace(
          stream,
          live.shards().filter((shard) => keep.has(shard.meta.index)),
        );
        return over;
      });
    });
    for (const shard of gone) {
      await shard.log.close();
      await rm(shard.log.directory, { recursive: true, force: true });
    }
  }

  async #reshard(
    name: string,
    change: (meta: StoreMeta, stream: StreamMeta, now: number) => void,
  ): Promise<void> {
    await this.#change(async (meta, now) => {
      const live = this.#live(name);
      const stream = findStream(meta, name);
      change(meta, stream, now);
      // Puts wait from here on; what they put before is on the disk before the parents are said to be closed.
      const open = live.shut();
      try {
        await Promise.all(live.shards().map((shard) => shard.log.settled()));
        const fresh = await this.#createShards(stream, now, live);
        return {
          apply: () => live.replace(stream, [...live.shards(), ...fresh]),
          abandon: async () => {
            for (const shard of fresh) await shard.log.close();
          },
          finally: open,
        };
      } catch (error) {
        open();
        throw error;
      }
    });
  }

  /** Creates the logs of the shards of `stream` that `live` does not have yet. */
  async #createShards(stream: StreamMeta, now: number, live?: LiveStream): Promise<LiveShard[]> {
    const known = new Set(live?.shards().map((shard) => shard.meta.index));
    const fresh = stream.shards.filter((shard) => !known.has(shard.index));
    return Promise.all(
      fresh.map(async (shard) => {
        const log = await ShardLog.create(
          join(this.#directory(stream), shardId(shard.index)),
          this.#settings,
        );
        return new LiveShard(shard, log, this.#options.limits, now);
      }),
    );
  }

  async #change<T>(prepare: (meta: StoreMeta, now: number) => Promise<Applied<T>>): Promise<T> {
    await this.ready();
    return this.#meta!.change((meta) => prepare(meta, this.clock.now()));
  }

  async #open(): Promise<void> {
    await mkdir(this.#options.dir, { recursive: true });
    this.#unlock = await lockDirectory(this.#options.dir);
    try {
      this.#meta = await StoredMeta.open(this.#options.dir);
      const now = this.clock.now();
      for (const stream of this.#meta.current.streams) {
        const shards: LiveShard[] = [];
        for (const shard of stream.shards) {
          const log = await ShardLog.open(
            join(this.#directory(stream), shardId(shard.index)),
            this.#settings,
          );
          shards.push(new LiveShard(shard, log, this.#options.limits, now));
        }
        this.#streams.set(stream.name, new LiveStream(stream, shards));
      }
    } catch (error) {
      await this.#unlock();
      this.#unlock = undefined;
      throw error;
    }
  }

  #directory(stream: StreamMeta): string {
    return join(this.#options.dir, streamDirectory(stream.id));
  }

  #live(name: string): LiveStream {
    const live = this.#streams.get(name);
    if (live === undefined)
      throw new KinesisFault('ResourceNotFoundException', `Stream ${inAccount(name)} not found.`);
    return live;
  }
}

function findStream(meta: StoreMeta, name: string): StreamMeta {
  const stream = meta.streams.find((candidate) => candidate.name === name);
  if (stream === undefined)
    throw new KinesisFault('ResourceNotFoundException', `Stream ${inAccount(name)} not found.`);
  return stream;
}

function isOver(closedAt: number | undefined, horizon: number): boolean {
  return closedAt !== undefined && closedAt < horizon;
}
