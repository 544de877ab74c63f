import { describe, expect, test } from '@jest/globals';
import { itemBytes } from '../../src/adapters/aws/dynamo-item.ts';
import { intentItem, intentOf, intentPk } from '../../src/adapters/aws/ledger-items.ts';
import { tablesOfStreamEvent } from '../../src/adapters/aws/ledger-stream.ts';
import type { Intent, StagedFile } from '../../src/ports/ledger.ts';
import { seeded } from '../local/support/random.ts';

const TABLE = { database: 'lake_realtime', table: 'orders' };
const REF = { stream: 'Orders.v2', shard: 'shardId-000000000000' };

/** Statistics of a table of so many columns, with bounds that do not compress. */
function file(columns: number): StagedFile {
  const next = seeded(1);
  const of = <T>(make: () => T): Record<number, T> =>
    Object.fromEntries(Array.from({ length: columns }, (_, i) => [i + 1, make()]));
  const bound = (): string =>
    Buffer.from(Array.from({ length: 16 }, () => Math.floor(next() * 256))).toString('base64');
  return {
    uri: 's3://lake/_staged/x.parquet',
    schemaId: 3,
    recordCount: 10_000,
    fileSizeBytes: 123_456,
    columnSizes: of(() => Math.floor(next() * 1e6)),
    valueCounts: of(() => 10_000),
    nullCounts: of(() => 0),
    nanCounts: {},
    lowerBounds: of(bound),
    upperBounds: of(bound),
    splitOffsets: [4],
  };
}

function intent(columns?: number): Intent {
  return {
    ...REF,
    table: TABLE,
    after: '0',
    first: '1',
    last: '2',
    claimId: 'c',
    planVersion: 4,
    counts: { received: 10, written: 7, filtered: 2, quarantined: 1 },
    arrivedFrom: 1.5,
    arrivedTo: 2,
    claimedAt: 3,
    ...(columns === undefined ? {} : { eventFrom: -5, eventTo: 9, file: file(columns) }),
  };
}

describe('an intent as an item', () => {
  test.each([undefined, 1, 12, 1000])('comes back as it was, with a file of %p columns', (columns) => {
    expect(intentOf(TABLE, REF, intentItem(intent(columns), undefined))).toEqual(intent(columns));
  });

  test('is small: a claim pays for each kilobyte twice', () => {
    expect(itemBytes(intentItem(intent(12), undefined))).toBeLessThan(2048);
    expect(itemBytes(intentItem(intent(1000), undefined))).toBeLessThan(100 * 1024);
  });

  test('that does not fit is refused with the limit, before anything is stored', () => {
    const tooWide = (): unknown => intentItem(intent(20_000), undefined);
    expect(tooWide).toThrow('the statistics of a file of lake_realtime.orders are too large');
  });

  test('expires only when asked', () => {
    expect(intentItem(intent(), undefined)).not.toHaveProperty('expires');
    expect(intentItem(intent(), 1_700_000_000)).toHaveProperty('expires', { N: '1700000000' });
  });
});

test('a stream event tells each table that has new intents once, and nothing else', () => {
  const record = (pk: string, eventName = 'INSERT') => ({ eventName, dynamodb: { Keys: { pk: { S: pk } } } });
  const other = { database: 'lake_ops', table: 'quarantine' };
  const event = {
    Records: [
      record(intentPk(TABLE, REF)),
      record(intentPk(TABLE, { ...REF, shard: 'shardId-000000000001' })),
      record(intentPk(other, REF)),
      record(intentPk({ ...other, table: 'gone' }, REF), 'REMOVE'),
      record('shard#Orders.v2#shardId-000000000000'),
      record('table#lake_realtime.orders'),
      {},
    ],
  };
  expect(tablesOfStreamEvent(event)).toEqual([TABLE, other]);
});
