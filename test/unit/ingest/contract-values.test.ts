import { describe, expect, test } from '@jest/globals';
import { column } from '../../../src/definition/column.ts';
import type { Column } from '../../../src/definition/column.ts';
import { outcome, readValue } from './streams.ts';

// Column, JSON text of the value, what is kept or why it is refused.
type Case = [Column, string | undefined, string];

const int = column.int();
const long = column.long();
const money = column.decimal(9, 2);

const INTEGERS: Case[] = [
  [int, '0', '0'],
  [int, '-0', '0'],
  [int, '2147483647', '2147483647'],
  [int, '-2147483648', '-2147483648'],
  [int, '2147483648', 'out_of_range'],
  [int, '1.0', '1'],
  [int, '1e3', '1000'],
  [int, '1.5', 'wrong_type'],
  [int, '1.00000000000000000001', 'wrong_type'],
  [int, '1.00000000000000000000', '1'],
  [int, '1e-400', 'wrong_type'],
  [int, '1e400', 'out_of_range'],
  [int, '99999999999999999999', 'out_of_range'],
  [int, '"1"', 'wrong_type'],
  [int, 'true', 'wrong_type'],
  [int, '[1]', 'wrong_type'],
  [int, 'null', 'missing_column'],
  [int, undefined, 'missing_column'],
  [column.int({ optional: true }), undefined, 'null'],
  [column.int({ optional: true }), 'null', 'null'],
  [column.int({ optional: true }), '"x"', 'wrong_type'],
  [column.int({ min: 1, max: 3 }), '1', '1'],
  [column.int({ min: 1, max: 3 }), '0', 'out_of_range'],
  [column.int({ min: 1, max: 3 }), '4', 'out_of_range'],
  [column.int({ oneOf: [1, 2] }), '2', '2'],
  [column.int({ oneOf: [1, 2] }), '3', 'not_in_list'],
  [long, '9007199254740993', '9007199254740993'],
  [long, '-9007199254740993', '-9007199254740993'],
  [long, '9223372036854775807', '9223372036854775807'],
  [long, '-9223372036854775808', '-9223372036854775808'],
  [long, '9223372036854775808', 'out_of_range'],
  [long, '"9223372036854775807"', '9223372036854775807'],
  [long, '"9223372036854775808"', 'out_of_range'],
  [long, '9223372036854775807.0', '9223372036854775807'],
  [long, '9223372036854775806.5', 'wrong_type'],
  [long, '1e18', '1000000000000000000'],
  [long, '123456789.123456789e9', '123456789123456789'],
  [long, '1e1000000000', 'out_of_range'],
  [long, '"1e1000000000"', 'out_of_range'],
  [long, '0e1000000000', '0'],
  [long, '"007"', 'wrong_type'],
  [long, '"+7"', 'wrong_type'],
  [long, '" 7"', 'wrong_type'],
  [long, '""', 'wrong_type'],
  [long, '"0x10"', 'wrong_type'],
  [long, '"Infinity"', 'wrong_type'],
  [column.long({ min: 9007199254740992 }), '9007199254740993', '9007199254740993'],
  [column.long({ max: 9007199254740992 }), '9007199254740993', 'out_of_range'],
];

