import { describe, expect, test } from '@jest/globals';
import { checkLakehouse } from '../../../src/definition/check.ts';
import { column, defineLakehouse, sql } from '../../../src/definition/index.ts';
import { renamesOf } from '../../../src/definition/renames.ts';
import { shop, type Change } from './shop.ts';

const optional = { optional: true } as const;

/** The lines of what is wrong with the changed shop. */
function problems(change: Change): string[] {
  const definition = shop();
  change(definition);
  try {
    checkLakehouse(defineLakehouse('shop', definition));
    return [];
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return error.message.split('\n').slice(1);
  }
}

const inStream =
  (columns: Record<string, ReturnType<typeof column.string>>): Change =>
  (s) =>
    void Object.assign(s.streams.orders!.columns, columns);

describe('earlier names', () => {
  test.each<[string, Change]>([
    ['of a column', inStream({ city: column.string({ ...optional, renamedFrom: 'town' }) })],
    ['of a column with rules', inStream({ n: column.int({ min: 1, renamedFrom: 'm' }) })],
    ['of derived columns', (s) => void (s.realtime.orders!.renamedColumns = { large: 'big' })],
    ['of a measure', (s) => void (s.gold!.by_size!.renamedColumns = { orders: 'n' })],
    ['of a Silver table', (s) => void (s.silver!.latest!.renamedFrom = 'newest')],
    ['of columns of a Silver table', (s) => void (s.silver!.latest!.renamedColumns = { large: 'big' })],
    ['of columns of groups', (s) => void (s.silver!.facts!.renamedColumns = { note: 'remark' })],
  ])('are sound: %s', (_, change) => {
    expect(problems(change)).toEqual([]);
  });

  test.each<[string, Change]>([
    [
      'streams.orders.columns.city.renamedFrom: there still is a column named "note"; leave one of them out: a column of that name would be another',
      inStream({ city: column.string({ ...optional, renamedFrom: 'note' }) }),
    ],
    [
      'streams.orders.columns.city.renamedFrom: "city" is the name it has; leave the setting out',
      inStream({ city: column.string({ ...optional, renamedFrom: 'city' }) }),
    ],
    [
      'streams.orders.columns.city.renamedFrom: "My Town" is not a name; write the column\'s earlier name',
      inStream({ city: column.string({ ...optional, renamedFrom: 'My Town' }) }),
    ],
    [
      'streams.orders.columns.there.renamedFrom: "here" is renamed from "town" too; name one of them only: the values can go to one',
      inStream({
        here: column.string({ ...optional, renamedFrom: 'town' }),
        there: column.string({ ...optional, renamedFrom: 'town' }),
      }),
    ],
    [
      'streams.orders.columns.spots.at.renamedFrom: a field inside a struct cannot be renamed; add a field of the new name beside it, or rename the whole column',
      inStream({ spots: column.list(column.struct({ at: column.int({ renamedFrom: 'where' }) }), optional) }),
    ],
    [
      'realtime.orders.renamedColumns.huge: no column named "huge"; write one of "note", "buyer", "large", "at", "price", "amount", "order_id"',
      (s) => void (s.realtime.orders!.renamedColumns = { huge: 'large' }),
    ],
    [
      'silver.facts.renamedColumns.large: no column named "large"; write one of "price", "note", "amount", "order_id"',
      (s) => void (s.silver!.facts!.renamedColumns = { large: 'big' }),
    ],
    [
      'silver.latest.renamedFrom: there still is a Silver table named "facts"; leave one of them out: a Silver table of that name would be another',
      (s) => void (s.silver!.latest!.renamedFrom = 'facts'),
    ],
    [
      'gold.by_size.renamedColumns.orders: there still is a column named "amount"; leave one of them out: a column of that name would be another',
      (s) => void (s.gold!.by_size!.renamedColumns = { orders: 'amount' }),
    ],
  ])('are told where they cannot be: %s', (line, change) => {
    expect(problems(change)).toContain(line);
  });

  test('are gathered from the whole definition', () => {
    const definition = shop();
    expect(renamesOf(defineLakehouse('shop', definition))).toBeUndefined();
    definition.realtime.orders!.renamedColumns = { large: 'big' };
    definition.silver!.latest!.renamedFrom = 'newest';
    definition.gold!.by_size!.measures.most = sql`max(amount)`;
    definition.gold!.by_size!.renamedColumns = { most: 'highest' };
    expect(renamesOf(defineLakehouse('shop', definition))).toEqual({
      silver: { latest: 'newest' },
      columns: { 'realtime.orders': { large: 'big' }, 'gold.by_size': { most: 'highest' } },
    });
  });
});
