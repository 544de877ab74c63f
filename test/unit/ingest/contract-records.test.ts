import { describe, expect, test } from '@jest/globals';
import { column } from '../../../src/definition/column.ts';
import type { Column } from '../../../src/definition/column.ts';
import type { PlanStream } from '../../../src/definition/plan.ts';
import { compileContract } from '../../../src/ingest/contract.ts';
import type { ReadResult } from '../../../src/ingest/contract.ts';
import { streamOf } from './streams.ts';

const AT = '"at":"2020-01-01T00:00:00Z"';
const KEPT_AT = '"at":"2020-01-01T00:00:00"';

function read(
  columns: Record<string, Column>,
  text: string | Uint8Array,
  extras?: PlanStream['extras'],
): ReadResult {
  return compileContract(streamOf(columns, extras)).read(typeof text === 'string' ? Buffer.from(text) : text);
}

describe('what is no record', () => {
  test.each<[string, string | Uint8Array, string]>([
    ['nothing', '', 'not_json'],
    ['white space', ' \n', 'not_json'],
    ['bytes that are not UTF-8', Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d), 'not_utf8'],
    ['UTF-16', Buffer.from(`{${AT}}`, 'utf16le'), 'not_json'],
    ['a surrogate written as UTF-8', Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22), 'not_utf8'],
    ['half an object', `{${AT}`, 'not_json'],
    ['two objects', `{${AT}}\n{${AT}}`, 'not_json'],
    ['a list', `[{${AT}}]`, 'not_object'],
    ['text', '"x"', 'not_object'],
    ['a number beyond doubles', '123456789012345678901234567890', 'not_object'],
    ['null', 'null', 'not_object'],
    ['NaN', `{"v":NaN,${AT}}`, 'not_json'],
    ['no event time', '{"v":1}', 'missing_column'],
  ])('%s is refused', (_, text, reason) => {
    expect(read({}, text)).toMatchObject({ kind: 'refused', reason });
  });
});

test.each(['\ufeff', ' \n\t', '\ufeff\r\n'])(
  '%j before and a newline behind the object are passed over',
  (before) => {
    expect(read({}, `${before}{${AT}}\n`)).toMatchObject({ kind: 'ok', json: `{${KEPT_AT},"_extra":null}` });
  },
);

test('bytes in the middle of a larger buffer are read alone', () => {
  const bytes = Buffer.from(`xx{${AT}}yy`);
  expect(read({}, bytes.subarray(2, bytes.length - 2))).toMatchObject({
    kind: 'ok',
    eventTime: 1577836800000,
  });
});

test('an optional event time that is missing is refused, for the row would have no place in time', () => {
  const stream = streamOf({});
  stream.columns[0]!.required = false;
  expect(compileContract(stream).read(Buffer.from('{"at":null}'))).toMatchObject({
    reason: 'missing_column',
  });
});

test('the event time is that of its own column, not of the last timestamp', () => {
  const stream = streamOf({ a: column.timestamp() });
  stream.columns.push({ name: 'z', ...column.timestamp() });
  const text = `{"a":"1999-01-01T00:00:00Z",${AT},"z":"2001-01-01T00:00:00Z"}`;
  expect(compileContract(stream).read(Buffer.from(text))).toMatchObject({ eventTime: 1577836800000 });
});

test('an event time that is no timestamp column is a wrong definition', () => {
  expect(() => compileContract({ ...streamOf({}), eventTime: 'nope' })).toThrow(/event time nope/);
});

test('columns are written in their order, whatever the order they came in', () => {
  const result = read({ a: column.int(), b: column.int() }, `{${AT},"b":2,"a":1}`, 'ignore');
  expect(result).toMatchObject({ json: `{"a":1,"b":2,${KEPT_AT}}` });
});

test('of a duplicated key the last value counts, also where digits are kept', () => {
  const columns = { a: column.long() };
  expect(read(columns, `{"a":1,"a":2,${AT}}`)).toMatchObject({ json: `{"a":2,${KEPT_AT},"_extra":null}` });
  expect(read(columns, `{"a":1,"a":9007199254740993,${AT}}`)).toMatchObject({
    json: `{"a":9007199254740993,${KEPT_AT},"_extra":null}`,
  });
});

