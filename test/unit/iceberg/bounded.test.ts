import { describe, expect, it } from '@jest/globals';
import { planScan, requireTable } from '../../../src/iceberg/index.ts';
import type { CommitOptions } from '../../../src/iceberg/index.ts';
import { commit, dataFile, NAME, newTable } from './fixtures.ts';
import { memoryIo } from './memory.ts';

interface Cost {
  bytes: number;
  requests: number;
  ms: number;
}

/** Short spans, so that by commit 500 every rule of retention is at work. */
const OPTIONS: CommitOptions = {
  retention: { keepAllMs: 60_000, maxRecent: 50, keepPerMinuteMs: 600_000, keepPerHourMs: 3_600_000 },
};
const WINDOW = 256;

describe('a commit costs the same however old the table is', () => {
  it('writes as much around commit 3,000 as around commit 500', async () => {
    const io = memoryIo();
    let table = await newTable(io);
    const live: string[] = [];
    const costs: Cost[] = [];
    for (let index = 0; index < 3_000; index += 1) {
      io.clock.ms += 10_000;
      const before = {
        bytes: io.store.bytesPut,
        requests: io.store.puts + io.store.gets + io.catalog.loads + io.catalog.swaps,
      };
      const file = dataFile(undefined, index * 10, index * 10 + 9);
      live.push(file.path);
      // As in a hot tail: what was integrated leaves by whole files, here after 600 commits.
      const removedData = live.length > 600 && index % 100 === 0 ? live.splice(0, 100) : [];
      const start = performance.now();
      const operation = removedData.length > 0 ? 'overwrite' : 'append';
      table = await commit(io, table, { operation, addedData: [file], removedData }, OPTIONS);
      costs.push({
        bytes: io.store.bytesPut - before.bytes,
        requests: io.store.puts + io.store.gets + io.catalog.loads + io.catalog.swaps - before.requests,
        ms: performance.now() - start,
      });
    }
    // A window of as many commits as a manifest has entries sees every size of the growing manifest once.
    const mean = (from: number, key: keyof Cost): number =>
      costs.slice(from, from + WINDOW).reduce((sum, cost) => sum + cost[key], 0) / WINDOW;
    expect(mean(2744, 'bytes')).toBeLessThan(mean(372, 'bytes') * 1.1);
    expect(mean(2744, 'requests')).toBeLessThan(mean(372, 'requests') * 1.1);
    expect(mean(2744, 'requests')).toBeLessThan(5.1);
    // Time is noisy: this only finds work that grows with age.
    expect(mean(2744, 'ms')).toBeLessThan(mean(372, 'ms') * 3 + 1);
    const plan = await planScan({ ...io, cache: memoryIo().cache }, await requireTable(io, NAME));
    expect(plan.files.map((file) => file.file.path)).toEqual(live);
  });
});
