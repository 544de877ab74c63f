import { TidemarkError } from '../errors.ts';
import type { DataFile } from './data-file.ts';
import { findByName } from './schema.ts';
import type { Schema } from './schema.ts';
import { isPrimitive } from './types.ts';
import type { PrimitiveType } from './types.ts';
import { compareValues, decodeValue } from './value.ts';
import type { Value } from './value.ts';

export type Comparison = '=' | '<' | '<=' | '>' | '>=';

/** A filter as data. A file is kept when one of its rows might match; rows are never filtered here. */
export type Predicate =
  | { and: Predicate[] }
  | { or: Predicate[] }
  | { not: Predicate }
  /** `value` is a `Value` of the column's type; a number will do for 64-bit integers. */
  | { column: string; op: Comparison; value: Value }
  | { column: string; op: 'in'; value: Value[] }
  | { column: string; op: 'isNull' | 'notNull' };

type Test = (file: DataFile) => boolean;
const OPPOSITE: Record<Comparison, Comparison | undefined> = {
  '=': undefined,
  '<': '>=',
  '<=': '>',
  '>': '<=',
  '>=': '<',
};
const always: Test = () => true;

/**
 * Compiles a filter into a test of file statistics. Throws `invalid` for unknown columns, for nested ones without
 * statistics, and for values of another type.
 */
export function compilePredicate(predicate: Predicate, schema: Schema): Test {
  if ('and' in predicate) {
    const tests = predicate.and.map((part) => compilePredicate(part, schema));
    return (file) => tests.every((test) => test(file));
  }
  if ('or' in predicate) {
    const tests = predicate.or.map((part) => compilePredicate(part, schema));
    return (file) => tests.some((test) => test(file));
  }
  if ('not' in predicate) return negated(predicate.not, schema);
  const column = resolve(predicate.column, schema);
  switch (predicate.op) {
    case 'isNull':
      return (file) => file.nullCounts?.get(column.id) !== 0;
    case 'notNull':
      return (file) => !allNull(file, column.id);
    case 'in':
      return membership(column, predicate.value);
    default:
      return comparison(column, predicate.op, predicate.value);
  }
}

// "Not" of a statistics test would be wrong (might match and might not are no opposites): it moves to the leaves.
// A null row matches neither a comparison nor its opposite.
function negated(predicate: Predicate, schema: Schema): Test {
  if ('and' in predicate)
    return compilePredicate({ or: predicate.and.map((part) => ({ not: part })) }, schema);
  if ('or' in predicate)
    return compilePredicate({ and: predicate.or.map((part) => ({ not: part })) }, schema);
  if ('not' in predicate) return compilePredicate(predicate.not, schema);
  const { column } = predicate;
  switch (predicate.op) {
    case 'isNull':
      return compilePredicate({ column, op: 'notNull' }, schema);
    case 'notNull':
      return compilePredicate({ column, op: 'isNull' }, schema);
    case 'in':
      return compilePredicate({ column, op: 'notNull' }, schema);
    default: {
      const op = OPPOSITE[predicate.op];
      const opposite: Predicate = op ? { column, op, value: predicate.value } : { column, op: 'notNull' };
      return compilePredicate(opposite, schema);
    }
  }
}

interface Column {
  id: number;
  name: string;
  type: PrimitiveType;
}

function resolve(name: string, schema: Schema): Column {
  const field = findByName(schema, name);
  if (field && isPrimitive(field.type)) return { id: field.id, name, type: field.type };
  throw new TidemarkError('invalid', `A filter names ${name}, which is no column with statistics`, {
    context: { column: name, columns: schema.fields.map((candidate) => candidate.name) },
  });
}

function comparison(column: Column, op: Comparison, raw: Value): Test {
  const { id, type } = column;
  const value = coerce(column, raw);
  const floating = type === 'float' || type === 'double';
  // Engines disagree whether NaN equals itself and sorts above everything: keep whatever might hold it.
  if (floating && Number.isNaN(value)) return always;
  return (file) => {
    if (allNull(file, id)) return false;
    if (floating && op !== '=' && op !== '<' && op !== '<=' && file.nanCounts?.get(id) !== 0) return true;
    const lower = file.lowerBounds?.get(id);
    const upper = file.upperBounds?.get(id);
    if (lower && op !== '>' && op !== '>=') {
      const order = compareToBound(type, decodeValue(type, lower), value);
      if (op === '<' ? order >= 0 : order > 0) return false;
    }
    if (upper && op !== '<' && op !== '<=') {
      const order = compareToBound(type, decodeValue(type, upper), value);
      if (op === '>' ? order <= 0 : order < 0) return false;
    }
    return true;
  };
}

// Lists can be long (the keys of a batch), so the values are sorted once and searched per file.
function membership(column: Column, values: Value[]): Test {
  const { id, type } = column;
  if (values.some(Number.isNaN)) return always;
  const sorted = values.map((value) => coerce(column, value)).sort((a, b) => compareValues(type, a, b));
  return (file) => {
    if (sorted.length === 0 || allNull(file, id)) return false;
    const lower = file.lowerBounds?.get(id);
    const upper = file.upperBounds?.get(id);
    const first = lower ? firstAtLeast(type, sorted, decodeValue(type, lower)) : sorted[0];
    if (first === undefined) return false;
    return !upper || compareToBound(type, decodeValue(type, upper), first) >= 0;
  };
}

function firstAtLeast(type: PrimitiveType, sorted: Value[], bound: Value): Value | undefined {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareToBound(type, sorted[middle]!, bound) < 0) low = middle + 1;
    else high = middle;
  }
  return sorted[low];
}

// Iceberg orders -0.0 below +0.0 in bounds; SQL holds them equal.
function compareToBound(type: PrimitiveType, bound: Value, value: Value): number {
  return bound === 0 && value === 0 ? 0 : compareValues(type, bound, value);
}

function allNull(file: DataFile, id: number): boolean {
  const nulls = file.nullCounts?.get(id);
  const values = file.valueCounts?.get(id);
  return nulls !== undefined && values !== undefined && values > 0 && nulls >= values;
}

function coerce(column: Column, value: Value): Value {
  const { type } = column;
  const wide = type === 'long' || type.startsWith('time') || type.startsWith('decimal');
  const result = wide && typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value;
  const narrow = type === 'int' || type === 'date' || type === 'float' || type === 'double';
  const expected = wide ? 'bigint' : narrow ? 'number' : type === 'boolean' ? 'boolean' : undefined;
  const bytes = type === 'binary' || type.startsWith('fixed');
  const fits = expected
    ? typeof result === expected
    : bytes
      ? result instanceof Uint8Array
      : typeof result === 'string';
  if (fits) return result;
  throw new TidemarkError('invalid', `A filter compares ${column.name} (${type}) with a ${typeof value}`, {
    context: { column: column.name, type },
  });
}
