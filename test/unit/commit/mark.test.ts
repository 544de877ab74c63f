import { describe, expect, test } from '@jest/globals';
import { advance, EMPTY_MARK, positionIn, type Mark } from '../../../src/commit/mark.ts';
import { dataFile, stagedDataFile } from '../../../src/commit/files.ts';
import { BIRTH, type StagedFile } from '../../../src/ports/ledger.ts';

const at = (n: number): string => String(n).padStart(56, '0');

describe('a mark', () => {
  const mark: Mark = { ...EMPTY_MARK, positions: { s: { a: at(5), b: at(7) } } };

  test('contains nothing of a shard or source that it does not name', () => {
    expect(positionIn(mark, 's', 'c')).toBe(BIRTH);
    expect(positionIn(mark, 't', 'a')).toBe(BIRTH);
    expect(positionIn(EMPTY_MARK, 's', 'a')).toBe(BIRTH);
  });

  test('moves forward and never back, shard by shard', () => {
    expect(advance(mark, 's', { a: at(4), b: at(9), c: at(1) }).positions).toEqual({
      s: { a: at(5), b: at(9), c: at(1) },
    });
  });

  test('is not changed by being advanced', () => {
    const before = JSON.stringify(mark);
    advance(mark, 's', { a: at(100) });
    advance(mark, 't', { a: at(100) });
    expect(JSON.stringify(mark)).toBe(before);
    expect(EMPTY_MARK.positions).toEqual({});
  });

  test('keeps sources apart, whatever their shards are called', () => {
    const both = advance(mark, 't', { a: at(1) });
    expect([positionIn(both, 's', 'a'), positionIn(both, 't', 'a')]).toEqual([at(5), at(1)]);
  });

  test('a birth position is no move', () => {
    expect(advance(EMPTY_MARK, 's', { a: BIRTH }).positions).toEqual({ s: {} });
  });
});

describe('a staged file as a data file', () => {
  const staged: StagedFile = {
    uri: 'file:///a.parquet',
    schemaId: 3,
    recordCount: 2,
    fileSizeBytes: 9,
    columnSizes: { 1: 4 },
    valueCounts: { 1: 2, 12: 2 },
    nullCounts: { 1: 0 },
    nanCounts: {},
    lowerBounds: { 1: Buffer.from([0, 255]).toString('base64') },
    upperBounds: {},
    splitOffsets: [4],
  };

  test('has the same statistics, by field id', () => {
    const file = stagedDataFile(staged);
    expect(file).toMatchObject({
      path: staged.uri,
      content: 0,
      recordCount: 2,
      fileSizeInBytes: 9,
      partition: {},
      specId: 0,
    });
    expect([...file.valueCounts!.keys()]).toEqual([1, 12]);
    expect([...file.lowerBounds!.get(1)!]).toEqual([0, 255]);
    expect(file.upperBounds!.size).toBe(0);
  });

  test('may be a file of deletes', () => {
    expect(dataFile('file:///d.parquet', staged, 1).content).toBe(1);
  });
});
