import type { ColumnType, PlanColumn } from '../definition/column.ts';
import { duckdbType } from '../engine/iceberg-schema.ts';
import { ident, literal } from '../engine/sql-text.ts';

/** A contract refuses records beyond this many bytes, as they come and in canonical form: readers have fixed buffers. */
export const MAX_OBJECT_BYTES = 12 * 1024 * 1024;
/** Room for the columns that ingestion adds to each line. */
const SPARE_BYTES = 4096;

/**
 * The entries of the struct `read_json(…, columns = {…})` that reads the contract's canonical text, without the braces
 * so that others can stand beside them. Finish with `duckdbSelect`.
 */
export function duckdbReadColumns(columns: readonly PlanColumn[]): string {
  return columns.map((c) => `${literal(c.name)}: ${literal(duckdbType(readType(c.type)))}`).join(', ');
}

/** The select list that gives the columns their own types: base64 text becomes bytes, all else is what it is. */
export function duckdbSelect(columns: readonly PlanColumn[]): string {
  return columns.map(({ name, type }) => `${converted(ident(name), type, 0)} AS ${ident(name)}`).join(', ');
}

/**
 * A SELECT of `columns` from a file of canonical lines. Declared types, one object a line, no guessing.
 * @param path local path of newline-delimited JSON
 */
export function readLinesSql(path: string, columns: readonly PlanColumn[]): string {
  return (
    `SELECT ${duckdbSelect(columns)} FROM read_json(${literal(path)}, columns = {${duckdbReadColumns(columns)}}, ` +
    `format = 'newline_delimited', maximum_object_size = ${MAX_OBJECT_BYTES + SPARE_BYTES})`
  );
}

// JSON has no bytes, and DuckDB's own cast from text to BLOB is not base64.
function readType(type: ColumnType): ColumnType {
  switch (type.kind) {
    case 'binary':
      return { kind: 'string' };
    case 'list':
      return { ...type, element: readType(type.element) };
    case 'map':
      return { ...type, value: readType(type.value) };
    case 'struct':
      return { ...type, fields: type.fields.map((field) => ({ ...field, type: readType(field.type) })) };
    default:
      return type;
  }
}

// `depth` keeps the names of lambda parameters apart.
function converted(value: string, type: ColumnType, depth: number): string {
  if (!hasBinary(type)) return value;
  const item = `x${depth}`;
  switch (type.kind) {
    case 'binary':
      return `from_base64(${value})`;
    case 'list':
      return `list_transform(${value}, lambda ${item}: ${converted(item, type.element, depth + 1)})`;
    case 'map': {
      const entry = `{key: ${item}.key, value: ${converted(`${item}.value`, type.value, depth + 1)}}`;
      return `map_from_entries(list_transform(map_entries(${value}), lambda ${item}: ${entry}))`;
    }
    case 'struct': {
      const fields = type.fields.map(
        (f) => `${ident(f.name)}: ${converted(`${value}.${ident(f.name)}`, f.type, depth + 1)}`,
      );
      // A struct of nulls is not a null struct.
      return `CASE WHEN ${value} IS NULL THEN NULL ELSE {${fields.join(', ')}} END`;
    }
    default:
      return value;
  }
}

function hasBinary(type: ColumnType): boolean {
  switch (type.kind) {
    case 'binary':
      return true;
    case 'list':
      return hasBinary(type.element);
    case 'map':
      return hasBinary(type.value);
    case 'struct':
      return type.fields.some((field) => hasBinary(field.type));
    default:
      return false;
  }
}
