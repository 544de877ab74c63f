import { RuleProblem } from './rule-problem.ts';
import { duckdbType } from './iceberg-schema.ts';
import {
  BOOLEAN,
  DOUBLE,
  LONG,
  STRING,
  asDecimal,
  decimal,
  isComparable,
  isInteger,
  isNumeric,
  typeName,
  type DecimalType,
  type SqlType,
} from './sql-type.ts';
import { castTo, combine, unify, type Typed } from './typed.ts';

type Place = number | undefined;

/** @throws RuleProblem unless the value is boolean; DuckDB would also take numbers as conditions */
export function requireBoolean(value: Typed, what: string, place: Place): Typed {
  if (value.type.kind === 'boolean' || value.type.kind === 'null') return value;
  throw new RuleProblem(
    `${what} is ${typeName(value.type)}`,
    'write a condition, such as x > 0 or x IS NOT NULL',
    place,
  );
}

export function requireComparable(values: Typed[], what: string, place: Place): void {
  const bad = values.find((v) => !isComparable(v.type));
  if (!bad) return;
  const remedy =
    bad.type.kind === 'float'
      ? 'write CAST(x AS double)'
      : 'compare numbers, text, dates, timestamps or booleans';
  throw new RuleProblem(`${what} does not compare ${typeName(bad.type)}`, remedy, place);
}

/** `left operator right` for `= <> < <= > >=` and IS [NOT] DISTINCT FROM. */
export function compare(operator: string, left: Typed, right: Typed, place: Place): Typed {
  requireComparable([left, right], operator, place);
  if (!operator.startsWith('IS') && [left, right].some((v) => v.type.kind === 'null')) {
    throw new RuleProblem(`${operator} NULL is never true`, 'write IS NULL or IS NOT NULL', place);
  }
  const { values } = unify([left, right], operator, place);
  const text = (engine: 'duckdb' | 'athena'): string =>
    `(${values.map((v) => v[engine]).join(` ${operator} `)})`;
  return combine(BOOLEAN, text('duckdb'), text('athena'), [left, right]);
}

/** AND and OR. */
export function connect(operator: 'AND' | 'OR', parts: Typed[], place: Place): Typed {
  for (const part of parts) requireBoolean(part, `a side of ${operator}`, place);
  const text = (engine: 'duckdb' | 'athena'): string =>
    `(${parts.map((p) => p[engine]).join(` ${operator} `)})`;
  return combine(BOOLEAN, text('duckdb'), text('athena'), parts);
}

/** `||`: text only; DuckDB would also join numbers. */
export function concatenate(parts: Typed[], place: Place): Typed {
  const bad = parts.find((p) => p.type.kind !== 'string' && p.type.kind !== 'null');
  if (bad) throw new RuleProblem(`|| joins ${typeName(bad.type)}`, 'write CAST(x AS varchar)', place);
  const text = (engine: 'duckdb' | 'athena'): string => `(${parts.map((p) => p[engine]).join(' || ')})`;
  return combine(STRING, text('duckdb'), text('athena'), parts);
}

function arithmeticType(operator: string, a: SqlType, b: SqlType): SqlType | undefined {
  if (a.kind === 'double' || b.kind === 'double') return DOUBLE;
  if (isInteger(a) && isInteger(b)) return a.kind === 'long' || b.kind === 'long' ? LONG : a;
  const [x, y] = [asDecimal(a)!, asDecimal(b)!];
  if (operator === '*') {
    return x.scale + y.scale > 38 ? undefined : decimal(x.precision + y.precision, x.scale + y.scale);
  }
  const scale = Math.max(x.scale, y.scale);
  return decimal(Math.max(x.precision - x.scale, y.precision - y.scale) + scale + 1, scale);
}

