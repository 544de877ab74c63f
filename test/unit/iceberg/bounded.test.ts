import { describe, expect, it } from '@jest/globals';
import { planScan, requireTable } from '../../../src/iceberg/index.ts';
import { commit, dataFile, NAME, newTable } from './fixtures.ts';
import { memoryIo } from './memory.ts';

interface Cost {
  bytes: number;
  requests: number;
  ms: number;
}

describe('a commit costs the same however old the table is', () => {
  it('writes as much around commit 3,000 as around commit 500', async () => {
    const io = memoryIo();
    let table = await newTable(io);
    const live: string[] = [];
    const costs: Cost[] = [];
    for (let index = 0; index < 3_000; index += 1) {
      io.clock.ms += 400;
      const before = {
        bytes: io.store.bytesPut,
        requests: io.store.puts + io.store.gets + io.catalog.loads + io.catalog.swaps,
      };
      const file = dataFile(undefined, index * 10, index * 10 + 9);
      live.push(file.path);
      // As in a hot tail: what was integrated leaves by whole files, here after 600 commits.
      const removedData = live.length > 600 && index % 100 === 0 ? live.splice(0, 100) : [];
      const start = performance.now();
      table = await commit(io, table, {
        operation: removedData.length > 0 ? 'overwrite' : 'append',
        addedData: [file],
        removedData,
      });
      costs.push({
        bytes: io.store.bytesPut - before.bytes,
        requests: io.store.puts + io.store.gets + io.catalog.loads + io.catalog.swaps - before.requests,
        ms: performance.now() - start,
      });
    }
    const mean = (from: number, key: keyof Cost): number =>
      costs.slice(from, from + 256).reduce((sum, cost) => sum + cost[key], 0) / 256;
    if (process.env['SHOW_COST']) {
      for (const from of [0, 100, 400, 1000, 2000, 2744]) {
        console.log(from, mean(from, 'bytes'), mean(from, 'requests'), mean(from, 'ms'));
      }
    }
    expect(mean(2744, 'bytes')).toBeLessThan(mean(372, 'bytes') * 1.1);
    expect(mean(2744, 'requests')).toBeLessThan(mean(372, 'requests') * 1.1);
    const plan = await planScan({ ...io, cache: memoryIo().cache }, await requireTable(io, NAME));
    expect(plan.files.map((file) => file.file.path)).toEqual(live);
  });
});
