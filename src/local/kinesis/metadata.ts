import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TidemarkError } from '../../errors.ts';
import { errorCode, replaceFile } from './log-file.ts';
import { uniformRanges, type HashKey } from './hash-key.ts';

/** One shard, as it is stored. Times are milliseconds since 1970. */
export interface ShardMeta {
  index: number;
  /** The creation second in its sequence numbers: higher than that of every shard made before, whatever the clock. */
  epoch: number;
  start: HashKey;
  end: HashKey;
  /** Indexes: none, one (split), or two (merge: the parent, then the adjacent parent). */
  parents: number[];
  createdAt: number;
  closedAt?: number;
}

export type StreamMode = 'PROVISIONED' | 'ON_DEMAND';

/** One stream, as it is stored. */
export interface StreamMeta {
  name: string;
  /** Never used again, not even for a stream of the same name. */
  id: number;
  createdAt: number;
  mode: StreamMode;
  retentionHours: number;
  maxRecordKiB: number;
  tags: Record<string, string>;
  nextShard: number;
  shards: ShardMeta[];
}

/** Everything but the records. */
export interface StoreMeta {
  version: 1;
  lastEpoch: number;
  nextStream: number;
  streams: StreamMeta[];
}

export interface NewStream {
  shardCount: number;
  mode?: StreamMode;
  maxRecordKiB?: number;
  retentionHours?: number;
  tags?: Record<string, string>;
}

const FILE = 'streams.json';

/**
 * Throws kind `corrupt` when the file cannot be understood, or is gone although there are streams. A new directory gets
 * its file at once, so that the two cannot be confused.
 */
export async function loadMeta(directory: string): Promise<StoreMeta> {
  const file = join(directory, FILE);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if (errorCode(cause) !== 'ENOENT') throw cause;
    if ((await readdir(directory)).some((name) => streamIdOf(name) !== undefined)) {
      throw new TidemarkError('corrupt', `${file} is not there, but streams are`, {
        context: { file, offset: 0 },
        remedy: 'Restore the file from a copy, or delete the directory with all its streams.',
      });
    }
    const fresh: StoreMeta = { version: 1, lastEpoch: 0, nextStream: 1, streams: [] };
    await saveMeta(directory, fresh);
    return fresh;
  }
  let meta: unknown;
  try {
    meta = JSON.parse(text);
  } catch (cause) {
    throw new TidemarkError('corrupt', `${file} is not JSON`, { context: { file, offset: 0 }, cause });
  }
  if (!isStoreMeta(meta)) {
    throw new TidemarkError('corrupt', `${file} is not a list of streams of version 1`, {
      context: { file, offset: 0 },
    });
  }
  return meta;
}

function isStoreMeta(value: unknown): value is StoreMeta {
  return (
    typeof value === 'object' &&
    value !== null &&
    'version' in value &&
    value.version === 1 &&
    'streams' in value &&
    Array.isArray(value.streams)
  );
}

/** The directory of a stream's logs, by the stream's id. */
export function streamDirectory(id: number): string {
  return `stream-${String(id).padStart(6, '0')}`;
}

/** The id in the name of a stream's directory, or undefined when `name` is none. */
export function streamIdOf(name: string): number | undefined {
  const digits = /^stream-(\d{6,})$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Replaces the file durably, whole or not at all. */
export async function saveMeta(directory: string, meta: StoreMeta): Promise<void> {
  await replaceFile(join(directory, FILE), `${JSON.stringify(meta, undefined, 1)}\n`);
}

/** Adds a stream to `meta` and returns it. */
export function addStream(meta: StoreMeta, name: string, options: NewStream, now: number): StreamMeta {
  const stream: StreamMeta = {
    name,
    id: meta.nextStream,
    createdAt: now,
    mode: options.mode ?? 'PROVISIONED',
    retentionHours: options.retentionHours ?? 24,
    maxRecordKiB: options.maxRecordKiB ?? 1024,
    tags: options.tags ?? {},
    nextShard: 0,
    shards: [],
  };
  meta.nextStream += 1;
  const epoch = nextEpoch(meta, now);
  for (const range of uniformRanges(options.shardCount)) {
    stream.shards.push({ index: stream.nextShard++, epoch, ...range, parents: [], createdAt: now });
  }
  meta.streams.push(stream);
  return stream;
}

/** The current second, or the one after the last given when the clock stands or stepped back. */
export function nextEpoch(meta: StoreMeta, now: number): number {
  meta.lastEpoch = Math.max(Math.floor(now / 1000), meta.lastEpoch + 1);
  return meta.lastEpoch;
}

export function isOpen(shard: ShardMeta): boolean {
  return shard.closedAt === undefined;
}

/** The shards that take records, in the order of their hash ranges. */
export function openShards(stream: StreamMeta): ShardMeta[] {
  return stream.shards.filter(isOpen).sort((a, b) => (a.start < b.start ? -1 : 1));
}

export function shardId(index: number): string {
  return `shardId-${String(index).padStart(12, '0')}`;
}

/** The index in a shard id, or undefined when `id` is none. */
export function shardIndex(id: string): number | undefined {
  const digits = /^shardId-(\d{12})$/.exec(id)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
