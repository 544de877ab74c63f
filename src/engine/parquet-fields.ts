import { childFields, isPrimitive } from '../iceberg/types.ts';
import type { NestedField, PrimitiveType, StructType, Type } from '../iceberg/types.ts';
import { ident } from './sql-text.ts';

/** A primitive column of a Parquet file, at any depth. */
export interface ParquetLeaf {
  id: number;
  type: PrimitiveType;
  /** Names from the root, each quoted, joined by dots: how DuckDB names it in statistics, and SQL in expressions. */
  statsKey: string;
  /** Inside a list or a map. */
  repeated: boolean;
}

/** All primitive columns, in schema order. */
export function parquetLeaves(schema: StructType): ParquetLeaf[] {
  const leaves: ParquetLeaf[] = [];
  const visit = ({ id, name, type }: NestedField, prefix: string, repeated: boolean): void => {
    const statsKey = prefix + ident(name);
    if (isPrimitive(type)) {
      leaves.push({ id, type, statsKey, repeated });
      return;
    }
    for (const child of childFields(type)) visit(child, `${statsKey}.`, repeated || type.type !== 'struct');
  };
  for (const field of schema.fields) visit(field, '', false);
  return leaves;
}

/** The value of COPY's option FIELD_IDS: the id of every field at every depth. */
export function fieldIdsSql(schema: StructType): string {
  return `{${schema.fields.map(fieldIdSql).join(', ')}}`;
}

function fieldIdSql(field: NestedField): string {
  return `${ident(field.name)}: ${idsSql(field.id, field.type)}`;
}

function idsSql(id: number, type: Type): string {
  const children = childFields(type);
  if (children.length === 0) return String(id);
  return `{__duckdb_field_id: ${id}, ${children.map(fieldIdSql).join(', ')}}`;
}
