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
  const names = chosen(options.schema, options.columns).map((field) => field.name);
  const clean = files.filter((file) => file.deletes.length === 0);
  const touched = files.filter((file) => file.deletes.length > 0);
  const parts = [
    ...(clean.length > 0 || touched.length === 0 ? [cleanSql(clean, names, options)] : []),
    ...(touched.length > 0 ? [touchedSql(touched, names, options)] : []),
  ];
  return parts.join(' UNION ALL ');
}

function cleanSql(
  files: readonly FileWithDeletes[],
  names: readonly string[],
  options: Omit<ParquetRead, 'files'>,
): string {
  const rows = readParquetSql({ ...options, files: files.map((file) => file.path) });
  if (options.positions !== true || files.length === 0) return rows;
  return `SELECT ${liveColumns(names, true)} FROM (${rows}) AS live JOIN ${filesSql(files)} ON live.${FILE_COLUMN} = file.path`;
}

function touchedSql(
  files: readonly FileWithDeletes[],
  names: readonly string[],
  options: Omit<ParquetRead, 'files'>,
): string {
  const deletes = readDeletesSql([...new Set(files.flatMap((file) => file.deletes))]);
  const rows = readParquetSql({ ...options, files: files.map((file) => file.path), positions: true });
  // A delete file is never older than the data file it names, and no name is used twice: sequence numbers need no
  // second look here. The few deletes are translated to paths, not the many rows to URIs: half the time.
  const dead = `SELECT file.path, pos FROM (${deletes}) JOIN ${filesSql(files)} ON file_path = file.uri`;
  const positions = options.positions === true;
  return (
    `SELECT ${liveColumns(names, positions)} FROM (${rows}) AS live ` +
    `ANTI JOIN (${dead}) AS dead ON live.${FILE_COLUMN} = dead.path AND live.${POS_COLUMN} = dead.pos` +
    (positions ? ` JOIN ${filesSql(files)} ON live.${FILE_COLUMN} = file.path` : '')
  );
}

function liveColumns(names: readonly string[], positions: boolean): string {
  const columns = names.map((name) => `live.${ident(name)}`);
  if (positions) columns.push(`file.uri AS ${FILE_COLUMN}`, `live.${POS_COLUMN}`);
  return columns.join(', ');
}

function filesSql(files: readonly FileWithDeletes[]): string {
  return `(VALUES ${files.map((file) => `(${literal(file.path)}, ${literal(file.uri)})`).join(', ')}) AS file(path, uri)`;
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