/** DuckDB computes decimals of few digits in 64 bits; one wide operand makes it compute in 128, as Athena does. */
function wide(value: Typed, type: DecimalType): Typed {
  const own = asDecimal(value.type)!;
  return type.precision > 18
    ? { ...value, duckdb: `CAST(${value.duckdb} AS ${duckdbType({ ...own, precision: 38 })})` }
    : value;
}

function divide(operator: '/' | '%', left: Typed, right: Typed, place: Place): Typed {
  if (!right.nonZero) {
    throw new RuleProblem(
      `the divisor of ${operator} may be zero`,
      'write x / nullif(y, 0), or a literal other than 0: one engine fails on zero, the other goes on',
      place,
    );
  }
  const exact = left.type.kind === 'decimal' || right.type.kind === 'decimal';
  const double = left.type.kind === 'double' || right.type.kind === 'double';
  if (operator === '%' && (exact || double)) {
    throw new RuleProblem(
      `% of ${typeName(left.type)} and ${typeName(right.type)}`,
      'use it on integers only',
      place,
    );
  }
  if (exact && !double) {
    throw new RuleProblem(
      'the engines divide decimals to different digits',
      'write CAST(x AS double) / y',
      place,
    );
  }
  if (double) {
    const [a, b] = [castTo(left, DOUBLE), castTo(right, DOUBLE)];
    return combine(DOUBLE, `(${a.duckdb} / ${b.duckdb})`, `(${a.athena} / ${b.athena})`, [left, right]);
  }
  const type = arithmeticType(operator, left.type, right.type)!;
  const inDuckdb = operator === '/' ? '//' : '%';
  return combine(
    type,
    `(${left.duckdb} ${inDuckdb} ${right.duckdb})`,
    `(${left.athena} ${operator} ${right.athena})`,
    [left, right],
  );
}

function shift(operator: string, left: Typed, right: Typed, place: Place): Typed {
  if (left.type.kind !== 'timestamp' || right.type.kind !== 'interval' || operator === '*') {
    const remedy = 'write date_add(unit, n, x), or date_diff(unit, x, y) for the time between two';
    throw new RuleProblem(
      `${typeName(left.type)} ${operator} ${typeName(right.type)} is not in the subset`,
      remedy,
      place,
    );
  }
  const text = (engine: 'duckdb' | 'athena'): string => `(${left[engine]} ${operator} ${right[engine]})`;
  return combine(left.type, text('duckdb'), text('athena'), [left, right]);
}

/** `+ - * / %` between two values. */
export function arithmetic(operator: string, left: Typed, right: Typed, place: Place): Typed {
  if (!isNumeric(left.type) || !isNumeric(right.type)) {
    const float = [left, right].find((v) => v.type.kind === 'float');
    if (float)
      throw new RuleProblem(`${operator} of real differs by engine`, 'write CAST(x AS double)', place);
    return shift(operator, left, right, place);
  }
  if (operator === '/' || operator === '%') return divide(operator, left, right, place);
  const type = arithmeticType(operator, left.type, right.type);
  if (!type)
    throw new RuleProblem('the product has more than 38 digits', 'cast one side to fewer digits', place);
  const sides = type.kind === 'double' ? [castTo(left, DOUBLE), castTo(right, DOUBLE)] : [left, right];
  const [a, b] = type.kind === 'decimal' ? sides.map((s) => wide(s, type)) : sides;
  const duckdb = `(${a!.duckdb} ${operator} ${b!.duckdb})`;
  return combine(
    type,
    type.kind === 'decimal' ? `CAST(${duckdb} AS ${duckdbType(type)})` : duckdb,
    `(${a!.athena} ${operator} ${b!.athena})`,
    [left, right],
  );
}

/** `-x`. */
export function negate(value: Typed, place: Place): Typed {
  if (!isNumeric(value.type))
    throw new RuleProblem(`-x of ${typeName(value.type)}`, 'negate numbers only', place);
  const negated = combine(value.type, `(- ${value.duckdb})`, `(- ${value.athena})`, [value]);
  return value.nonZero ? { ...negated, nonZero: true } : negated;
}