const DECIMALS: Case[] = [
  [money, '1', '"1.00"'],
  [money, '1.5', '"1.50"'],
  [money, '-0.01', '"-0.01"'],
  [money, '"1234567.89"', '"1234567.89"'],
  [money, '12345678.9', 'out_of_range'],
  [money, '1.005', 'bad_decimal'],
  [money, '1.000', '"1.00"'],
  [money, '"1.000"', '"1.00"'],
  [money, '12.3400000000000000001', 'bad_decimal'],
  [money, '12.3400000000000000000', '"12.34"'],
  [money, '1e-400', 'bad_decimal'],
  [money, '1e1000000000', 'out_of_range'],
  [money, '1e-1000000000', 'bad_decimal'],
  [money, '1.2e1', '"12.00"'],
  [money, '"1E+3"', '"1000.00"'],
  [money, '""', 'wrong_type'],
  [money, '"1,5"', 'wrong_type'],
  [money, '".5"', 'wrong_type'],
  [money, '"NaN"', 'wrong_type'],
  [money, 'true', 'wrong_type'],
  [money, '{"a":1}', 'wrong_type'],
  [
    column.decimal(38, 0),
    '99999999999999999999999999999999999999',
    '"99999999999999999999999999999999999999"',
  ],
  [column.decimal(38, 0), '100000000000000000000000000000000000000', 'out_of_range'],
  [
    column.decimal(38, 38),
    '0.12345678901234567890123456789012345678',
    '"0.12345678901234567890123456789012345678"',
  ],
  [column.decimal(38, 38), '1', 'out_of_range'],
  [column.decimal(38, 38), '0', `"0.${'0'.repeat(38)}"`],
  [column.decimal(2, 2), '0.5', '"0.50"'],
  [column.decimal(2, 2), '1e-2', '"0.01"'],
  [column.decimal(9, 2, { min: 0.005 }), '0', 'out_of_range'],
  [column.decimal(9, 2, { min: 0.005 }), '0.01', '"0.01"'],
  [column.decimal(9, 2, { max: -0.005 }), '-0.01', '"-0.01"'],
  [column.decimal(9, 2, { max: -0.005 }), '0', 'out_of_range'],
  [column.decimal(20, 2, { max: 1e15 }), '1000000000000000.01', 'out_of_range'],
];

const FLOATING: Case[] = [
  [column.double(), '0.1', '0.1'],
  [column.double(), '-0', '-0.0'],
  [column.double(), '-0.0', '-0.0'],
  [column.double(), '5e-324', '5e-324'],
  [column.double(), '1.7976931348623157e308', '1.7976931348623157e+308'],
  [column.double(), '1e309', 'out_of_range'],
  [column.double(), '12345678901234567890', '12345678901234567000'],
  [column.double(), '"NaN"', '"NaN"'],
  [column.double(), '"-Infinity"', '"-Infinity"'],
  [column.double(), '"1.5"', 'wrong_type'],
  [column.double(), '"nan"', 'wrong_type'],
  [column.double({ min: 0 }), '"NaN"', 'out_of_range'],
  [column.double({ min: 0 }), '-0.1', 'out_of_range'],
  [column.float(), '0.1', '0.10000000149011612'],
  [column.float(), '3.4028234e38', '3.4028234663852886e+38'],
  [column.float(), '3.5e38', 'out_of_range'],
  [column.float(), '"Infinity"', '"Infinity"'],
];

