import { TidemarkError } from '../errors.ts';
import type { NestedField, StructType } from '../iceberg/types.ts';
import { DELETE_FILE_PATH_ID, DELETE_FILE_POS_ID } from '../iceberg/data-file.ts';
import { duckdbTypeOf } from './iceberg-schema.ts';
import { ident, literal } from './sql-text.ts';

export interface ParquetRead {
  /** Paths or URLs that DuckDB can open. None gives a query without rows. */
  files: readonly string[];
  /** The schema to read as: columns are found by id, so files of older schemas fit. */
  schema: StructType;
  /** Names of the columns to read. @default all */
  columns?: readonly string[];
  /** Adds `_file` (the path, as given) and `_pos` (the row's place in its file, from 0). @default false */
  positions?: boolean;
}

/** A data file and the position delete files that speak of it. */
export interface FileWithDeletes {
  path: string;
  /** The file's name in the table, by which delete files call it. */
  uri: string;
  /** Paths of position delete files. */
  deletes: readonly string[];
}

/** Names of the columns that `positions` adds; those of Iceberg's metadata columns. */
export const FILE_COLUMN = '_file';
export const POS_COLUMN = '_pos';

/**
 * A SELECT over Parquet files by field id: renamed, added (null) and widened columns are read right. Inside structs
 * DuckDB goes by name: a renamed field of a struct would be read as null, so a schema with such a rename must not
 * come here.
 */
export function readParquetSql({ files, schema, columns, positions = false }: ParquetRead): string {
  const fields = chosen(schema, columns);
  // Read under names of our own: a column may itself be called filename.
  const inner = fields.map((field) => `f${field.id}`);
  const output = fields.map((field, index) => `${inner[index]!} AS ${ident(field.name)}`);
  if (files.length === 0) return emptySql(fields, positions);
  if (positions) output.push(`filename AS ${FILE_COLUMN}`, `file_row_number AS ${POS_COLUMN}`);
  const map = fields.map(
    ({ id, type }) => `${id}: {name: 'f${id}', type: ${literal(duckdbTypeOf(type))}, default_value: NULL}`,
  );
  const options = [
    `schema = MAP {${map.join(', ')}}`,
    // A directory named `day=2020-01-01` must not become a column.
    'hive_partitioning = false',
    ...(positions ? ['filename = true', 'file_row_number = true'] : []),
  ];
  return `SELECT ${output.join(', ')} FROM read_parquet([${files.map(literal).join(', ')}], ${options.join(', ')})`;
}

/**
 * A SELECT over data files without the rows that their position delete files name. With `positions`, `_file` is the
 * file's URI, as a new delete file must call it.
 */
export function readWithDeletesSql(
  files: readonly FileWithDeletes[],
  options: Omit<ParquetRead, 'files'>,
): string {
  const positions = options.positions === true;
  const apart = files.filter((file) => positions || file.deletes.length > 0);
  const together = files.filter((file) => !apart.includes(file));
  const parts = apart.map((file) => fileSql(file, options));
  if (together.length > 0 || parts.length === 0)
    parts.push(readParquetSql({ ...options, files: together.map((file) => file.path) }));
  return parts.join(' UNION ALL ');
}

/**
 * One file without its deleted rows. The deletes are a set that rows are looked up in: written as a join, DuckDB, which
 * cannot estimate such reads, may build its hash table on the rows instead, and hold the whole file in memory.
 */
function fileSql(file: FileWithDeletes, options: Omit<ParquetRead, 'files'>): string {
  const names = chosen(options.schema, options.columns).map((field) => field.name);
  const columns = names.map((name) => ident(name));
  if (options.positions === true) columns.push(`${literal(file.uri)} AS ${FILE_COLUMN}`, POS_COLUMN);
  const rows = readParquetSql({ ...options, files: [file.path], positions: true });
  if (file.deletes.length === 0) return `SELECT ${columns.join(', ')} FROM (${rows})`;
  // A delete file is never older than the data file it names, and no name is used twice: sequence numbers need no
  // second look here.
  const dead = `SELECT pos FROM (${readDeletesSql(file.deletes)}) WHERE file_path = ${literal(file.uri)}`;
  return `SELECT ${columns.join(', ')} FROM (${rows}) WHERE ${POS_COLUMN} NOT IN (${dead})`;
}

/** A SELECT of `file_path` and `pos` over position delete files of any writer. */
export function readDeletesSql(files: readonly string[]): string {
  return readParquetSql({ files, schema: DELETE_SCHEMA });
}

/** The columns of a position delete file (specification, "Position Delete Files"). */
export const DELETE_SCHEMA: StructType = {
  type: 'struct',
  fields: [
    { id: DELETE_FILE_PATH_ID, name: 'file_path', required: true, type: 'string' },
    { id: DELETE_FILE_POS_ID, name: 'pos', required: true, type: 'long' },
  ],
};

function chosen(schema: StructType, columns: readonly string[] | undefined): NestedField[] {
  if (columns === undefined) return schema.fields;
  return columns.map((name) => {
    const field = schema.fields.find((f) => f.name === name);
    if (field !== undefined) return field;
    throw new TidemarkError('invalid', `No column ${name} in the table`, {
      context: { column: name },
      remedy: `Name one of ${schema.fields.map((f) => f.name).join(', ')}.`,
    });
  });
}

function emptySql(fields: readonly NestedField[], positions: boolean): string {
  const columns = fields.map((field) => `CAST(NULL AS ${duckdbTypeOf(field.type)}) AS ${ident(field.name)}`);
  if (positions)
    columns.push(`CAST(NULL AS VARCHAR) AS ${FILE_COLUMN}`, `CAST(NULL AS BIGINT) AS ${POS_COLUMN}`);
  return `SELECT ${columns.join(', ')} WHERE false`;
}
