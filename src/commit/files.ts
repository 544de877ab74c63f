import type { DataFile } from '../iceberg/index.ts';
import type { FileStats, StagedFile } from '../ports/ledger.ts';

const numbers = (counts: Record<number, number>): Map<number, number> =>
  new Map(Object.entries(counts).map(([id, count]) => [Number(id), count]));
const bounds = (encoded: Record<number, string>): Map<number, Uint8Array> =>
  new Map(
    Object.entries(encoded).map(([id, bytes]) => [Number(id), new Uint8Array(Buffer.from(bytes, 'base64'))]),
  );

/** A Parquet file's statistics as an Iceberg data file of an unpartitioned table. */
export function dataFile(path: string, stats: FileStats, content: 0 | 1 = 0): DataFile {
  return {
    content,
    path,
    format: 'PARQUET',
    partition: {},
    specId: 0,
    recordCount: stats.recordCount,
    fileSizeInBytes: stats.fileSizeBytes,
    columnSizes: numbers(stats.columnSizes),
    valueCounts: numbers(stats.valueCounts),
    nullCounts: numbers(stats.nullCounts),
    nanCounts: numbers(stats.nanCounts),
    lowerBounds: bounds(stats.lowerBounds),
    upperBounds: bounds(stats.upperBounds),
    splitOffsets: stats.splitOffsets,
  };
}

export function stagedDataFile(file: StagedFile): DataFile {
  return dataFile(file.uri, file);
}