const TIMES: Case[] = [
  [column.date(), '"2020-02-29"', '"2020-02-29"'],
  [column.date(), '"2021-02-29"', 'bad_date'],
  [column.date(), '"1900-02-29"', 'bad_date'],
  [column.date(), '"2000-02-29"', '"2000-02-29"'],
  [column.date(), '"2020-04-31"', 'bad_date'],
  [column.date(), '"2020-13-01"', 'bad_date'],
  [column.date(), '"2020-00-10"', 'bad_date'],
  [column.date(), '"0000-01-01"', 'bad_date'],
  [column.date(), '"0001-01-01"', '"0001-01-01"'],
  [column.date(), '"9999-12-31"', '"9999-12-31"'],
  [column.date(), '"2020-1-1"', 'bad_date'],
  [column.date(), '"2020-01-01T00:00:00Z"', 'bad_date'],
  [column.date(), '18262', 'wrong_type'],
  [column.timestamp(), '"2013-01-01T10:15:00Z"', '"2013-01-01T10:15:00"'],
  [column.timestamp(), '"2013-01-01T10:15Z"', '"2013-01-01T10:15:00.000"'],
  [column.timestamp(), '"2013-01-01 10:15:00.5z"', '"2013-01-01T10:15:00.500"'],
  [column.timestamp(), '"2013-01-01T10:15:00.250Z"', '"2013-01-01T10:15:00.250"'],
  [column.timestamp(), '"2013-01-01T10:15:00.250000Z"', '"2013-01-01T10:15:00.250"'],
  [column.timestamp(), '"2013-01-01T10:15:00.250001Z"', 'bad_timestamp'],
  [column.timestamp(), '"2013-01-01T00:15:00+01:00"', '"2012-12-31T23:15:00.000"'],
  [column.timestamp(), '"2013-01-01T10:15:00-05:30"', '"2013-01-01T15:45:00.000"'],
  [column.timestamp(), '"2013-01-01T10:15:00"', 'bad_timestamp'],
  [column.timestamp(), '"2013-01-01T10:15:00+0100"', 'bad_timestamp'],
  [column.timestamp(), '"2013-01-01T10:15:00.Z"', 'bad_timestamp'],
  [column.timestamp(), '"2013-01-01T10:15:60Z"', 'bad_timestamp'],
  [column.timestamp(), '"2013-01-01T24:00:00Z"', 'bad_timestamp'],
  [column.timestamp(), '"2013-02-29T00:00:00Z"', 'bad_timestamp'],
  [column.timestamp(), '"2013-01-01T10:15:00Zx"', 'bad_timestamp'],
  [column.timestamp(), '"2013-01-01x10:15:00Z"', 'bad_timestamp'],
  [column.timestamp(), '"2013-01-01"', 'bad_timestamp'],
  [column.timestamp(), '"yesterday"', 'bad_timestamp'],
  [column.timestamp(), '1357035300000', 'wrong_type'],
  [column.timestamp(), '"0001-01-01T00:00:00Z"', '"0001-01-01T00:00:00"'],
  [column.timestamp(), '"0001-01-01T00:00:00+01:00"', 'out_of_range'],
  [column.timestamp(), '"9999-12-31T23:59:59.999Z"', '"9999-12-31T23:59:59.999"'],
  [column.timestamp(), '"9999-12-31T23:59:59-01:00"', 'out_of_range'],
  [column.timestamp(), '"1969-12-31T23:59:59.999Z"', '"1969-12-31T23:59:59.999"'],
];

const TEXTS: Case[] = [
  [column.string(), '""', '""'],
  [column.string(), '"a\\u0000b"', '"a\\u0000b"'],
  [column.string(), '"\\"\\\\\\n"', '"\\"\\\\\\n"'],
  [column.string(), '"é😀"', '"é😀"'],
  [column.string(), '"\\ud83d\\ude00"', '"😀"'],
  [column.string(), '"\\ud83d"', 'bad_text'],
  [column.string(), '"\\ude00\\ud83d"', 'bad_text'],
  [column.string(), '7', 'wrong_type'],
  [column.string(), '{}', 'wrong_type'],
  [column.string({ maxLength: 2 }), '"😀😀"', '"😀😀"'],
  [column.string({ maxLength: 2 }), '"😀😀😀"', 'too_long'],
  [column.string({ minLength: 2 }), '"😀"', 'too_short'],
  [column.string({ minLength: 2 }), '"ab"', '"ab"'],
  [column.string({ oneOf: ['a', 'b'] }), '"b"', '"b"'],
  [column.string({ oneOf: ['a', 'b'] }), '"B"', 'not_in_list'],
  [column.string({ pattern: 'a|bc' }), '"bc"', '"bc"'],
  [column.string({ pattern: 'a|bc' }), '"abc"', 'pattern'],
  [column.string({ pattern: '[A-Z]{3}' }), '"ABC\\n"', 'pattern'],
  [column.string({ pattern: '(?i)abc' }), '"aBc"', '"aBc"'],
  [column.string({ pattern: '(?P<x>.)' }), '"😀"', '"😀"'],
  [column.string({ pattern: '.' }), '"\\r"', '"\\r"'],
  [column.string({ pattern: '.' }), '"\\n"', 'pattern'],
  [column.string({ pattern: '(?s).' }), '"\\n"', '"\\n"'],
  [column.string({ pattern: 'a\\sb' }), '"a\\u00a0b"', 'pattern'],
  [column.string({ pattern: '[\\s.]+' }), '" .\\t"', '" .\\t"'],
  [column.string({ pattern: 'a\\++' }), '"a++"', '"a++"'],
  [column.boolean(), 'true', 'true'],
  [column.boolean(), 'false', 'false'],
  [column.boolean(), '"true"', 'wrong_type'],
  [column.boolean(), '1', 'wrong_type'],
  [column.binary(), '""', '""'],
  [column.binary(), '"AAECAw=="', '"AAECAw=="'],
  [column.binary(), '"AAECAw"', 'bad_base64'],
  [column.binary(), '"AAECAx=="', 'bad_base64'],
  [column.binary(), '"AAEC\\nAw=="', 'bad_base64'],
  [column.binary(), '"_-8="', 'bad_base64'],
  [column.binary(), '[1,2]', 'wrong_type'],
];

