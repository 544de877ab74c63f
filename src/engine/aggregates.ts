import { RuleProblem } from './rule-problem.ts';
import { requireBoolean, requireComparable } from './operators.ts';
import { BOOLEAN, DOUBLE, LONG, decimal, isInteger, isNumeric, typeName, type SqlType } from './sql-type.ts';
import type { Typed } from './typed.ts';

export interface AggregateCall {
  name: string;
  args: Typed[];
  distinct: boolean;
  filter?: Typed;
  place: number | undefined;
}

const EXACT_SUM =
  'cast it to a decimal first: CAST(round(x, 2) AS decimal(18, 2)); a sum of doubles depends on the order of rows';
const AVERAGE = 'write CAST(sum(x) AS double) / nullif(count(x), 0)';

interface Aggregate {
  /** Its result; throws RuleProblem when it takes no such argument. */
  result: (argument: Typed, place: number | undefined) => SqlType;
  /** DuckDB's type of the result is another one. */
  castResult?: boolean;
}

const AGGREGATES: Readonly<Record<string, Aggregate>> = {
  count: { result: () => LONG },
  sum: {
    result: ({ type }, place) => {
      if (isInteger(type)) return LONG;
      if (type.kind === 'decimal') return decimal(38, type.scale);
      throw new RuleProblem(
        `sum of ${typeName(type)}`,
        isNumeric(type) || type.kind === 'float' ? EXACT_SUM : 'sum numbers',
        place,
      );
    },
    castResult: true,
  },
  avg: {
    result: ({ type }, place) => {
      if (isInteger(type)) return DOUBLE;
      throw new RuleProblem(`avg of ${typeName(type)}`, type.kind === 'decimal' ? AVERAGE : EXACT_SUM, place);
    },
  },
  min: { result: extreme },
  max: { result: extreme },
  bool_and: { result: truth },
  bool_or: { result: truth },
};

function extreme(argument: Typed, place: number | undefined): SqlType {
  requireComparable([argument], 'min or max', place);
  return argument.type;
}

function truth(argument: Typed, place: number | undefined): SqlType {
  requireBoolean(argument, 'the argument', place);
  return BOOLEAN;
}

export const AGGREGATE_NAMES: readonly string[] = [...Object.keys(AGGREGATES), 'count_star', 'count_if'];

function typed(type: SqlType, duckdb: string, athena: string): Typed {
  return { type, duckdb, athena, aggregate: true, readsRow: false };
}

/** @throws RuleProblem for an aggregate whose result depends on more than the set of its rows */
export function aggregate(call: AggregateCall): Typed {
  const { name, args, distinct, filter, place } = call;
  const [argument] = args;
  if (filter) requireBoolean(filter, 'the condition of FILTER', place);
  if ([...args, ...(filter ? [filter] : [])].some((a) => a.aggregate)) {
    throw new RuleProblem(`${name} holds another aggregate`, 'write one aggregate at a time', place);
  }
  const filtered = (engine: 'duckdb' | 'athena', more?: Typed): string => {
    const conditions = [filter, more].flatMap((c) => (c ? [c[engine]] : []));
    return conditions.length > 0 ? ` FILTER (WHERE ${conditions.join(' AND ')})` : '';
  };
  if (name === 'count_star')
    return typed(LONG, `count(*)${filtered('duckdb')}`, `count(*)${filtered('athena')}`);
  if (args.length !== 1 || !argument)
    throw new RuleProblem(`${name} has ${args.length} arguments`, 'give it 1', place);
  if (distinct && name !== 'count')
    throw new RuleProblem(`${name}(DISTINCT …)`, 'only count takes DISTINCT', place);
  if (distinct) requireComparable([argument], 'DISTINCT', place);
  if (name === 'count_if') {
    // DuckDB's own count_if gives NULL for a group in which the condition is NULL throughout.
    requireBoolean(argument, 'the argument of count_if', place);
    return typed(
      LONG,
      `count(*)${filtered('duckdb', argument)}`,
      `count_if(${argument.athena})${filtered('athena')}`,
    );
  }
  const { result, castResult } = AGGREGATES[name]!;
  const type = result(argument, place);
  const text = (engine: 'duckdb' | 'athena'): string =>
    `${name}(${distinct ? 'DISTINCT ' : ''}${argument[engine]})${filtered(engine)}`;
  const duckdb = castResult && type.kind === 'long' ? `CAST(${text('duckdb')} AS BIGINT)` : text('duckdb');
  return typed(type, duckdb, text('athena'));
}
