import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  compareBytes,
  compareValues,
  truncateBytesLower,
  truncateBytesUpper,
  truncateLower,
  truncateUpper,
} from '../../../src/iceberg/index.ts';

describe('truncated bounds', () => {
  it('counts code points, so that no character is cut in two', () => {
    expect(truncateLower('😀'.repeat(17))).toBe('😀'.repeat(16));
    expect(truncateUpper('😀'.repeat(17))).toBe('😀'.repeat(15) + '😁');
  });

  it('leaves values alone that are short enough', () => {
    expect(truncateUpper('abcdefghijklmnop')).toBe('abcdefghijklmnop');
    expect(truncateLower('abc')).toBe('abc');
  });

  it('skips surrogates, moves left past the highest code point, and gives up rather than be too low', () => {
    expect(truncateUpper('a\uD7FFx', 2)).toBe('a\uE000');
    expect(truncateUpper('a\u{10FFFF}x', 2)).toBe('b');
    expect(truncateUpper('\u{10FFFF}\u{10FFFF}x', 2)).toBeUndefined();
    expect(truncateBytesUpper(Uint8Array.of(1, 255, 7), 2)).toEqual(Uint8Array.of(2));
    expect(truncateBytesUpper(Uint8Array.of(255, 255, 7), 2)).toBeUndefined();
  });

  it('never puts a value outside its bounds', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 12 }),
        fc.integer({ min: 1, max: 6 }),
        (value, length) => {
          expect(compareValues('string', truncateLower(value, length), value)).toBeLessThanOrEqual(0);
          const upper = truncateUpper(value, length);
          if (upper !== undefined) expect(compareValues('string', upper, value)).toBeGreaterThanOrEqual(0);
        },
      ),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), fc.integer({ min: 1, max: 6 }), (value, length) => {
        expect(compareBytes(truncateBytesLower(value, length), value)).toBeLessThanOrEqual(0);
        const upper = truncateBytesUpper(value, length);
        if (upper !== undefined) expect(compareBytes(upper, value)).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
