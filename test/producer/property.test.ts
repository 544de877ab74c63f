import { afterEach, expect, test } from '@jest/globals';
import { setTimeout as wait } from 'node:timers/promises';
import { createProducer, type PutResult } from '../../src/producer/index.ts';
import { cleanUp, startEndpoint } from '../local/kinesis/harness.ts';
import { dice, seedFrom } from '../local/support/random.ts';
import { breakConnections, placeOf, stored, visit, VISITS } from './support.ts';

afterEach(cleanUp);

const SEED = seedFrom('PRODUCER_SEED');
const CASES = Array.from({ length: 8 }, (_, i) => ({
  seed: SEED + i,
  aggregate: i % 2 === 1,
  onUnknown: i % 4 < 2 ? ('reject' as const) : ('retry' as const),
}));

test.each(CASES)(
  'over throttling, lost requests and lost answers (PRODUCER_SEED=$seed, aggregate $aggregate, $onUnknown)',
  async ({ seed, aggregate, onUnknown }) => {
    const roll = dice(seed);
    const endpoint = await startEndpoint({
      fsync: false,
      limits: { recordsPerSecond: aggregate ? 40 : 400, bytesPerSecond: 2 ** 20 },
    });
    const { client, store } = endpoint;
    await store.createStream('visits', { shardCount: 1 + roll.below(3) });
    breakConnections(client, roll, 0.2);
    const producer = createProducer({
      client,
      streamName: 'visits',
      contract: VISITS,
      partitionKey: 'visitor',
      aggregate,
      onUnknown,
      lingerMs: roll.pick([0, 3, 20]),
      backoffMs: 5,
      bufferBytes: 2 ** 20,
      batchRecords: roll.pick([3, 50, 500]),
      requests: roll.pick([1, 3]),
    });
    const keys = roll.pick([1, 5, 60]);
    const count = keys === 1 && !aggregate ? 60 : 400;
    const puts: Promise<PutResult>[] = [];
    for (let n = 0; n < count; n++) {
      const note = 'x'.repeat(roll.chance(0.05) ? 30_000 : roll.below(300));
      puts.push(producer.put(visit(`v${roll.below(keys)}`, n, note)));
      if (roll.chance(0.02)) await wait(roll.below(15));
      if (roll.chance(0.01)) await producer.ready();
    }
    const settled = await Promise.allSettled(puts);
    await producer.close();
    const found = await stored(store, 'visits');
    const times = new Map<number, number>();
    for (const { n } of found) times.set(n, (times.get(n) ?? 0) + 1);
    const places = new Map(found.map((s) => [placeOf(s), s.n]));
    for (const [n, put] of settled.entries()) {
      const seen = times.get(n) ?? 0;
      if (put.status === 'fulfilled') {
        expect(places.get(placeOf(put.value))).toBe(n);
        if (onUnknown === 'reject') expect(put.value.repeated).toBeUndefined();
        if (put.value.repeated === true) expect(seen).toBeGreaterThanOrEqual(1);
        else expect(seen).toBe(1);
      } else {
        expect(put.reason).toMatchObject({ kind: 'unknown' });
        expect(onUnknown).toBe('reject');
        expect(seen).toBeLessThanOrEqual(1);
      }
    }
    // In order for each key: every first appearance comes after those of the key's earlier records.
    const last = new Map<string, number>();
    const known = new Set<number>();
    for (const { partitionKey, n } of found) {
      if (known.has(n)) continue;
      known.add(n);
      expect(n).toBeGreaterThan(last.get(partitionKey) ?? -1);
      last.set(partitionKey, n);
    }
  },
);
