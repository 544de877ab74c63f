import { TidemarkError } from '../errors.ts';
import type { ColumnType } from '../definition/column.ts';

/** Sorts below every character that a part of an `ord` can hold, so that a shorter part sorts first. */
const SEPARATOR = '/';

function sortable(expression: string, type: ColumnType): string {
  switch (type.kind) {
    case 'timestamp':
      return `strftime(${expression}, '%Y-%m-%dT%H:%M:%S.%g')`;
    case 'date':
      return `strftime(${expression}, '%Y-%m-%d')`;
    case 'int':
    case 'long':
      return `lpad(CAST(CAST(${expression} AS HUGEINT) + 9223372036854775808 AS VARCHAR), 20, '0')`;
    case 'decimal': {
      const { precision, scale } = type;
      const lift = `CAST('1${'0'.repeat(precision - scale)}' AS DECIMAL(${precision + 1}, ${scale}))`;
      const width = precision + 2;
      return `lpad(CAST(CAST(${expression} AS DECIMAL(${precision + 1}, ${scale})) + ${lift} AS VARCHAR), ${width}, '0')`;
    }
    case 'string':
      return `hex(encode(${expression}))`;
    default:
      throw new TidemarkError('invalid', `a column of type ${type.kind} cannot order rows`, {
        remedy: 'use a timestamp, date, int, long, decimal or string column as version',
      });
  }
}

/**
 * SQL for `_ord`: (version, shard, sequence number, sub-sequence) as one text whose order is the order of the parts.
 * The position decides between rows of one version, so the order is total.
 */
export function ordSql(version: { name: string; type: ColumnType }): string {
  const column = `"${version.name.replaceAll('"', '""')}"`;
  return [
    `coalesce(${sortable(column, version.type)}, '')`,
    `_shard`,
    `_seq`,
    `lpad(CAST(_sub AS VARCHAR), 7, '0')`,
  ].join(` || '${SEPARATOR}' || `);
}
