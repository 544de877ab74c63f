import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { BatchResponse, KinesisEvent } from '../../src/ingest/event.ts';
import {
  EVENT_SOURCE_DEFAULTS,
  EventSource,
  type EventSourceSettings,
} from '../../src/local/event-source.ts';
import { FakeCheckpoints, FakeStream } from './support/fake-stream.ts';
import { silentLog } from './support/log.ts';
import { dice, seedFrom } from './support/random.ts';
import { VirtualClock } from './support/virtual-clock.ts';

type Invoke = (event: KinesisEvent) => Promise<BatchResponse>;
const DONE: BatchResponse = { batchItemFailures: [] };
const textsOf = (event: KinesisEvent): string[] =>
  event.Records.map((r) => Buffer.from(r.kinesis.data, 'base64').toString());
const numbered = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `r${from + i}`);

describe('the event source', () => {
  let clock: VirtualClock;
  let stream: FakeStream;
  let checkpoints: FakeCheckpoints;
  let invoked: { shard: string; texts: string[]; at: number }[];
  let givenUp: { texts: string[]; error: unknown }[];
  let running: { stop: AbortController; ended: Promise<void> }[];
  beforeEach(() => {
    clock = new VirtualClock();
    stream = new FakeStream(() => clock.now());
    stream.open('a');
    checkpoints = new FakeCheckpoints();
    [invoked, givenUp, running] = [[], [], []];
  });
  afterEach(async () => {
    for (const { stop } of running) stop.abort();
    await clock.pass(10_000);
    for (const { ended } of running) await ended;
  });

  function start(
    settings: Partial<EventSourceSettings> = {},
    invoke: Invoke = () => Promise.resolve(DONE),
  ): EventSource {
    const source = new EventSource(
      's',
      { ...EVENT_SOURCE_DEFAULTS, ...settings },
      {
        stream,
        checkpoints,
        clock,
        log: silentLog,
        invoke: (event) => {
          const shard = event.Records[0]!.eventID.split(':')[0]!;
          invoked.push({ shard, texts: textsOf(event), at: clock.now() });
          return invoke(event);
        },
        onFailure: (event, error) => {
          givenUp.push({ texts: textsOf(event), error });
          return Promise.resolve();
        },
      },
    );
    const stop = new AbortController();
    running.push({ stop, ended: source.run(stop.signal) });
    return source;
  }
  const batchesOf = (shard = 'a'): string[][] => invoked.filter((i) => i.shard === shard).map((i) => i.texts);
  const last = (shard = 'a'): number => Number(checkpoints.saved.get(shard)?.position ?? 0);

  test('a full batch goes at once, a part of one when its window is over', async () => {
    stream.put('a', ...numbered(0, 7));
    start({ batchSize: 3, batchingWindowMs: 1_000 });
    await clock.rest();
    expect(batchesOf()).toEqual([numbered(0, 3), numbered(3, 6)]);
    await clock.pass(999);
    expect(batchesOf()).toHaveLength(2);
    await clock.pass(1);
    expect(batchesOf().at(-1)).toEqual(['r6']);
  });

  test('records that come within the window join the batch that waits', async () => {
    stream.put('a', 'r0');
    const source = start({ batchingWindowMs: 500 });
    await clock.pass(300);
    stream.put('a', 'r1');
    source.wake('a');
    await clock.pass(200);
    expect(batchesOf()).toEqual([['r0', 'r1']]);
  });

  test('a batch stays below the payload of an invocation, 6 MB of base64', async () => {
    stream.put('a', ...Array.from({ length: 12 }, () => new Uint8Array(1_000_000)));
    const sizes: number[] = [];
    start({ batchingWindowMs: 0 }, (event) => {
      sizes.push(event.Records.reduce((n, r) => n + r.kinesis.data.length, 0));
      return Promise.resolve(DONE);
    });
    await clock.pass(1_000);
    expect(invoked.reduce((n, i) => n + i.texts.length, 0)).toBe(12);
    expect(Math.max(...sizes)).toBeLessThan(6_000_000);
    expect(sizes.length).toBeLessThanOrEqual(4);
  });

  test('a record larger than any batch may be goes alone', async () => {
    stream.put('a', 'small', new Uint8Array(9_000_000), 'after');
    start({ batchingWindowMs: 0 });
    await clock.pass(1_000);
    expect(batchesOf().map((texts) => texts.map((t) => t.length))).toEqual([[5], [9_000_000], [5]]);
  });

  test('a shard has one batch under way at a time, and shards do not wait for each other', async () => {
    stream.open('b');
    stream.put('a', ...numbered(0, 4));
    stream.put('b', ...numbered(10, 14));
    let open!: () => void;
    const gate = new Promise<void>((resolve) => (open = resolve));
    start({ batchSize: 2, batchingWindowMs: 0 }, async (event) => {
      if (event.Records[0]!.eventID.startsWith('a')) await gate;
      return DONE;
    });
    await clock.pass(1_000);
    expect(batchesOf('a')).toEqual([numbered(0, 2)]);
    expect(batchesOf('b')).toEqual([numbered(10, 12), numbered(12, 14)]);
    open();
    await clock.pass(1_000);
    expect(batchesOf('a')).toEqual([numbered(0, 2), numbered(2, 4)]);
  });

  test('a failing batch is tried again without end, less and less often, and nothing passes it', async () => {
    stream.put('a', ...numbered(0, 2));
    let broken = true;
    start({ batchingWindowMs: 0, bisectBatchOnFunctionError: false }, () =>
      broken ? Promise.reject(new Error('down')) : Promise.resolve(DONE),
    );
    await clock.pass(60_000);
    const pauses = invoked.slice(1).map((i, n) => i.at - invoked[n]!.at);
    expect(pauses.slice(0, 4)).toEqual([100, 200, 400, 800]);
    expect(Math.max(...pauses)).toBe(5_000);
    expect(new Set(invoked.map((i) => i.texts.join()))).toEqual(new Set(['r0,r1']));
    expect(last()).toBe(0);
    broken = false;
    await clock.pass(5_000);
    expect(last()).toBe(2);
  });

  test('bisecting finds the one record that fails, takes all others once, and keeps the order', async () => {
    stream.put('a', ...numbered(0, 8));
    const taken: string[] = [];
    start({ batchingWindowMs: 0, maximumRetryAttempts: 2 }, (event) => {
      if (textsOf(event).includes('r5')) return Promise.reject(new Error('poison'));
      taken.push(...textsOf(event));
      return Promise.resolve(DONE);
    });
    await clock.pass(60_000);
    expect(taken).toEqual(['r0', 'r1', 'r2', 'r3', 'r4', 'r6', 'r7']);
    expect(givenUp.map((g) => g.texts)).toEqual([['r5']]);
    expect(last()).toBe(8);
  });

  test('a partial response goes on from the lowest record it names', async () => {
    stream.put('a', ...numbered(0, 5));
    let first = true;
    start({ batchingWindowMs: 0 }, () => {
      const failures = first ? ['4', '3'] : [];
      first = false;
      return Promise.resolve({ batchItemFailures: failures.map((itemIdentifier) => ({ itemIdentifier })) });
    });
    await clock.pass(1_000);
    expect(batchesOf()).toEqual([numbered(0, 5), numbered(2, 5)]);
    expect(last()).toBe(5);
  });

  test('a function that returns and never takes a record is given up like one that throws', async () => {
    const [first] = stream.put('a', ...numbered(0, 2));
    start({ batchingWindowMs: 0, maximumRetryAttempts: 3, bisectBatchOnFunctionError: false }, () =>
      Promise.resolve({ batchItemFailures: [{ itemIdentifier: first! }] }),
    );
    await clock.pass(60_000);
    expect(batchesOf()).toHaveLength(4);
    expect(givenUp.map((g) => g.texts)).toEqual([['r0', 'r1']]);
  });

  test('a partial response that names a record of another batch is a failure, not a success', async () => {
    stream.put('a', 'r0');
    let answers = 0;
    start({ batchingWindowMs: 0 }, () =>
      Promise.resolve(answers++ === 0 ? { batchItemFailures: [{ itemIdentifier: '99' }] } : DONE),
    );
    await clock.pass(1_000);
    expect(batchesOf()).toEqual([['r0'], ['r0']]);
  });

  test('after the last attempt the whole payload goes to the failure destination, and the shard goes on', async () => {
    stream.put('a', ...numbered(0, 3));
    start(
      { batchSize: 2, batchingWindowMs: 0, maximumRetryAttempts: 2, bisectBatchOnFunctionError: false },
      (event) => (textsOf(event).includes('r0') ? Promise.reject(new Error('never')) : Promise.resolve(DONE)),
    );
    await clock.pass(10_000);
    expect(batchesOf().filter((texts) => texts.includes('r0'))).toHaveLength(3);
    expect(givenUp).toEqual([{ texts: ['r0', 'r1'], error: new Error('never') }]);
    expect(batchesOf().at(-1)).toEqual(['r2']);
    expect(last()).toBe(3);
  });

  test('a batch older than the greatest record age is given up', async () => {
    stream.put('a', 'old');
    await clock.pass(5_000);
    start({ batchingWindowMs: 0, maximumRecordAgeMs: 8_000, bisectBatchOnFunctionError: false }, () =>
      Promise.reject(new Error('never')),
    );
    await clock.pass(2_000);
    expect(givenUp).toEqual([]);
    await clock.pass(5_000);
    expect(givenUp.map((g) => g.texts)).toEqual([['old']]);
  });

  test('a checkpoint is only set after success, and a restart goes on behind it', async () => {
    stream.put('a', ...numbered(0, 4));
    start({ batchSize: 2, batchingWindowMs: 0 }, (event) =>
      textsOf(event).includes('r2') ? Promise.reject(new Error('down')) : Promise.resolve(DONE),
    );
    await clock.pass(1_000);
    expect(last()).toBe(2);
    running[0]!.stop.abort();
    await clock.pass(10_000);
    invoked.length = 0;
    start({ batchSize: 10, batchingWindowMs: 0 });
    await clock.pass(1_000);
    expect(batchesOf()).toEqual([['r2', 'r3']]);
  });

  test('a checkpoint that cannot be set means delivered again, never skipped', async () => {
    stream.put('a', ...numbered(0, 2));
    checkpoints.failures = 1;
    start({ batchingWindowMs: 0 });
    await clock.pass(2_000);
    expect(batchesOf()).toEqual([numbered(0, 2), numbered(0, 2)]);
    expect(last()).toBe(2);
  });

  test('children wait until every parent is drained, over several generations', async () => {
    stream.put('a', 'a0', 'a1');
    stream.open('b', ['a']);
    stream.open('c', ['a']);
    stream.put('b', 'b0');
    stream.put('c', 'c0');
    stream.open('d', ['b', 'c']);
    stream.put('d', 'd0');
    stream.open('e', ['d']);
    stream.put('e', 'e0');
    let open!: () => void;
    const gate = new Promise<void>((resolve) => (open = resolve));
    start({ batchingWindowMs: 0 }, async (event) => {
      if (textsOf(event).includes('c0')) await gate;
      return DONE;
    });
    await clock.pass(5_000);
    expect(invoked.map((i) => i.texts.join())).toEqual(['a0,a1', 'b0', 'c0']);
    open();
    await clock.pass(5_000);
    expect(invoked.map((i) => i.texts.join())).toEqual(['a0,a1', 'b0', 'c0', 'd0', 'e0']);
  });

  test('a parent that left the stream does not block its children', async () => {
    stream.open('b', ['gone']);
    stream.put('b', 'b0');
    start({ batchingWindowMs: 0 });
    await clock.pass(1_000);
    expect(batchesOf('b')).toEqual([['b0']]);
  });

  test('it is idle only when children are read too, also before they could be started', async () => {
    stream.put('a', 'a0');
    stream.open('b', ['a']);
    stream.put('b', 'b0');
    const source = start({ batchingWindowMs: 0 });
    expect(source.idle).toBe(false);
    const seen: boolean[] = [];
    for (let i = 0; i < 100 && !batchesOf('b').length; i++) {
      seen.push(source.idle);
      await clock.pass(10);
    }
    expect(seen).not.toContain(true);
    await clock.pass(1_000);
    expect(source.idle).toBe(true);
  });

  test('it is not idle while a batch is under way, nor from a put on', async () => {
    let open!: () => void;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const source = start({ batchingWindowMs: 0 }, async () => {
      await gate;
      return DONE;
    });
    await clock.pass(1_000);
    expect(source.idle).toBe(true);
    stream.put('a', 'r0');
    source.wake('a');
    expect(source.idle).toBe(false);
    await clock.pass(1_000);
    expect([source.idle, source.lagMs]).toEqual([false, 1_000]);
    open();
    await clock.pass(1_000);
    expect([source.idle, source.lagMs]).toEqual([true, 0]);
  });

  test('a put between a read and the wait after it is not slept over', async () => {
    const source = start({ batchingWindowMs: 0 });
    await clock.pass(1_000);
    let once = true;
    stream.beforeAnswer = (shard) => {
      if (!once) return;
      once = false;
      stream.put(shard, 'late');
      source.wake(shard);
    };
    source.wake('a');
    await clock.rest(); // no time passes: the poll of an idle shard cannot be what finds it
    expect(batchesOf()).toEqual([['late']]);
  });

  test('a put that woke nobody is found by the next poll', async () => {
    start({ batchingWindowMs: 0 });
    await clock.pass(1_000);
    stream.put('a', 'unannounced');
    await clock.pass(250);
    expect(batchesOf()).toEqual([['unannounced']]);
  });

  test('a stream that cannot be listed for a while ends nothing', async () => {
    stream.failShards = new Error('no such stream');
    stream.put('a', 'r0');
    start({ batchingWindowMs: 0 });
    await clock.pass(1_000);
    expect(invoked).toEqual([]);
    stream.failShards = undefined;
    await clock.pass(1_000);
    expect(batchesOf()).toEqual([['r0']]);
  });

  test('an idle shard does not spin', async () => {
    start();
    await clock.pass(10_000);
    expect(stream.reads).toBeLessThan(60);
  });

  const seed = seedFrom('SOURCE_SEED');
  test(`random failures, stops and reshards: each record at least once and first in order (SOURCE_SEED=${seed})`, async () => {
    const roll = dice(seed);
    const put = new Map<string, string[]>([['a', []]]);
    const first = new Map<string, string[]>();
    const seen = new Set<string>();
    const invoke: Invoke = (event) => {
      if (roll.chance(0.3)) return Promise.reject(new Error('random'));
      const records = event.Records;
      const cut = roll.chance(0.3) ? roll.below(records.length) : records.length;
      for (const record of records.slice(0, cut)) {
        if (seen.has(record.eventID)) continue;
        seen.add(record.eventID);
        const [shard] = record.eventID.split(':') as [string];
        first.set(shard, [
          ...(first.get(shard) ?? []),
          Buffer.from(record.kinesis.data, 'base64').toString(),
        ]);
      }
      const failed = records[cut]?.kinesis.sequenceNumber;
      return Promise.resolve({ batchItemFailures: failed === undefined ? [] : [{ itemIdentifier: failed }] });
    };
    let count = 0;
    for (let run = 0; run < 6; run++) {
      const source = start({ batchSize: 1 + roll.below(6), batchingWindowMs: roll.pick([0, 50]) }, invoke);
      for (let i = 0; i < 15; i++) {
        const open = stream.shardList.filter((s) => !s.closed).map((s) => s.shardId);
        const shard = roll.pick(open);
        const texts = numbered(count, (count += roll.below(5)));
        stream.put(shard, ...texts);
        put.get(shard)!.push(...texts);
        if (roll.chance(0.7)) source.wake(shard);
        if (roll.chance(0.1))
          for (const child of ['x', 'y']) {
            put.set(`${shard}${child}`, []);
            stream.open(`${shard}${child}`, [shard]);
          }
        await clock.pass(roll.below(300));
      }
      running.at(-1)!.stop.abort();
      await clock.pass(100);
    }
    const source = start({ batchingWindowMs: 0 });
    for (let i = 0; i < 200 && !source.idle; i++) await clock.pass(500);
    expect(source.idle).toBe(true);
    for (const { shard, texts } of invoked)
      for (const text of texts)
        if (!first.get(shard)?.includes(text)) first.set(shard, [...(first.get(shard) ?? []), text]);
    for (const [shard, texts] of put)
      expect({ shard, texts: first.get(shard) ?? [] }).toEqual({ shard, texts });
  });
});
