import { commitSnapshot, Content, createTable, encodeValue } from '../../../src/iceberg/index.ts';
import type {
  CommitOptions,
  DataFile,
  FieldDraft,
  SnapshotChange,
  Table,
  TableIo,
} from '../../../src/iceberg/index.ts';

export const NAME = { database: 'lake', table: 'events' };
export const COLUMNS: FieldDraft[] = [
  { name: 'id', required: true, type: 'long' },
  { name: 'name', required: false, type: 'string' },
  { name: 'amount', required: false, type: 'double' },
];

export function newTable(io: TableIo, properties: Record<string, string> = {}): Promise<Table> {
  return createTable(io, NAME, { location: 'mem://lake/events', schema: COLUMNS, properties });
}

let counter = 0;

/** A data file of ids from `low` to `high`. */
export function dataFile(path = `mem://lake/events/data/${counter++}.parquet`, low = 0, high = 9): DataFile {
  const rows = high - low + 1;
  return {
    content: Content.data,
    path,
    format: 'PARQUET',
    specId: 0,
    partition: {},
    recordCount: rows,
    fileSizeInBytes: 1000 + rows,
    columnSizes: new Map([
      [1, 80],
      [2, 120],
      [3, 90],
    ]),
    valueCounts: new Map([
      [1, rows],
      [2, rows],
      [3, rows],
    ]),
    nullCounts: new Map([
      [1, 0],
      [2, 1],
      [3, 0],
    ]),
    nanCounts: new Map([[3, 0]]),
    lowerBounds: new Map([
      [1, encodeValue('long', BigInt(low))],
      [2, encodeValue('string', 'a')],
      [3, encodeValue('double', 0)],
    ]),
    upperBounds: new Map([
      [1, encodeValue('long', BigInt(high))],
      [2, encodeValue('string', 'z')],
      [3, encodeValue('double', 1)],
    ]),
    splitOffsets: [4],
  };
}

/** A position delete file that names one data file. */
export function deleteFile(
  target: string,
  path = `mem://lake/events/data/${counter++}-deletes.parquet`,
): DataFile {
  return {
    content: Content.positionDeletes,
    path,
    format: 'PARQUET',
    specId: 0,
    partition: {},
    recordCount: 1,
    fileSizeInBytes: 500,
    referencedDataFile: target,
  };
}

export function change(part: Partial<SnapshotChange>): SnapshotChange {
  return {
    operation: 'append',
    addedData: [],
    addedDeletes: [],
    removedData: [],
    removedDeletes: [],
    summary: {},
    ...part,
  };
}

/** Commits and expects success. */
export async function commit(
  io: TableIo,
  base: Table,
  part: Partial<SnapshotChange>,
  options: CommitOptions = {},
): Promise<Table> {
  const outcome = await commitSnapshot(io, base, () => change(part), options);
  if (outcome.kind !== 'committed') throw new Error(`not committed: ${outcome.kind}`);
  return outcome.table;
}
