import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  changedFiles,
  commitMetadata,
  commitSnapshot,
  compilePredicate,
  Content,
  currentSnapshot,
  DELETE_FILE_PATH_ID,
  EntryStatus,
  encodeValue,
  planScan,
  serialiseMetadata,
} from '../../../src/iceberg/index.ts';
import type { DataFile, Predicate, Schema, Table } from '../../../src/iceberg/index.ts';
import { DeleteIndex } from '../../../src/iceberg/delete-index.ts';
import { change, commit, dataFile, deleteFile, newTable } from './fixtures.ts';
import { memoryIo } from './memory.ts';

const without = (file: DataFile, ...keys: (keyof DataFile)[]): DataFile =>
  Object.fromEntries(
    Object.entries(file).filter(([key]) => !keys.includes(key as keyof DataFile)),
  ) as unknown as DataFile;
const headOf = (table: Table): bigint => currentSnapshot(table.metadata)!['snapshot-id'];

describe('position deletes', () => {
  const looseDelete = (path: string, first: string, last: string): DataFile => {
    return {
      ...without(deleteFile('', path), 'referencedDataFile'),
      lowerBounds: new Map([[DELETE_FILE_PATH_ID, Buffer.from(first)]]),
      upperBounds: new Map([[DELETE_FILE_PATH_ID, Buffer.from(last)]]),
    };
  };

  it('concern files of the same commit and older ones, never younger ones', async () => {
    const io = memoryIo();
    let table = await newTable(io);
    table = await commit(io, table, { addedData: [dataFile('a')] });
    table = await commit(io, table, {
      operation: 'overwrite',
      addedData: [dataFile('b')],
      addedDeletes: [looseDelete('d', 'a', 'z')],
    });
    table = await commit(io, table, { addedData: [dataFile('c')] });
    const plan = await planScan(io, table);
    expect(plan.files.map(({ file, deletes }) => [file.path, deletes.map((d) => d.path)])).toEqual([
      ['a', ['d']],
      ['b', ['d']],
      ['c', []],
    ]);
  });

  it('are ruled out by path bounds, and found by the one path they name', async () => {
    const io = memoryIo();
    let table = await newTable(io);
    table = await commit(io, table, { addedData: ['a', 'b', 'c', 'd'].map((path) => dataFile(path)) });
    const addedDeletes = [
      looseDelete('ab', 'a', 'b'),
      looseDelete('only-c', 'c', 'c'),
      deleteFile('d', 'ref-d'),
    ];
    table = await commit(io, table, { operation: 'delete', addedDeletes });
    const plan = await planScan(io, table);
    expect(plan.files.map(({ deletes }) => deletes.map((d) => d.path))).toEqual([
      ['ab'],
      ['ab'],
      ['only-c'],
      ['ref-d'],
    ]);
  });

  it('that go by values are refused, not ignored', () => {
    const file: DataFile = { ...deleteFile('a'), content: Content.equalityDeletes, equalityIds: [1] };
    const entry = {
      status: EntryStatus.added,
      snapshotId: 1n,
      sequenceNumber: 1n,
      fileSequenceNumber: 1n,
      file,
    };
    expect(() => new DeleteIndex().addAll([entry])).toThrow('equality deletes');
  });
});

describe('time travel', () => {
  it('reads a snapshot by id, by time, by branch and by tag', async () => {
    const io = memoryIo();
    let table = await newTable(io);
    expect((await planScan(io, table)).files).toEqual([]);
    table = await commit(io, table, { addedData: [dataFile('a')] });
    const first = headOf(table);
    const firstAt = io.clock.ms;
    io.clock.ms += 1000;
    table = await commit(io, table, { addedData: [dataFile('b')] });
    const tagged = {
      ...table,
      metadata: {
        ...table.metadata,
        refs: { ...table.metadata.refs, v1: { 'snapshot-id': first, type: 'tag' as const } },
      },
    };
    const count = async (options: Parameters<typeof planScan>[2]): Promise<number> =>
      (await planScan(io, tagged, options)).files.length;
    expect(await count({ snapshotId: first })).toBe(1);
    expect(await count({ asOfMs: firstAt })).toBe(1);
    expect(await count({ asOfMs: firstAt + 1000 })).toBe(2);
    expect(await count({ ref: 'v1' })).toBe(1);
    expect(await count({ ref: 'main' })).toBe(2);
    for (const options of [{ snapshotId: 5n }, { asOfMs: firstAt - 1 }, { ref: 'v2' }]) {
      await expect(planScan(io, tagged, options)).rejects.toMatchObject({ kind: 'notFound' });
    }
    await expect(planScan(io, tagged, { ref: 'v1', asOfMs: 1 })).rejects.toMatchObject({ kind: 'invalid' });
  });
});

