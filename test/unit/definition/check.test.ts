import { describe, expect, test } from '@jest/globals';
import { checkLakehouse } from '../../../src/definition/check.ts';
import { defineLakehouse, type Lakehouse } from '../../../src/definition/index.ts';
import type { Problem } from '../../../src/definition/problems.ts';
import { TidemarkError } from '../../../src/errors.ts';
import { shop, shopWith } from './definitions.ts';
import { PROBLEMS } from './problem-cases.ts';

function failure(lakehouse: unknown): TidemarkError {
  try {
    checkLakehouse(lakehouse as Lakehouse);
  } catch (error) {
    expect(error).toBeInstanceOf(TidemarkError);
    return error as TidemarkError;
  }
  throw new Error('no problem was found');
}

const lines = (error: TidemarkError): string[] => error.message.split('\n').slice(1);

test('a sound definition has no problem', () => {
  expect(() => checkLakehouse(defineLakehouse('shop', shop()))).not.toThrow();
});

describe('a wrong definition is told with path, value and remedy', () => {
  test.each(PROBLEMS)('%s', (_hazard, change, line) => {
    const error = failure(shopWith(change));
    expect(error.kind).toBe('invalid');
    expect(lines(error)).toContain(line);
  });
});

test('all problems are told at once, each once, also as data', () => {
  const error = failure(
    shopWith((d) => {
      d.realtime!.orders!.from = 'nothing';
      d.streams!.rates!.shards = 0;
      d.alerts!.large!.from = 'nothing';
    }),
  );
  expect(error.message.split('\n')[0]).toBe('the lakehouse "shop" has 3 problems');
  expect(lines(error)).toHaveLength(3);
  const problems = error.context.problems as Problem[];
  expect(problems.map((p) => [p.path, p.value])).toEqual([
    ['streams.rates.shards', 0],
    ['realtime.orders.from', 'nothing'],
    ['alerts.large.from', 'nothing'],
  ]);
});

test.each([
  [undefined, 'lakehouse: nothing is not an object; write an object'],
  [42, 'lakehouse: 42 is not an object; write an object'],
  [{}, 'streams: nothing is not an object of names; write an object of names'],
  [
    { name: 'x', streams: [], realtime: {} },
    'streams: [] is not an object of names; write an object of names',
  ],
  [{ name: 'x', streams: {}, realtime: {} }, 'streams: is empty; add a stream'],
  [
    { name: 'My Lake', streams: {}, realtime: {} },
    'name: "My Lake" is not a name; use lower-case letters, digits and _, beginning with a letter, such as "my_lake"',
  ],
])('%j is no definition', (value, line) => {
  expect(lines(failure(value))).toContain(line);
});

test('names of Object.prototype are names like others', () => {
  const error = failure(shopWith((d) => (d.realtime!.orders!.from = 'constructor')));
  expect(lines(error)[0]).toContain('no stream named "constructor"');
});
