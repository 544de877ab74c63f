import type { Schema, ScanFile } from '../iceberg/index.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import { readWithDeletesSql } from './parquet-read.ts';

/** Files made readable at the same time; in the cloud each is a download. */
const PARALLEL_FILES = 16;

export interface TableSqlOptions {
  /** @default the scan's files */
  files?: readonly ScanFile[];
  /** Adds `_file` (the data file's URI) and `_pos` (BIGINT, the row's place in it). @default false */
  positions?: boolean;
  /** Names of the columns to read. @default all */
  columns?: readonly string[];
}

async function readablePaths(store: ObjectStore, uris: readonly string[]): Promise<Map<string, string>> {
  const paths = new Map<string, string>();
  const wanted = [...new Set(uris)];
  for (let start = 0; start < wanted.length; start += PARALLEL_FILES) {
    const batch = wanted.slice(start, start + PARALLEL_FILES);
    const read = await Promise.all(batch.map((uri) => store.readable(uri)));
    batch.forEach((uri, index) => paths.set(uri, read[index]!));
  }
  return paths;
}

/**
 * A SELECT in DuckDB's SQL over the live rows of a scan: columns by field id, without the rows that position deletes
 * name. Files without deletes are read plainly. Without files it has the same columns and types, and no rows.
 *
 * @throws kind `notFound` when a file of the scan is gone
 * @example await tableSql(io.store, await planScan(io, table), { positions: true })
 */
export async function tableSql(
  store: ObjectStore,
  scan: { schema: Schema; files?: readonly ScanFile[] },
  options: TableSqlOptions = {},
): Promise<string> {
  const files = options.files ?? scan.files ?? [];
  const uris = files.flatMap(({ file, deletes }) => [file.path, ...deletes.map((d) => d.path)]);
  const paths = await readablePaths(store, uris);
  const read = files.map(({ file, deletes }) => ({
    uri: file.path,
    path: paths.get(file.path)!,
    deletes: deletes.map((d) => paths.get(d.path)!),
  }));
  return readWithDeletesSql(read, {
    schema: scan.schema,
    ...(options.columns === undefined ? {} : { columns: options.columns }),
    ...(options.positions === undefined ? {} : { positions: options.positions }),
  });
}
