import { describe, expect, test } from '@jest/globals';
import { cautionFor } from '../../../src/ingest/attempts.ts';

describe('a batch that ends the process', () => {
  test('a few deaths change nothing: machines are restarted for other reasons', () => {
    for (const attempt of [1, 2, 3])
      expect(cautionFor(attempt, 10_000)).toEqual({ records: 10_000, unread: false });
  });

  test('then parts get smaller, down to one record, and only that one alone is given up', () => {
    const sizes = Array.from({ length: 25 }, (_, i) => cautionFor(i + 1, 10_000));
    expect(sizes[3]).toEqual({ records: 5_000, unread: false });
    const alone = sizes.filter((c) => c.records === 1);
    expect(alone.filter((c) => !c.unread).length).toBeGreaterThanOrEqual(3);
    expect(sizes.filter((c) => c.unread).every((c) => c.records === 1)).toBe(true);
    expect(sizes.at(-1)).toEqual({ records: 1, unread: true });
  });

  test('a single record is not given up before it was tried several times more than chance', () => {
    const given = Array.from({ length: 20 }, (_, i) => cautionFor(i + 1, 1).unread).indexOf(true) + 1;
    expect(given).toBe(7);
  });
});
