import { nearest } from '../definition/nearest.ts';
import { AGGREGATE_NAMES } from './aggregates.ts';
import { checkArguments, type FunctionSpec } from './function-spec.ts';
import { MAP_ELEMENT, NESTED_FUNCTIONS, NUMBER_FUNCTIONS } from './functions-number.ts';
import { TEXT_FUNCTIONS } from './functions-text.ts';
import { TIME_FUNCTIONS } from './functions-time.ts';
import { PRELUDE_SCHEMA } from './prelude.ts';
import { RuleProblem } from './rule-problem.ts';
import { combine, type Typed } from './typed.ts';

const FUNCTIONS: ReadonlyMap<string, FunctionSpec> = new Map([
  ...Object.entries(TEXT_FUNCTIONS),
  ...Object.entries(TIME_FUNCTIONS),
  ...Object.entries(NUMBER_FUNCTIONS),
  ...Object.entries(NESTED_FUNCTIONS),
]);

/** Functions that are refused for a reason of their own, with what to write instead. */
const REFUSED: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [
      'now',
      'random',
      'rand',
      'uuid',
      'gen_random_uuid',
      'today',
      'get_current_timestamp',
      'transaction_timestamp',
    ].map((name) => [name, 'it gives another value in each run; use a column, such as the event time']),
  ),
  ...Object.fromEntries(
    [
      'max_by',
      'min_by',
      'arbitrary',
      'any_value',
      'first',
      'last',
      'array_agg',
      'list',
      'listagg',
      'string_agg',
    ].map((name) => [name, 'its result depends on the order of rows; use min or max']),
  ),
  ...Object.fromEntries(
    ['json_extract_scalar', 'json_extract', 'json_extract_string', 'json_value', 'json_query'].map((name) => [
      name,
      'declare the field as a column of the stream: the engines write numbers in JSON differently',
    ]),
  ),
  ...Object.fromEntries(
    [
      'power',
      'pow',
      'sqrt',
      'ln',
      'log',
      'log10',
      'log2',
      'exp',
      'sin',
      'cos',
      'tan',
      'stddev',
      'variance',
    ].map((name) => [name, 'its last digits differ by engine; compute it where you read']),
  ),
  mod: 'write a % b',
  approx_distinct: 'write count(DISTINCT x)',
  approx_percentile: 'its result differs by engine; compute it where you read',
  format: 'write concat(a, b), CAST(x AS varchar) or date_format',
  row: 'write one expression',
  position: 'write strpos(text, part)',
  unnest: 'one record makes one row',
  error: 'filter with where, or let the contract refuse the record',
};

/** What the rules know, for messages and documentation. */
export const FUNCTION_NAMES: readonly string[] = [
  ...FUNCTIONS.keys(),
  ...[
    'coalesce',
    'nullif',
    'concat',
    'greatest',
    'least',
    'count',
    'sum',
    'avg',
    'min',
    'max',
    'count_if',
    'bool_and',
    'bool_or',
  ],
];

/**
 * A call of a scalar function of the subset.
 * @throws RuleProblem when it is not in the subset or its arguments do not fit
 */
export function callFunction(name: string, args: Typed[], place: number | undefined): Typed {
  const isMapElement = name === 'element_at' && args[0]?.type.kind === 'map';
  const spec = isMapElement ? MAP_ELEMENT : FUNCTIONS.get(name);
  if (!spec) {
    const remedy = REFUSED[name] ?? `write ${nearest(name, FUNCTION_NAMES, 4)}`;
    throw new RuleProblem(`the function ${name} is not in the subset`, remedy, place);
  }
  checkArguments(name, spec, args, place);
  const type = typeof spec.result === 'function' ? spec.result(args) : spec.result;
  const duckdb = args.map((a) => a.duckdb);
  const athena = args.map((a) => a.athena);
  const called = `${spec.macro ? `${PRELUDE_SCHEMA}.` : ''}${name}`;
  const result = combine(
    type,
    spec.duckdb?.(duckdb, args) ?? `${called}(${duckdb.join(', ')})`,
    spec.athena?.(athena, args) ?? `${name}(${athena.join(', ')})`,
    args,
  );
  return spec.rounded ? { ...result, rounded: true } : result;
}

export const isAggregate = (name: string): boolean => AGGREGATE_NAMES.includes(name);
