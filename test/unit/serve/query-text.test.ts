import { describe, expect, test } from '@jest/globals';
import { pointAt } from '../../../src/serve/query-error.ts';
import { dottedName, tokenize } from '../../../src/serve/query-tokens.ts';
import { resultType } from '../../../src/serve/result-type.ts';
import { applyEdits } from '../../../src/serve/text-edit.ts';
import { travelClauses, withoutTravel } from '../../../src/serve/time-travel.ts';

describe('tokens', () => {
  test.each([
    ["'it''s' x", ["'it''s'", 'x']],
    [String.raw`E'a\'b' x`, [String.raw`E'a\'b'`, 'x']],
    ["U&'a' X'00' x", ["U&'a'", "X'00'", 'x']],
    ['$$a $1 b$$ $t$ $$ $t$ x', ['$$a $1 b$$', '$t$ $$ $t$', 'x']],
    ['"a ""b""" . c', ['"a ""b"""', '.', 'c']],
    ['a--b\nc', ['a', 'c']],
    ['a/* b /* c */ d */e', ['a', 'e']],
    ['a /* open', ['a']],
    ["'open", ["'open"]],
    ['1.5e3+.5 größe', ['1.5e3', '+', '.5', 'größe']],
  ])('%s', (sql, expected) => {
    expect(tokenize(sql).map((t) => t.text)).toEqual(expected);
  });

  test('a dotted name ends where the name ends', () => {
    const tokens = tokenize('db . "t$x" AS y');
    expect(dottedName(tokens, 0)).toEqual({ parts: ['db', 't$x'], next: 3 });
    expect(dottedName(tokenize("'x'"), 0)).toBeUndefined();
  });
});

describe('time travel clauses', () => {
  test.each([
    ['t FOR VERSION AS OF 123 AS x', ['123']],
    ['t FOR VERSION AS OF 123 x', ['123']],
    [`t FOR TIMESTAMP AS OF TIMESTAMP '2013-01-01 UTC' x`, [`TIMESTAMP '2013-01-01 UTC'`]],
    [
      `t FOR TIMESTAMP AS OF current_timestamp - INTERVAL '1' DAY WHERE x`,
      [`current_timestamp - INTERVAL '1' DAY`],
    ],
    ['t FOR TIMESTAMP AS OF (f(1) + (2)) JOIN u FOR SYSTEM_VERSION AS OF 4 ON a', ['(f(1) + (2))', '4']],
    [
      `t FOR TIMESTAMP AS OF from_iso8601_timestamp('x') AT TIME ZONE 'UTC' y`,
      [`from_iso8601_timestamp('x') AT TIME ZONE 'UTC'`],
    ],
    [`'FOR VERSION AS OF 1' "FOR VERSION AS OF 2" /* FOR VERSION AS OF 3 */ -- FOR VERSION AS OF 4`, []],
    [`substring(a FROM 1 FOR 2)`, []],
    ['t FOR VERSION AS OF', []],
  ])('%s', (sql, expected) => {
    const clauses = travelClauses(sql, tokenize(sql));
    expect(clauses.map((c) => c.value)).toEqual(expected);
    const plain = withoutTravel(sql, clauses);
    expect(plain).toHaveLength(sql.length);
    expect(travelClauses(plain, tokenize(plain))).toEqual([]);
  });
});

test('an edited text knows where each place was', () => {
  const edited = applyEdits('SELECT f(a) FROM t WHERE x', [
    { start: 7, end: 7, text: 'athena.' },
    { start: 17, end: 18, text: 'temp.main."t#1" AS "t"' },
  ]);
  expect(edited.text).toBe('SELECT athena.f(a) FROM temp.main."t#1" AS "t" WHERE x');
  expect(edited.original(edited.text.indexOf('f(a)'))).toBe(7);
  expect(edited.original(edited.text.indexOf('main'))).toBe(17);
  expect(edited.original(edited.text.indexOf('WHERE'))).toBe(19);
  expect(edited.original(0)).toBe(0);
});

test('a caret stands under its place, in long lines too', () => {
  expect(pointAt('a\nbc d', 5)).toBe('\nLINE 2: bc d\n           ^');
  const [, line, caret] = pointAt(`${'x'.repeat(300)}!${'y'.repeat(300)}`, 300).split('\n');
  expect(line![caret!.length - 1]).toBe('!');
});

test.each([
  ['BIGINT', 'bigint'],
  ['DECIMAL(9,2)', 'decimal(9,2)'],
  ['TIMESTAMP WITH TIME ZONE', 'timestamp(3) with time zone'],
  ['INTEGER[][]', 'array(array(integer))'],
  ['MAP(VARCHAR, DECIMAL(9,2)[])', 'map(varchar,array(decimal(9,2)))'],
  ['STRUCT("a, b" VARCHAR, c STRUCT(d DOUBLE)[])', 'row("a, b" varchar, c array(row(d double)))'],
])('%s is %s', (duckdb, athena) => {
  expect(resultType(duckdb)).toBe(athena);
});