describe('files that a filter rules out', () => {
  it('are not planned, and counted', async () => {
    const io = memoryIo();
    let table = await newTable(io);
    table = await commit(io, table, { addedData: [dataFile('a', 0, 9), dataFile('b', 10, 19)] });
    const plan = await planScan(io, table, { where: { column: 'id', op: '>=', value: 10 } });
    expect(plan.files.map(({ file }) => file.path)).toEqual(['b']);
    expect(plan.skipped).toEqual({ manifests: 0, files: 1 });
    const where: Predicate = { column: 'nope', op: '=', value: 1 };
    await expect(planScan(io, table, { where })).rejects.toMatchObject({ kind: 'invalid' });
  });

  const schema: Schema = {
    type: 'struct',
    'schema-id': 0,
    fields: [
      { id: 1, name: 'x', required: false, type: 'double' },
      { id: 2, name: 's', required: false, type: 'string' },
    ],
  };
  type Row = number | null;

  function fileOf(rows: Row[]): DataFile {
    const values = rows.filter((row): row is number => row !== null && !Number.isNaN(row));
    const bounds = (value: number): Map<number, Uint8Array> =>
      new Map(values.length === 0 ? [] : [[1, encodeValue('double', value)]]);
    return {
      ...dataFile('f'),
      valueCounts: new Map([[1, rows.length]]),
      nullCounts: new Map([[1, rows.filter((row) => row === null).length]]),
      nanCounts: new Map([[1, rows.filter((row) => Number.isNaN(row)).length]]),
      lowerBounds: bounds(Math.min(...values)),
      upperBounds: bounds(Math.max(...values)),
    };
  }

  // NaN as DuckDB has it: equal to itself and above everything.
  const rank = (value: number): number => (Number.isNaN(value) ? Infinity : value);
  const less = (a: number, b: number): boolean =>
    Number.isNaN(a) ? false : Number.isNaN(b) ? true : rank(a) < rank(b);
  function matches(predicate: Predicate, row: Row): boolean | undefined {
    if ('and' in predicate) {
      const parts = predicate.and.map((part) => matches(part, row));
      return parts.includes(false) ? false : parts.includes(undefined) ? undefined : true;
    }
    if ('or' in predicate) {
      const parts = predicate.or.map((part) => matches(part, row));
      return parts.includes(true) ? true : parts.includes(undefined) ? undefined : false;
    }
    if ('not' in predicate) {
      const inner = matches(predicate.not, row);
      return inner === undefined ? undefined : !inner;
    }
    if (!('value' in predicate)) return (predicate.op === 'isNull') === (row === null);
    if (row === null) return undefined;
    const equal = (value: number): boolean => !less(row, value) && !less(value, row);
    if (predicate.op === 'in') return predicate.value.some((value) => equal(value as number));
    const value = predicate.value as number;
    switch (predicate.op) {
      case '=':
        return equal(value);
      case '<':
        return less(row, value);
      case '<=':
        return !less(value, row);
      case '>':
        return less(value, row);
      case '>=':
        return !less(row, value);
    }
  }

  const number = fc.constantFrom(-2, -1, -0, 0, 1, 2, 3, NaN);
  const leaf: fc.Arbitrary<Predicate> = fc.oneof(
    fc.record({ column: fc.constant('x'), op: fc.constantFrom('=', '<', '<=', '>', '>='), value: number }),
    fc.record({
      column: fc.constant('x'),
      op: fc.constant('in' as const),
      value: fc.array(number, { maxLength: 3 }),
    }),
    fc.record({ column: fc.constant('x'), op: fc.constantFrom('isNull', 'notNull') }),
  );
  const { tree } = fc.letrec<{ tree: Predicate }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 3 },
      leaf,
      fc.record({ and: fc.array(tie('tree'), { maxLength: 3 }) }),
      fc.record({ or: fc.array(tie('tree'), { maxLength: 3 }) }),
      fc.record({ not: tie('tree') }),
    ),
  }));

  it('never hold a row that matches, with nulls, NaN and signed zeros', () => {
    fc.assert(
      fc.property(tree, fc.array(fc.option(number), { minLength: 1, maxLength: 4 }), (predicate, rows) => {
        const might = compilePredicate(predicate, schema)(fileOf(rows));
        if (rows.some((row) => matches(predicate, row) === true)) expect(might).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  it('are kept when statistics are missing', () => {
    const bare = without(fileOf([1]), 'valueCounts', 'nullCounts', 'lowerBounds', 'upperBounds');
    for (const op of ['=', '<', '>', 'isNull', 'notNull'] as const) {
      const predicate: Predicate =
        op === 'isNull' || op === 'notNull' ? { column: 's', op } : { column: 's', op, value: 'q' };
      expect(compilePredicate(predicate, schema)(bare)).toBe(true);
      expect(compilePredicate({ not: predicate }, schema)(bare)).toBe(true);
    }
  });

  it('are not looked for with a value of another type', () => {
    expect(() => compilePredicate({ column: 's', op: '=', value: 1 }, schema)).toThrow(
      'compares s (string) with a number',
    );
    expect(() => compilePredicate({ column: 'x', op: '=', value: 1n }, schema)).toThrow(
      'compares x (double) with a bigint',
    );
  });
});

describe('what changed between two snapshots', () => {
  it('is the net difference, and undecidable when the history is not proven', async () => {
    const io = memoryIo();
    let table = await newTable(io);
    table = await commit(io, table, { addedData: [dataFile('a'), dataFile('b')] });
    const from = headOf(table);
    const base = table;
    table = await commit(io, table, {
      operation: 'overwrite',
      addedData: [dataFile('c')],
      addedDeletes: [deleteFile('b', 'd')],
    });
    table = await commit(io, table, {
      operation: 'overwrite',
      addedData: [dataFile('e')],
      removedData: ['a', 'c'],
    });
    const diff = await changedFiles(io, table, from, headOf(table));
    if (diff === 'undecidable') throw new Error(diff);
    const names = (list: { file: DataFile }[]): string[] => list.map(({ file }) => file.path);
    expect(names(diff.addedData)).toEqual(['e']);
    expect(names(diff.removedData)).toEqual(['a']);
    expect(names(diff.addedDeletes)).toEqual(['d']);
    expect(diff.addedData[0]).toMatchObject({ sequenceNumber: 3n });
    const all = await changedFiles(io, table, undefined, headOf(table));
    expect(all !== 'undecidable' && names(all.addedData)).toEqual(['b', 'e']);
    expect(await changedFiles(io, table, 99n, headOf(table))).toBe('undecidable');
    await expect(changedFiles(io, table, from, 99n)).rejects.toMatchObject({ kind: 'notFound' });
    // A rollback and another commit: the old head is no ancestor any more.
    const abandoned = headOf(table);
    const location = 'mem://lake/events/metadata/00009-rollback.metadata.json';
    const rolledBack = { ...table.metadata, 'current-snapshot-id': from, refs: base.metadata.refs };
    await io.store.put(location, serialiseMetadata(rolledBack));
    io.catalog.overwrite(table.name, location);
    const now = { ...table, entry: (await io.catalog.load(table.name))!, metadata: rolledBack };
    table = await commit(io, now, { addedData: [dataFile('f')] });
    expect(await changedFiles(io, table, abandoned, headOf(table))).toBe('undecidable');
  });

  it('survives metadata-only commits between', async () => {
    const io = memoryIo();
    let table = await newTable(io);
    table = await commit(io, table, { addedData: [dataFile('a')] });
    const from = headOf(table);
    const outcome = await commitMetadata(io, table, { setProperties: { a: '1' } });
    if (outcome.kind !== 'committed') throw new Error(outcome.kind);
    const next = await commitSnapshot(io, outcome.table, () => change({ addedData: [dataFile('b')] }));
    if (next.kind !== 'committed') throw new Error(next.kind);
    const diff = await changedFiles(io, next.table, from, headOf(next.table));
    expect(diff !== 'undecidable' && diff.addedData.length).toBe(1);
  });
});
