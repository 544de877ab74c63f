import { KinesisFault } from './fault.ts';
import {
  fromDecimal,
  toDecimal,
  toHashKey,
  toInteger,
  uniformRanges,
  type HashKey,
  type HashRange,
} from './hash-key.ts';
import { inAccount } from './names.ts';
import {
  isOpen,
  nextEpoch,
  openShards,
  shardId,
  type ShardMeta,
  type StoreMeta,
  type StreamMeta,
} from './metadata.ts';

/** Closes `parent` and adds its two children; the second begins at `startingHashKey` (decimal). Changes `stream`. */
export function splitShard(
  meta: StoreMeta,
  stream: StreamMeta,
  parentId: string,
  startingHashKey: string,
  now: number,
): void {
  const parent = openShard(stream, parentId);
  const at = fromDecimal(startingHashKey);
  // Each child must have a range: the service refuses a key next to the parent's start as well.
  if (at <= parent.start || at >= parent.end || toInteger(at) - toInteger(parent.start) < 2n) {
    throw new KinesisFault(
      'InvalidArgumentException',
      `NewStartingHashKey ${startingHashKey} used in SplitShard() on shard ${parentId} in stream ${inAccount(stream.name)} is ` +
        `not both greater than one plus the shard's StartingHashKey ${toDecimal(parent.start)} and less than the shard's ` +
        `EndingHashKey ${toDecimal(parent.end)}.`,
    );
  }
  splitAt(meta, stream, parent, at, now);
}

/** Closes two neighbours and adds the shard that covers both. Changes `stream`. */
export function mergeShards(
  meta: StoreMeta,
  stream: StreamMeta,
  parentId: string,
  adjacentId: string,
  now: number,
): void {
  const parent = openShard(stream, parentId);
  const adjacent = openShard(stream, adjacentId);
  if (!touches(parent, adjacent) && !touches(adjacent, parent)) {
    throw new KinesisFault(
      'InvalidArgumentException',
      `Shards ${parentId} and ${adjacentId} in stream ${inAccount(stream.name)} are not an adjacent pair of ` +
        'shards eligible for merging',
    );
  }
  mergePair(meta, stream, parent, adjacent, now);
}

/**
 * Splits and merges until `target` shards of equal width are open, as UNIFORM_SCALING does: every step is a legal
 * split or merge, so shards that live only between two steps may appear, closed and empty. Changes `stream`.
 */
export function scaleUniformly(meta: StoreMeta, stream: StreamMeta, target: number, now: number): void {
  const ranges = uniformRanges(target);
  for (const { start } of ranges) {
    const holder = openShards(stream).find((shard) => shard.start < start && start <= shard.end);
    if (holder !== undefined) splitAt(meta, stream, holder, start, now);
  }
  for (const range of ranges) {
    for (;;) {
      const [first, second] = openShards(stream).filter((shard) => within(shard, range));
      if (first === undefined || second === undefined) break;
      mergePair(meta, stream, first, second, now);
    }
  }
}

function splitAt(meta: StoreMeta, stream: StreamMeta, parent: ShardMeta, at: HashKey, now: number): void {
  const epoch = nextEpoch(meta, now);
  parent.closedAt = now;
  addChild(stream, [parent], { start: parent.start, end: toHashKey(toInteger(at) - 1n) }, epoch, now);
  addChild(stream, [parent], { start: at, end: parent.end }, epoch, now);
}

function mergePair(
  meta: StoreMeta,
  stream: StreamMeta,
  parent: ShardMeta,
  adjacent: ShardMeta,
  now: number,
): void {
  const [low, high] = parent.start < adjacent.start ? [parent, adjacent] : [adjacent, parent];
  const epoch = nextEpoch(meta, now);
  parent.closedAt = now;
  adjacent.closedAt = now;
  addChild(stream, [parent, adjacent], { start: low.start, end: high.end }, epoch, now);
}

function addChild(
  stream: StreamMeta,
  parents: ShardMeta[],
  range: HashRange,
  epoch: number,
  now: number,
): void {
  const child: ShardMeta = {
    index: stream.nextShard,
    epoch,
    ...range,
    parents: parents.map((parent) => parent.index),
    createdAt: now,
  };
  stream.nextShard += 1;
  stream.shards.push(child);
}

function openShard(stream: StreamMeta, id: string): ShardMeta {
  const shard = stream.shards.find((candidate) => shardId(candidate.index) === id);
  if (shard === undefined) {
    throw new KinesisFault(
      'ResourceNotFoundException',
      `Could not find shard ${id} in stream ${inAccount(stream.name)}.`,
    );
  }
  if (!isOpen(shard)) {
    throw new KinesisFault(
      'InvalidArgumentException',
      `Shard ${id} in stream ${inAccount(stream.name)} has already been merged or split, and thus is not eligible ` +
        'for merging or splitting.',
    );
  }
  return shard;
}

function touches(low: ShardMeta, high: ShardMeta): boolean {
  return toInteger(low.end) + 1n === toInteger(high.start);
}

function within(shard: ShardMeta, range: HashRange): boolean {
  return shard.start >= range.start && shard.end <= range.end;
}
