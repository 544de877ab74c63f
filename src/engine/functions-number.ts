import type { FunctionSpec, Parameter } from './function-spec.ts';
import { duckdbType } from './iceberg-schema.ts';
import {
  DOUBLE,
  LONG,
  STRING,
  BOOLEAN,
  asDecimal,
  decimal,
  type DecimalType,
  type SqlType,
} from './sql-type.ts';
import type { Typed } from './typed.ts';

const digits: Parameter = {
  literal: (text) => (/^\d{1,2}$/.test(text) ? undefined : 'write a whole number from 0'),
};
const nth: Parameter = {
  literal: (text) => (/^-?[1-9]\d{0,5}$/.test(text) ? undefined : 'write a whole number other than 0'),
};
const key: Parameter = { literal: () => undefined };

const kindOf = (args: Typed[]): SqlType => args[0]!.type;
/** Rounding a decimal to whole numbers takes its digits after the point away. */
const whole = ({ precision, scale }: DecimalType, carry: number): DecimalType =>
  decimal(Math.max(1, precision - scale + carry), 0);

function roundedType(args: Typed[]): SqlType {
  const type = kindOf(args);
  if (type.kind !== 'decimal') return type;
  return args.length === 1 ? whole(type, 1) : decimal(type.precision + 1, type.scale);
}

function wholeType(args: Typed[]): SqlType {
  const type = kindOf(args);
  return type.kind === 'decimal' ? whole(type, Math.min(1, type.scale)) : type;
}

/** DuckDB keeps other digits for decimals than Athena: the cast gives Athena's. */
const like =
  (name: string, result: (args: Typed[]) => SqlType) =>
  (args: string[], typed: Typed[]): string => {
    const type = result(typed);
    const call = `${name}(${args.join(', ')})`;
    return asDecimal(type) ? `CAST(${call} AS ${duckdbType(type as DecimalType)})` : call;
  };
const rounding = (name: string): FunctionSpec => ({
  parameters: ['number'],
  result: wholeType,
  duckdb: like(name, wholeType),
  rounded: true,
});

const elementOf = (args: Typed[]): SqlType => {
  const type = kindOf(args);
  return type.kind === 'list' ? type.element : type.kind === 'map' ? type.value : type;
};

/** Functions over numbers. */
export const NUMBER_FUNCTIONS: Record<string, FunctionSpec> = {
  abs: { parameters: ['number'], result: kindOf, duckdb: like('abs', kindOf) },
  round: {
    parameters: ['number', digits],
    optional: 1,
    result: roundedType,
    duckdb: like('round', roundedType),
    rounded: true,
  },
  floor: rounding('floor'),
  ceil: rounding('ceil'),
  ceiling: rounding('ceil'),
  truncate: { parameters: ['double'], result: DOUBLE, duckdb: ([x]) => `trunc(${x})`, rounded: true },
};

/** Functions over arrays and maps. */
export const NESTED_FUNCTIONS: Record<string, FunctionSpec> = {
  cardinality: { parameters: ['list'], result: LONG, duckdb: ([x]) => `len(${x})` },
  contains: {
    parameters: ['list', 'string'],
    result: BOOLEAN,
    check: ([list]) =>
      elementOf([list!]).kind === 'string' ? undefined : 'only arrays of varchar can be searched',
    macro: true,
  },
  array_join: {
    parameters: ['list', 'string'],
    result: STRING,
    check: ([list]) =>
      elementOf([list!]).kind === 'string' ? undefined : 'only arrays of varchar can be joined',
    macro: true,
  },
  element_at: { parameters: ['list', nth], result: elementOf, duckdb: ([x, n]) => `(${x})[${n}]` },
};
/** `element_at` of a map, which DuckDB spells in its own way. */
export const MAP_ELEMENT: FunctionSpec = {
  parameters: ['map', key],
  result: elementOf,
  duckdb: ([m, k]) => `(${m})[${k}]`,
};
