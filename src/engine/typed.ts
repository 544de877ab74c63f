import { RuleProblem } from './rule-problem.ts';
import { duckdbType } from './iceberg-schema.ts';
import { commonType, isColumnType, sameType, typeName, type SqlType } from './sql-type.ts';
import { athenaType } from '../definition/column.ts';

/** A checked expression: its type, and one text per engine in which every operation stands in parentheses. */
export interface Typed {
  type: SqlType;
  duckdb: string;
  athena: string;
  /** Holds an aggregate. */
  aggregate: boolean;
  /** Reads a column outside of any aggregate. */
  readsRow: boolean;
  /** The value, when the expression is a literal. */
  literal?: string;
  /** Never zero: a literal, or made so by nullif. */
  nonZero?: boolean;
  /** A double that holds a whole number or one rounded to few digits, which casts to exact types alike in both engines. */
  rounded?: boolean;
}

/** Aggregation and row access of a whole follow from its parts. */
export function combine(type: SqlType, duckdb: string, athena: string, parts: Typed[]): Typed {
  return {
    type,
    duckdb,
    athena,
    aggregate: parts.some((p) => p.aggregate),
    readsRow: parts.some((p) => p.readsRow),
  };
}

/** The value under another type, by a cast in both texts. */
export function castTo(value: Typed, type: SqlType): Typed {
  if (sameType(value.type, type) || !isColumnType(type)) return value;
  return {
    ...value,
    type,
    duckdb: `CAST(${value.duckdb} AS ${duckdbType(type)})`,
    athena: `CAST(${value.athena} AS ${athenaType(type)})`,
  };
}

/**
 * Brings values that are compared or chosen between to one type, with casts where the engines would convert on
 * their own and might do so differently.
 * @throws RuleProblem when Athena would refuse the pair
 */
export function unify(
  values: Typed[],
  what: string,
  place: number | undefined,
): { type: SqlType; values: Typed[] } {
  let type: SqlType = { kind: 'null' };
  for (const value of values) {
    const common = commonType(type, value.type);
    if (!common) {
      throw new RuleProblem(
        `${what} mixes ${typeName(type)} with ${typeName(value.type)}`,
        `cast one side: CAST(x AS ${typeName(type)})`,
        place,
      );
    }
    type = common;
  }
  const widened = type;
  // Integers of both widths compare alike without a cast, and a cast would hide column statistics.
  const plain = widened.kind === 'long';
  return {
    type,
    values: plain ? values : values.map((v) => (v.type.kind === 'null' ? v : castTo(v, widened))),
  };
}
