import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compareBytes, compareValues, decodeValue, encodeValue } from '../../../src/iceberg/index.ts';
import type { PrimitiveType, Value } from '../../../src/iceberg/index.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

// From the specification's appendix D, and from files of other writers.
const CASES: [PrimitiveType, Value, string][] = [
  ['boolean', true, '01'],
  ['boolean', false, '00'],
  ['int', 34, '22000000'],
  ['int', -1, 'ffffffff'],
  ['date', 17486, '4e440000'],
  ['long', 34n, '2200000000000000'],
  ['long', -(2n ** 63n), '0000000000000080'],
  ['timestamp', 1510871468000001n, '01c3262d215e0500'],
  ['float', 1, '0000803f'],
  ['double', -0, '0000000000000080'],
  ['decimal(9,2)', 1420n, '058c'],
  ['decimal(9,2)', -129n, 'ff7f'],
  ['decimal(9,2)', 128n, '0080'],
  ['decimal(9,2)', 0n, '00'],
  ['string', 'iceberg', '69636562657267'],
  ['uuid', 'f79c3e09-677c-4bbd-a479-3f349cb785e7', 'f79c3e09677c4bbda4793f349cb785e7'],
  ['fixed[3]', Uint8Array.of(1, 2, 3), '010203'],
  ['binary', Uint8Array.of(), ''],
];

describe('single values', () => {
  it.each(CASES)('%s %s is written as the specification says and read back', (type, value, bytes) => {
    expect(hex(encodeValue(type, value))).toBe(bytes);
    expect(decodeValue(type, encodeValue(type, value))).toEqual(value);
  });

  it('reads bounds that were written before a promotion', () => {
    expect(decodeValue('long', encodeValue('int', -5))).toBe(-5n);
    expect(decodeValue('double', encodeValue('float', 1.5))).toBe(1.5);
  });

  it('refuses values that would be cut or rounded without a word', () => {
    expect(() => encodeValue('int', 2 ** 31)).toThrow('out of its range');
    expect(() => encodeValue('int', 1.5)).toThrow('out of its range');
    expect(() => encodeValue('long', 2n ** 63n)).toThrow('out of its range');
    expect(() => encodeValue('decimal(3,1)', 1000n)).toThrow('out of its range');
    expect(() => encodeValue('fixed[2]', Uint8Array.of(1))).toThrow('out of its range');
    expect(() => encodeValue('uuid', 'no')).toThrow('out of its range');
    expect(() => encodeValue('varchar' as PrimitiveType, 'x')).toThrow('Not an Iceberg v2 primitive type');
    expect(() => decodeValue('int', Uint8Array.of(1))).toThrow('no value of type int');
    expect(() => decodeValue('string', Uint8Array.of(0xff))).toThrow('not UTF-8');
  });

  it('orders text by code point, not by UTF-16 unit', () => {
    expect(compareValues('string', '\u{1F600}', '\uFFFD')).toBeGreaterThan(0);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        const bytes = compareBytes(Buffer.from(a), Buffer.from(b));
        expect(Math.sign(compareValues('string', a, b))).toBe(Math.sign(bytes));
      }),
    );
  });

  it('orders numbers as bounds are ordered: -0 below +0, NaN above all, decimals by value', () => {
    expect(compareValues('double', -0, 0)).toBeLessThan(0);
    expect(compareValues('double', NaN, Infinity)).toBeGreaterThan(0);
    expect(compareValues('decimal(9,2)', -300n, 2n)).toBeLessThan(0);
    expect(compareValues('boolean', false, true)).toBeLessThan(0);
    expect(
      compareValues('uuid', 'f79c3e09-677c-4bbd-a479-3f349cb785e7', '079c3e09-677c-4bbd-a479-3f349cb785e7'),
    ).toBeGreaterThan(0);
  });

  it('keeps any long and any decimal', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        expect(decodeValue('long', encodeValue('long', value))).toBe(value);
        expect(decodeValue('decimal(38,0)', encodeValue('decimal(38,0)', value))).toBe(value);
      }),
    );
  });
});