describe('names that objects inherit', () => {
  const names = ['__proto__', 'toString', 'constructor', 'hasOwnProperty', 'valueOf'];
  test.each(names)('a missing column %s is missing', (name) => {
    expect(read({ [name]: column.string() }, `{${AT}}`)).toMatchObject({ reason: 'missing_column' });
  });
  test.each(names)('a column %s is read', (name) => {
    const columns = Object.fromEntries([[name, column.long()]]);
    for (const value of ['7', '9007199254740993']) {
      const result = read(columns, `{"${name}":${value},${AT}}`, 'quarantine');
      expect(result).toMatchObject({ json: `{"${name}":${value},${KEPT_AT}}` });
    }
  });
  test.each(names)('an unknown field %s is kept, and harms no later record', (name) => {
    expect(read({}, `{"${name}":{"polluted":1},${AT}}`)).toMatchObject({
      json: `{${KEPT_AT},"_extra":${JSON.stringify(`{"${name}":{"polluted":1}}`)}}`,
    });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('fields that no column names', () => {
  const item = column.struct({ sku: column.string() });
  const columns = {
    s: column.struct({ x: column.int(), t: item }, { optional: true }),
    l: column.list(item, { optional: true }),
  };
  const extra = (text: string): unknown => {
    const result = read(columns, `{${text},${AT}}`);
    return result.kind === 'ok' ? (JSON.parse(result.json) as { _extra: unknown })._extra : result.reason;
  };

  test.each([
    ['on top', '"u":[1,{"a":null}],"w":"é"', '{"u":[1,{"a":null}],"w":"é"}'],
    ['null', '"u":null', '{"u":null}'],
    ['in a struct', '"s":{"x":1,"y":2,"t":{"sku":"a","z":3}}', '{"s":{"t":{"z":3},"y":2}}'],
    ['in a list', '"l":[{"sku":"a"},{"sku":"b","z":3}]', '{"l":{"1":{"z":3}}}'],
    ['beside a dotted name', '"s.y":1,"s":{"x":1,"y":2,"t":{"sku":"a"}}', '{"s":{"y":2},"s.y":1}'],
    ['digits beyond a double', '"u":12345678901234567890.10', '{"u":12345678901234567890.10}'],
    ['digits that a double prints', '"u":0.30000000000000004', '{"u":0.30000000000000004}'],
    ['beyond the range of a double', '"u":1e400', '{"u":1e400}'],
    ['half a surrogate pair', '"u":"\\ud83d"', 'bad_text'],
    ['half a surrogate pair as name', '"\\ud83d":1', 'bad_text'],
    ['text that looks like half a surrogate pair', '"u":"\\\\ud83d"', '{"u":"\\\\ud83d"}'],
  ])('are kept in their shape: %s', (_, text, expected) => {
    expect(extra(text)).toBe(expected);
  });

  test('do not leak into the next record', () => {
    const contract = compileContract(streamOf({}));
    contract.read(Buffer.from(`{"u":1,${AT}}`));
    contract.read(Buffer.from(`{"u":1,"at":7}`));
    expect(contract.read(Buffer.from(`{${AT}}`))).toMatchObject({ json: `{${KEPT_AT},"_extra":null}` });
  });

  test.each([
    ['on top', '"u":1', 'u: no column has this name, got 1'],
    ['in a list of structs', '"l":[{"sku":"b","z":3}]', 'l[0].z: no column has this name, got 3'],
  ])('are refused where the stream says so: %s', (_, text, message) => {
    const result = read(columns, `{${text},${AT}}`, 'quarantine');
    expect(result).toEqual({ kind: 'refused', reason: 'unexpected_field', message });
  });

  test('are left out where the stream says so', () => {
    expect(read({}, `{"u":1,${AT}}`, 'ignore')).toMatchObject({ json: `{${KEPT_AT}}` });
  });
});

describe('records made to do harm', () => {
  const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;

  test.each<[string, PlanStream['extras'], string, string]>([
    ['kept', 'keep', deep(100_000), 'too_deep'],
    ['quarantined', 'quarantine', deep(100_000), 'too_deep'],
    ['kept, with digits to keep', 'keep', `{"n":12345678901234567890,"d":${deep(100_000)}}`, 'too_deep'],
    ['ignored, with digits to keep', 'ignore', `{"n":12345678901234567890,"d":${deep(100_000)}}`, 'too_deep'],
  ])('a field of 100,000 levels that would be %s is refused', (_, extras, value, reason) => {
    expect(read({}, `{"u":${value},${AT}}`, extras)).toMatchObject({ kind: 'refused', reason });
  });

  test('64 levels are kept', () => {
    expect(read({}, `{"u":${deep(64)},${AT}}`)).toMatchObject({ kind: 'ok' });
    expect(read({}, `{"u":${deep(65)},${AT}}`)).toMatchObject({ reason: 'too_deep' });
  });

  test('a record that escapes blow up beyond the limit is refused', () => {
    const controls = '\\u0001'.repeat(1_900_000);
    expect(read({ v: column.string() }, `{"v":"${controls}",${AT}}`)).toMatchObject({ kind: 'ok' });
    const raw = '\x7f'.repeat(12 * 1024 * 1024);
    expect(read({ v: column.string() }, `{"v":"${raw}",${AT}}`)).toMatchObject({ reason: 'too_large' });
    const quoted = '\\"'.repeat(5_000_000);
    expect(read({}, `{"v":"${quoted}",${AT}}`)).toMatchObject({ reason: 'too_large' });
  });

  test('megabytes of base64 and of text under an expression stop nothing', () => {
    const bytes = Buffer.alloc(7_000_000, 7).toString('base64');
    expect(read({ v: column.binary() }, `{"v":"${bytes}",${AT}}`)).toMatchObject({ kind: 'ok' });
    const pattern = column.string({ pattern: '(?:a|b|ab)*' });
    const result = read({ v: pattern }, `{"v":"${'ab'.repeat(4_000_000)}",${AT}}`);
    expect(['ok', 'refused']).toContain(result.kind);
  });

  test.each<[string, Record<string, Column>, string]>([
    ['a value cut between two halves of a character', { v: column.int() }, `"v":"${'x'.repeat(98)}😀😀"`],
    ['a value cut inside', { v: column.int() }, `"v":["${'x'.repeat(97)}😀😀"]`],
    ['a name cut between two halves', {}, `"${'x'.repeat(99)}😀":1`],
    ['a name that is half a character', { v: column.map(column.int()) }, '"v":{"\\ud83d":1}'],
    ['a name as long as the record', { v: column.map(column.int()) }, `"v":{"${'k'.repeat(100_000)}":"x"}`],
    [
      'a long list',
      { v: column.string({ oneOf: Array.from({ length: 500 }, (_, i) => `value ${i}`) }) },
      '"v":"x"',
    ],
  ])('a message is short and can be written as UTF-8: %s', (_, columns, field) => {
    const result = read(columns, `{${field},${AT}}`, 'quarantine');
    const message = result.kind === 'refused' ? result.message : '';
    expect(message).not.toBe('');
    expect(message.length).toBeLessThan(350);
    expect(Buffer.from(message).toString()).toBe(message);
  });
});
