import { describe, expect, test } from '@jest/globals';
import { freshnessOf } from '../../../src/local/metrics.ts';

describe('freshness', () => {
  test('of nothing is not zero, it is unknown', () => {
    expect(freshnessOf([])).toBeUndefined();
    expect(freshnessOf([{ ms: 5, records: 0 }])).toBeUndefined();
  });

  test('counts records, not batches', () => {
    const samples = [
      { ms: 10, records: 98 },
      { ms: 500, records: 1 },
      { ms: 900, records: 1 },
    ];
    expect(freshnessOf(samples)).toEqual({ p50: 10, p99: 500, samples: 100 });
  });

  test('does not depend on the order of the samples', () => {
    const samples = Array.from({ length: 100 }, (_, i) => ({ ms: (i * 37) % 100, records: 1 }));
    expect(freshnessOf(samples)).toEqual({ p50: 49, p99: 98, samples: 100 });
  });

  test('of one sample is that sample', () => {
    expect(freshnessOf([{ ms: 7, records: 0.5 }])).toEqual({ p50: 7, p99: 7, samples: 0.5 });
  });
});
