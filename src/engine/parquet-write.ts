import { TidemarkError } from '../errors.ts';
import type { Row } from '../ports/effects.ts';
import type { FileStats } from '../ports/ledger.ts';
import type { StructType } from '../iceberg/types.ts';
import { duckdbTypeOf } from './iceberg-schema.ts';
import { fieldIdsSql, parquetLeaves } from './parquet-fields.ts';
import type { ParquetLeaf } from './parquet-fields.ts';
import { fileStats } from './parquet-stats.ts';
import { ident, literal } from './sql-text.ts';

/** What this module needs of an engine session. */
export interface SqlSession {
  run(sql: string): Promise<void>;
  rows(sql: string): Promise<Row[]>;
}

export interface ParquetWrite {
  /** A SELECT that yields at least the schema's columns, by name. */
  select: string;
  schema: StructType;
  /** Local path; an existing file is replaced. */
  path: string;
  /** @default DuckDB's, 122880 rows; rounded up to a multiple of 2048 */
  rowGroupSize?: number;
  /** Names of columns to sort the file by, ascending, nulls last. */
  sort?: readonly string[];
  /** Names of top-level columns whose bounds are not cut to 16 characters. */
  fullBounds?: readonly string[];
  /** Key-value pairs for the file's footer. */
  footer?: Readonly<Record<string, string>>;
}

/** Columns whose bounds are compared as a whole: a cut bound of a padded number says nothing. */
export const FULL_BOUNDS: readonly string[] = ['_shard', '_seq', '_ord', 'file_path'];

// Below this, a file has one row group whatever the threads do: the first stands right after the magic `PAR1`.
const ONE_GROUP_ROWS = 2048;
const FIRST_GROUP_OFFSET = 4;

/** Writes a query's rows as one Parquet file with Iceberg's field ids, and says what is in it. */
export async function writeParquet(
  session: SqlSession,
  write: ParquetWrite,
): Promise<FileStats & { path: string }> {
  const { schema, path, fullBounds = FULL_BOUNDS } = write;
  const [row] = await session.rows(copySql(write));
  if (row === undefined)
    throw new TidemarkError('internal', 'DuckDB wrote a file and gave no statistics', { context: { path } });
  const leaves = parquetLeaves(schema);
  const full = new Set(schema.fields.filter((f) => fullBounds.includes(f.name)).map((f) => f.id));
  const stats = fileStats(row, leaves, full);
  stats.splitOffsets = await splitOffsets(session, path, stats.recordCount);
  await countNans(session, path, stats, leaves);
  return { ...stats, path };
}

function copySql({ select, schema, path, rowGroupSize, sort = [], footer = {} }: ParquetWrite): string {
  // The cast makes the file's types those of the schema, whatever the query computed with; of equal types it is free.
  const columns = schema.fields.map(
    (f) => `CAST(${ident(f.name)} AS ${duckdbTypeOf(f.type)}) AS ${ident(f.name)}`,
  );
  const order = sort.length === 0 ? '' : ` ORDER BY ${sort.map((name) => ident(name)).join(', ')}`;
  const pairs = Object.entries(footer).map(([key, value]) => `${ident(key)}: ${literal(value)}`);
  const options = [
    'FORMAT parquet',
    'COMPRESSION zstd',
    `FIELD_IDS ${fieldIdsSql(schema)}`,
    ...(rowGroupSize === undefined ? [] : [`ROW_GROUP_SIZE ${rowGroupSize}`]),
    ...(pairs.length === 0 ? [] : [`KV_METADATA {${pairs.join(', ')}}`]),
    'RETURN_STATS',
  ];
  return `COPY (SELECT ${columns.join(', ')} FROM (${select})${order}) TO ${literal(path)} (${options.join(', ')})`;
}

async function splitOffsets(session: SqlSession, path: string, rows: number): Promise<number[]> {
  if (rows <= ONE_GROUP_ROWS) return rows === 0 ? [] : [FIRST_GROUP_OFFSET];
  // The first column's chunk opens its row group, with its dictionary where it has one.
  const groups = await session.rows(
    `SELECT coalesce(nullif(dictionary_page_offset, 0), data_page_offset)::VARCHAR AS start
     FROM parquet_metadata(${literal(path)}) WHERE column_id = 0 ORDER BY row_group_id`,
  );
  return groups.map((group) => Number(group['start']));
}

// DuckDB's `has_nan` is that of the last row group alone, so it says something of files with one. There, a file that has
// NaN is asked how many; of other files nothing is said, which readers take for "perhaps".
async function countNans(
  session: SqlSession,
  path: string,
  stats: FileStats,
  leaves: readonly ParquetLeaf[],
): Promise<void> {
  if (stats.splitOffsets.length > 1) stats.nanCounts = {};
  if (stats.splitOffsets.length !== 1) return;
  const open = leaves.filter(
    ({ id, type, repeated }) =>
      !repeated && (type === 'float' || type === 'double') && stats.nanCounts[id] === undefined,
  );
  if (open.length === 0) return;
  const counts = open.map(
    ({ id, statsKey }) => `count(*) FILTER (WHERE isnan(${statsKey}))::VARCHAR AS n${id}`,
  );
  const [row] = await session.rows(
    `SELECT ${counts.join(', ')} FROM read_parquet(${literal(path)}, hive_partitioning = false)`,
  );
  for (const { id } of open) stats.nanCounts[id] = Number(row![`n${id}`]);
}
