import { athenaType, type ColumnType } from '../definition/column.ts';
import { RuleProblem } from './rule-problem.ts';
import { duckdbType } from './iceberg-schema.ts';
import { isInteger, sameType, STRING, typeName, type SqlType } from './sql-type.ts';
import { combine, type Typed } from './typed.ts';

/** DuckDB's name of a type, as the syntax tree has it, and the column type it is. */
export function castTarget(
  id: string,
  info: { width?: string; scale?: string } | null,
): ColumnType | undefined {
  switch (id) {
    case 'BOOLEAN':
    case 'DATE':
    case 'DOUBLE':
      return { kind: id.toLowerCase() as 'boolean' | 'date' | 'double' };
    case 'INTEGER':
      return { kind: 'int' };
    case 'BIGINT':
      return { kind: 'long' };
    case 'VARCHAR':
      return STRING;
    case 'TIMESTAMP':
    case 'TIMESTAMP_MS':
      return { kind: 'timestamp' };
    case 'DECIMAL':
      return { kind: 'decimal', precision: Number(info?.width), scale: Number(info?.scale) };
    default:
      return undefined;
  }
}

/** Macros that let through only text that Athena casts, by target type. */
const STRICT_TEXT: Partial<Record<ColumnType['kind'], string>> = {
  int: '_int_text',
  long: '_int_text',
  decimal: '_decimal_text',
  double: '_double_text',
  date: '_date_text',
  timestamp: '_timestamp_text',
};
/** Half a millisecond, then cut: Athena rounds to `timestamp(3)`, and a cast in DuckDB keeps microseconds. */
const toMilliseconds = (sql: string): string =>
  `date_trunc('millisecond', ${sql} + INTERVAL 500 MICROSECOND)`;

type Allowed = { ok: true } | { ok: false; remedy: string };
const OK: Allowed = { ok: true };
const no = (remedy: string): Allowed => ({ ok: false, remedy });

function allowed(value: Typed, to: ColumnType): Allowed {
  const from: SqlType = value.type;
  if (from.kind === 'null' || sameType(from, to)) return OK;
  if (from.kind === 'instant') return no(`write CAST(x AT TIME ZONE 'UTC' AS timestamp(3))`);
  if (from.kind === 'zoned')
    return to.kind === 'timestamp' || to.kind === 'date' ? OK : no('cast it to timestamp(3) first');
  if (from.kind === 'string')
    return to.kind in STRICT_TEXT ? OK : no(`write CASE x WHEN 'true' THEN true … END`);
  switch (to.kind) {
    case 'int':
    case 'long':
    case 'decimal':
      if (from.kind === 'double' && !value.rounded) return no(`write CAST(round(x) AS ${athenaType(to)})`);
      return isInteger(from) || from.kind === 'decimal' || from.kind === 'double'
        ? OK
        : no('it has no number');
    case 'double':
      return isInteger(from) || from.kind === 'decimal' || from.kind === 'float'
        ? OK
        : no('it has no number');
    case 'string':
      if (from.kind === 'double' || from.kind === 'float')
        return no('write CAST(CAST(round(x, 2) AS decimal(18, 2)) AS varchar)');
      if (from.kind === 'timestamp') return no(`write date_format(x, '%Y-%m-%d %H:%i:%s')`);
      return isInteger(from) || ['decimal', 'date', 'boolean'].includes(from.kind)
        ? OK
        : no('it has no text');
    case 'date':
      return from.kind === 'timestamp' ? OK : no('cast text or a timestamp');
    case 'timestamp':
      return from.kind === 'date' ? OK : no('cast text or a date');
    default:
      return no('compare it instead');
  }
}

function duckdbCast(value: Typed, to: ColumnType, name: string): string {
  const strict = value.type.kind === 'string' ? STRICT_TEXT[to.kind] : undefined;
  const inner = strict === undefined ? value.duckdb : `athena.${strict}(${value.duckdb})`;
  const cast = `${name}(${inner} AS ${duckdbType(to)})`;
  return value.type.kind === 'string' && to.kind === 'timestamp' ? toMilliseconds(cast) : cast;
}

/**
 * CAST or TRY_CAST, for the pairs of types that both engines cast alike.
 * @throws RuleProblem for other pairs, with the way around
 */
export function castExpression(
  value: Typed,
  to: ColumnType,
  tried: boolean,
  place: number | undefined,
): Typed {
  const verdict = allowed(value, to);
  if (!verdict.ok) {
    throw new RuleProblem(`cannot cast ${typeName(value.type)} to ${athenaType(to)}`, verdict.remedy, place);
  }
  const name = tried ? 'TRY_CAST' : 'CAST';
  const cast = combine(to, duckdbCast(value, to, name), `${name}(${value.athena} AS ${athenaType(to)})`, [
    value,
  ]);
  const exact = !tried && (to.kind === 'double' || isInteger(value.type)) && value.nonZero === true;
  return exact ? { ...cast, nonZero: true } : cast;
}
