import { TidemarkError } from '../errors.ts';
import type { ColumnType, PlanColumn } from '../definition/column.ts';
import type { FieldDraft, TypeDraft } from '../iceberg/schema.ts';
import { primitiveKind } from '../iceberg/types.ts';
import type { NestedField, PrimitiveType, StructType, Type } from '../iceberg/types.ts';
import { ident } from './sql-text.ts';

/** The columns as Iceberg fields, before they have ids. */
export function icebergFields(columns: readonly PlanColumn[]): FieldDraft[] {
  return columns.map(({ name, type, required, doc }) => ({
    name,
    required,
    type: icebergType(type),
    ...(doc === undefined ? {} : { doc }),
  }));
}

function icebergType(type: ColumnType): TypeDraft {
  switch (type.kind) {
    case 'decimal':
      return `decimal(${type.precision}, ${type.scale})`;
    case 'list':
      return { type: 'list', element: icebergType(type.element), 'element-required': type.elementRequired };
    case 'map':
      return {
        type: 'map',
        key: icebergType(type.key),
        value: icebergType(type.value),
        'value-required': type.valueRequired,
      };
    case 'struct':
      return { type: 'struct', fields: icebergFields(type.fields) };
    default:
      return type.kind;
  }
}

/**
 * The columns of a table as its schema says. Rules are no part of a schema.
 * Throws `refused` for types that no column can have: time, timestamp with zone, uuid, fixed.
 */
export function columnsFromSchema(schema: StructType): PlanColumn[] {
  return schema.fields.map(({ name, type, required, doc }) => ({
    name,
    type: columnType(type, name),
    required,
    ...(doc === undefined ? {} : { doc }),
  }));
}

function columnType(type: Type, name: string): ColumnType {
  if (typeof type === 'string') return primitiveColumn(type, name);
  switch (type.type) {
    case 'struct':
      return { kind: 'struct', fields: columnsFromSchema(type) };
    case 'list':
      return {
        kind: 'list',
        element: columnType(type.element, name),
        elementRequired: type['element-required'],
      };
    case 'map':
      return {
        kind: 'map',
        key: columnType(type.key, name),
        value: columnType(type.value, name),
        valueRequired: type['value-required'],
      };
  }
}

function primitiveColumn(type: PrimitiveType, name: string): ColumnType {
  const kind = primitiveKind(type);
  switch (kind.kind) {
    case 'decimal':
      return kind;
    case 'time':
    case 'timestamptz':
    case 'uuid':
    case 'fixed':
      throw new TidemarkError('refused', `Column ${name} has the type ${type}, which no definition can say`, {
        context: { column: name, type },
        remedy: 'Leave the column out, or give the table a type that Athena can write.',
      });
    default:
      return { kind: kind.kind };
  }
}

/** The type in DuckDB's SQL: `STRUCT("a" VARCHAR)[]`. */
export function duckdbType(type: ColumnType): string {
  switch (type.kind) {
    case 'boolean':
    case 'float':
    case 'double':
    case 'date':
    case 'timestamp':
      return type.kind.toUpperCase();
    case 'int':
      return 'INTEGER';
    case 'long':
      return 'BIGINT';
    case 'string':
      return 'VARCHAR';
    case 'binary':
      return 'BLOB';
    case 'decimal':
      return `DECIMAL(${type.precision},${type.scale})`;
    case 'list':
      return `${duckdbType(type.element)}[]`;
    case 'map':
      return `MAP(${duckdbType(type.key)}, ${duckdbType(type.value)})`;
    case 'struct':
      return `STRUCT(${type.fields.map((f) => `${ident(f.name)} ${duckdbType(f.type)}`).join(', ')})`;
  }
}

/** The type of an Iceberg column in DuckDB's SQL, foreign types included. */
export function duckdbTypeOf(type: Type): string {
  if (typeof type === 'string') {
    const kind = primitiveKind(type);
    switch (kind.kind) {
      case 'time':
        return 'TIME';
      case 'timestamptz':
        return 'TIMESTAMP WITH TIME ZONE';
      case 'uuid':
        return 'UUID';
      case 'fixed':
        return 'BLOB';
      default:
        return duckdbType(primitiveColumn(type, ''));
    }
  }
  switch (type.type) {
    case 'struct':
      return `STRUCT(${type.fields.map((f: NestedField) => `${ident(f.name)} ${duckdbTypeOf(f.type)}`).join(', ')})`;
    case 'list':
      return `${duckdbTypeOf(type.element)}[]`;
    case 'map':
      return `MAP(${duckdbTypeOf(type.key)}, ${duckdbTypeOf(type.value)})`;
  }
}
