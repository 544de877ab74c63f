import { athenaType, type ColumnType } from '../definition/column.ts';

/**
 * The type of an expression while it is checked. Beyond column types: `null` for a bare NULL, `interval`, `instant`
 * for a timestamp with zone whose zone is not chosen yet, `zoned` for one whose zone the text names.
 */
export type SqlType = ColumnType | { kind: 'null' | 'interval' | 'instant' | 'zoned' };
export type DecimalType = Extract<ColumnType, { kind: 'decimal' }>;

export const BOOLEAN: ColumnType = { kind: 'boolean' };
export const INT: ColumnType = { kind: 'int' };
export const LONG: ColumnType = { kind: 'long' };
export const DOUBLE: ColumnType = { kind: 'double' };
export const STRING: ColumnType = { kind: 'string' };
export const DATE: ColumnType = { kind: 'date' };
export const TIMESTAMP: ColumnType = { kind: 'timestamp' };
export const BINARY: ColumnType = { kind: 'binary' };

export function isColumnType(type: SqlType): type is ColumnType {
  return !['null', 'interval', 'instant', 'zoned'].includes(type.kind);
}

/** The type's name in messages: Athena's. */
export function typeName(type: SqlType): string {
  if (isColumnType(type)) return athenaType(type);
  switch (type.kind) {
    case 'null':
      return 'NULL';
    case 'interval':
      return 'interval';
    case 'instant':
    case 'zoned':
      return 'timestamp with time zone';
  }
}

export const isInteger = (type: SqlType): boolean => type.kind === 'int' || type.kind === 'long';

/** Numbers that may be computed with; a 32-bit float must be cast to double first, the engines round it differently. */
export const isNumeric = (type: SqlType): boolean =>
  isInteger(type) || type.kind === 'decimal' || type.kind === 'double';

export const sameType = (a: SqlType, b: SqlType): boolean => typeName(a) === typeName(b);

/** An exact number as decimal; integers have the digits of their range. */
export function asDecimal(type: SqlType): DecimalType | undefined {
  switch (type.kind) {
    case 'int':
      return { kind: 'decimal', precision: 10, scale: 0 };
    case 'long':
      return { kind: 'decimal', precision: 19, scale: 0 };
    case 'decimal':
      return type;
    default:
      return undefined;
  }
}

export function decimal(precision: number, scale: number): DecimalType {
  return { kind: 'decimal', precision: Math.min(38, precision), scale };
}

/** The type both values take in a comparison, a CASE or a coalesce; undefined when Athena would refuse the pair. */
export function commonType(a: SqlType, b: SqlType): SqlType | undefined {
  if (a.kind === 'null') return b;
  if (b.kind === 'null' || sameType(a, b)) return a;
  if (isNumeric(a) && isNumeric(b)) {
    if (a.kind === 'double' || b.kind === 'double') return DOUBLE;
    if (isInteger(a) && isInteger(b)) return LONG;
    const [x, y] = [asDecimal(a)!, asDecimal(b)!];
    const scale = Math.max(x.scale, y.scale);
    return decimal(Math.max(x.precision - x.scale, y.precision - y.scale) + scale, scale);
  }
  const kinds = [a.kind, b.kind].sort().join(' ');
  return kinds === 'date timestamp' ? TIMESTAMP : undefined;
}

/** Types whose values can be compared and grouped alike by both engines. */
export const isComparable = (type: SqlType): boolean =>
  isNumeric(type) || ['boolean', 'string', 'date', 'timestamp', 'null'].includes(type.kind);