const item = column.struct({ sku: column.string(), n: column.int({ optional: true }) });
const NESTED: Case[] = [
  [column.list(int), '[]', '[]'],
  [column.list(int), '[1,2]', '[1,2]'],
  [column.list(int), '[1,null]', 'missing_column'],
  [column.list(column.int({ optional: true })), '[1,null]', '[1,null]'],
  [column.list(int), '[1,"2"]', 'wrong_type'],
  [column.list(int), '{"0":1}', 'wrong_type'],
  [column.list(item), '[{"n":1,"sku":"a"},{"sku":"b"}]', '[{"sku":"a","n":1},{"sku":"b","n":null}]'],
  [column.list(item), '[{"n":1}]', 'missing_column'],
  [column.map(long), '{"b":1,"a":"2","__proto__":3,"":4}', '{"b":1,"a":2,"__proto__":3,"":4}'],
  [column.map(long), '{"b":null}', 'missing_column'],
  [column.map(long), '[]', 'wrong_type'],
  [column.map(long), '{"\\ud83d":1}', 'bad_text'],
  [column.map(money), '{"k":12345678901234567890}', 'out_of_range'],
  [item, '{"sku":"a"}', '{"sku":"a","n":null}'],
  [item, '"a"', 'wrong_type'],
];

describe.each([
  ['whole numbers', INTEGERS],
  ['decimals', DECIMALS],
  ['floating point', FLOATING],
  ['dates and timestamps', TIMES],
  ['text, booleans and bytes', TEXTS],
  ['lists, maps and structs', NESTED],
])('%s', (_, cases) => {
  test.each(cases.map(([type, json, expected]) => [type.type.kind, json, expected, type] as const))(
    '%s from %s: %s',
    (_kind, json, expected, type) => {
      expect(outcome(type, json)).toBe(expected);
    },
  );
});

describe('a message', () => {
  test.each<[string, Column, string, string]>([
    ['names the column and the limit', column.int({ max: 5 }), '6', 'v: expected at most 5, got 6'],
    [
      'names the place in a list of structs',
      column.list(item),
      '[{"sku":"a"},{"sku":7}]',
      'v[1].sku: expected text, got 7',
    ],
    [
      'keeps the digits of a number',
      long,
      '9223372036854775808',
      'v: a long has 64 bits, got 9223372036854775808',
    ],
    ['names a missing value', int, 'null', 'v: a value is required, got null'],
  ])('%s', (_, type, json, expected) => {
    expect(readValue(type, json)).toMatchObject({ kind: 'refused', message: expected });
  });

  test('is short, whatever the value is', () => {
    for (const value of [JSON.stringify('x'.repeat(100_000)), `[${'['.repeat(5000)}${']'.repeat(5000)}]`]) {
      const result = readValue(int, value);
      expect(result.kind === 'refused' && result.message.length).toBeLessThan(250);
    }
  });
});

test.each(['(?=a)', '(?<!a)b', '(a)\\1', 'a++', '(', '[[:alpha:]]', '\\pL+\\z', '(?m)a', '(?i:a)', '[\\S]'])(
  'the pattern %s is refused when compiled',
  (pattern) => {
    expect(() => readValue(column.string({ pattern }), '"a"')).toThrow(/regular expression/);
  },
);
