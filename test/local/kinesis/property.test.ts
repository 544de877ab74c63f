import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MAX_HASH_KEY, toDecimal, toHashKey, toInteger } from '../../../src/local/kinesis/hash-key.ts';
import { openShards } from '../../../src/local/kinesis/metadata.ts';
import { parseSequence, ShardSequence } from '../../../src/local/kinesis/sequence.ts';
import { KinesisStore } from '../../../src/local/kinesis/store.ts';
import { drain, positionOf } from '../../contract/stream.ts';
import { cleanUp, makeDirectory, ManualClock } from './harness.ts';

afterEach(cleanUp);

type Step =
  | { kind: 'put'; count: number }
  | { kind: 'split'; which: number; at: number }
  | { kind: 'merge'; which: number }
  | { kind: 'scale'; target: number }
  | { kind: 'restart' }
  | { kind: 'clock'; by: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('put' as const), count: fc.integer({ min: 1, max: 40 }) }),
  },
  fc.record({
    kind: fc.constant('split' as const),
    which: fc.nat(100),
    at: fc.double({ min: 0.01, max: 0.99, noNaN: true }),
  }),
  fc.record({ kind: fc.constant('merge' as const), which: fc.nat(100) }),
  fc.record({ kind: fc.constant('scale' as const), target: fc.integer({ min: 1, max: 6 }) }),
  fc.record({ kind: fc.constant('restart' as const) }),
  fc.record({ kind: fc.constant('clock' as const), by: fc.integer({ min: -100_000, max: 100_000 }) }),
);

/** The world that the store is compared with. */
interface World {
  store: KinesisStore;
  clock: ManualClock;
  dir: string;
  put: number;
  /** What was put to each shard, in order. */
  shards: Map<string, { text: string; sequenceNumber: string }[]>;
}

async function reopen(world: World): Promise<void> {
  await world.store.close();
  world.store = await KinesisStore.open({
    dir: world.dir,
    clock: world.clock,
    segmentBytes: 400,
    fsync: false,
  });
}

async function apply(world: World, action: Step): Promise<void> {
  const open = openShards(await world.store.describe('events'));
  const id = (shard: { index: number }): string => `shardId-${String(shard.index).padStart(12, '0')}`;
  switch (action.kind) {
    case 'put': {
      const texts = Array.from({ length: action.count }, () => `record ${world.put++}`);
      const entries = texts.map((text) => ({ partitionKey: text, data: Buffer.from(text) }));
      const { results, failed } = await world.store.putRecords('events', entries);
      expect(failed).toBe(0);
      for (const [i, result] of results.entries()) {
        if (result.errorCode !== undefined) continue;
        const shard = world.shards.get(result.shardId) ?? [];
        shard.push({ text: texts[i]!, sequenceNumber: result.sequenceNumber });
        world.shards.set(result.shardId, shard);
      }
      return;
    }
    case 'split': {
      const shard = open[action.which % open.length]!;
      const width = toInteger(shard.end) - toInteger(shard.start);
      const at = toInteger(shard.start) + (width * BigInt(Math.round(action.at * 1000))) / 1000n;
      if (width > 10n) await world.store.splitShard('events', id(shard), toDecimal(toHashKey(at)));
      return;
    }
    case 'merge': {
      const left = action.which % open.length;
      const [a, b] = [open[left]!, open[left + 1]];
      if (b !== undefined) await world.store.mergeShards('events', id(a), id(b));
      return;
    }
    case 'scale':
      return world.store.scaleUniformly('events', action.target);
    case 'restart':
      return reopen(world);
    case 'clock':
      world.clock.time += action.by;
  }
}

async function check(world: World): Promise<void> {
  const meta = await world.store.describe('events');
  const open = openShards(meta);
  expect(open[0]!.start).toBe('0'.repeat(32));
  expect(open.at(-1)!.end).toBe(MAX_HASH_KEY);
  for (const [i, shard] of open.slice(1).entries()) {
    expect(toInteger(shard.start)).toBe(toInteger(open[i]!.end) + 1n);
  }
  const bounds = new Map<string, { first: string; last: string }>();
  for (const shard of await world.store.shards('events')) {
    const records = await drain(world.store, 'events', shard.shardId, { records: 17, bytes: 300 });
    const expected = world.shards.get(shard.shardId) ?? [];
    expect(records.map((r) => Buffer.from(r.data).toString())).toEqual(expected.map((r) => r.text));
    expect(records.map((r) => r.sequenceNumber)).toEqual(expected.map((r) => r.sequenceNumber));
    const positions = records.map(positionOf);
    expect(positions).toEqual([...new Set(positions)].sort());
    if (positions.length === 0) continue;
    bounds.set(shard.shardId, { first: positions[0]!, last: positions.at(-1)! });
    for (const parent of shard.parents) {
      const above = bounds.get(parent);
      if (above !== undefined) expect(positions[0]! > above.last).toBe(true);
    }
  }
}

describe('properties', () => {
  test('any sequence of puts, splits, merges and restarts gives every record back once, in order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
        const dir = await makeDirectory();
        const clock = new ManualClock();
        const store = await KinesisStore.open({ dir, clock, segmentBytes: 400, fsync: false });
        const world: World = { store, clock, dir, put: 0, shards: new Map() };
        try {
          await store.createStream('events', { shardCount: 1 });
          for (const action of steps) await apply(world, action);
          await check(world);
          await reopen(world);
          await check(world);
        } finally {
          await world.store.close();
        }
      }),
      { numRuns: 60 },
    );
  });

  test('a sequence number says what it was made of, and orders by counter whatever the clock', () => {
    const part = fc.record({
      epoch: fc.integer({ min: 0, max: 2 ** 33 }),
      index: fc.integer({ min: 0, max: 1_000_000 }),
      counter: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER - 1 }),
      at: fc.integer({ min: 0, max: 2 ** 44 }),
      later: fc.integer({ min: 0, max: 2 ** 44 }),
    });
    fc.assert(
      fc.property(part, ({ epoch, index, counter, at, later }) => {
        const sequence = new ShardSequence(epoch, index);
        const text = sequence.of(counter, at);
        expect(text).toHaveLength(56);
        expect(parseSequence(text)).toEqual({
          epoch,
          shardIndex: index,
          counter: BigInt(counter),
          second: Math.floor(at / 1000),
        });
        const next = sequence.of(counter + 1, later);
        const child = new ShardSequence(epoch + 1, index + 1).start();
        const order = [sequence.start(), text, next, sequence.end(later), child];
        expect(order).toEqual([...order].sort());
        expect(sequence.counterAt(BigInt(text))).toBe(counter);
      }),
    );
  });
});
