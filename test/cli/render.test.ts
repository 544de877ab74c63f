import { describe, expect, test } from '@jest/globals';
import { explain } from '../../cli/exit.ts';
import { duration, number, render, size } from '../../cli/render.ts';
import { TidemarkError } from '../../src/errors.ts';

describe('a table for people', () => {
  const table = (columns: string[], ...rows: unknown[][]): string[] =>
    render({ columns, rows }, 'table').split('\n');

  test('puts numbers to the right, also those that come as text, and NULL among them', () => {
    expect(table(['n', 'text'], ['1', 'a'], ['-22.50', 'b'], [null, null])).toEqual([
      '     n  text',
      '──────  ────',
      '     1  a',
      '-22.50  b',
      '  NULL  NULL',
    ]);
  });

  test('without rows is its header', () => {
    expect(table(['a', 'long'])).toEqual(['a  long', '─  ────']);
  });

  test('cuts a long cell', () => {
    expect(table(['t'], ['x'.repeat(100)])[2]).toBe(`${'x'.repeat(59)}…`);
  });

  test('shows nested values as JSON, and tells NULL from an empty text', () => {
    expect(table(['v'], [{ a: [1, null] }], [''], [null]).slice(2)).toEqual(['{"a":[1,null]}', '', 'NULL']);
  });

  test('never lets data break a line or command the terminal', () => {
    const [cell] = table(['t'], ['a\nb\r\t\u001b[2J\u009b\u2028\u0000']).slice(2);
    expect(cell).toBe('a\\nb\\r\\t\\u001b[2J\\u009b\\u2028\\u0000');
  });
});

describe('CSV', () => {
  test('quotes what must be quoted, and ends lines as RFC 4180 says', () => {
    const rows = [
      ['a,b', 'say "x"', 'two\nlines'],
      [null, '', 1.5],
    ];
    expect(render({ columns: ['a', 'b"', 'c'], rows }, 'csv')).toBe(
      'a,"b""",c\r\n"a,b","say ""x""","two\nlines"\r\n,,1.5',
    );
  });
});

describe('JSON', () => {
  test('is an array of objects, with null for what is missing', () => {
    expect(JSON.parse(render({ columns: ['a', 'b'], rows: [[1], ['x', null]] }, 'json'))).toEqual([
      { a: 1, b: null },
      { a: 'x', b: null },
    ]);
  });

  test('keeps every column, whatever it is called', () => {
    expect(render({ columns: ['__proto__'], rows: [[1]] }, 'json')).toContain('"__proto__": 1');
  });
});

describe('numbers, durations, sizes', () => {
  test.each([
    [number(1_234_567.8), '1,234,568'],
    [duration(240.4), '240 ms'],
    [duration(3_200), '3.2 s'],
    [duration(240_000), '4 min'],
    [duration(7_200_000), '2 h'],
    [size(999), '999 B'],
    [size(12_300_000), '12.3 MB'],
    [size(1_500_000_000), '1.50 GB'],
  ])('%s', (actual, expected) => expect(actual).toBe(expected));
});

describe('an error at the end of a command', () => {
  const system = (code: string, more: object = {}): Error =>
    Object.assign(new Error(`${code}: words`), { code, ...more });

  test.each([
    ['invalid', 2],
    ['notFound', 3],
    ['refused', 4],
    ['conflict', 4],
    ['unavailable', 1],
    ['unknown', 1],
    ['corrupt', 1],
  ] as const)('of kind %s is code %i, with its remedy and without a stack', (kind, code) => {
    const told = explain(new TidemarkError(kind, 'what is wrong', { remedy: 'do this' }));
    expect(told).toEqual({ code, text: 'error: what is wrong\n  do this' });
  });

  test('of the system is a sentence, also behind another error', () => {
    expect(explain(system('EADDRINUSE', { port: 4567 }))).toMatchObject({
      code: 4,
      text: expect.stringContaining('port 4567 is in use') as unknown,
    });
    expect(explain(new Error('wrapped', { cause: system('ENOSPC') }))).toMatchObject({
      code: 1,
      text: expect.stringContaining('the disk is full') as unknown,
    });
    expect(explain(system('ENOENT', { path: '/x' }))).toEqual({
      code: 3,
      text: 'error: there is no file /x',
    });
  });

  test('of ours, a broken invariant, shows its stack for the report', () => {
    expect(explain(new TidemarkError('internal', 'impossible')).text).toContain('render.test.ts');
    expect(explain(new Error('impossible')).text).toContain('render.test.ts');
  });
});
