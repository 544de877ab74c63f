import { athenaType, type ColumnType } from '../definition/column.ts';
import type { RuleSql } from '../definition/plan.ts';
import { RuleProblem } from './rule-problem.ts';
import type { Scope } from './scope.ts';
import type { Session } from './session.ts';
import { checkSpelling } from './sql-spelling.ts';
import { parseExpression } from './sql-tree.ts';
import { duckdbType } from './iceberg-schema.ts';
import { isColumnType, typeName } from './sql-type.ts';
import { Translation } from './translate.ts';

/** What an expression is for: a value of one row, a condition on one row, or a measure of many rows. */
export type RuleUse = 'value' | 'condition' | 'measure';

/** A rule text, checked and written for both engines. */
export interface CompiledRule extends RuleSql {
  type: ColumnType;
  /** Aliases of the lookups it reads. */
  lookups: ReadonlySet<string>;
}

/** The engines give results of other widths: a sum is 128 bits in DuckDB, a literal is varchar(5) in Athena. */
const casted = ({ athena, duckdb }: RuleSql, type: ColumnType): RuleSql => ({
  athena: `CAST(${athena} AS ${athenaType(type)})`,
  duckdb: `CAST(${duckdb} AS ${duckdbType(type)})`,
});

/**
 * Checks one rule text and writes it for Athena and for DuckDB, so that both give the same value for the same row.
 * The texts are written anew from the syntax tree: fully parenthesised, names quoted, types cast where the engines
 * would convert differently. DuckDB's text needs an engine's prelude.
 *
 * @param text SQL in the subset of Athena's that both engines answer alike
 * @throws RuleProblem with what is wrong and what to write instead
 * @example
 * await compileRule(session, `coalesce(delay_minutes, 0) > 15`, { of: 'stream flight_events', columns }, 'condition')
 */
export async function compileRule(
  session: Session,
  text: string,
  scope: Scope,
  use: RuleUse,
): Promise<CompiledRule> {
  checkSpelling(text);
  const tree = await parseExpression(
    session,
    text,
    scope.columns.map((c) => c.name),
  );
  const translation = new Translation(scope);
  const { type, duckdb, athena, aggregate, readsRow } = translation.translate(tree);
  if (!isColumnType(type)) {
    const remedy =
      type.kind === 'null' ? 'write CAST(NULL AS type)' : `write CAST(x AT TIME ZONE 'UTC' AS timestamp(3))`;
    throw new RuleProblem(`has the type ${typeName(type)}, which no column can have`, remedy);
  }
  if (use === 'condition' && type.kind !== 'boolean') {
    throw new RuleProblem(
      `is ${typeName(type)}, not a condition`,
      'write a comparison, such as x > 0 or x IS NOT NULL',
    );
  }
  if (use === 'measure' && (!aggregate || readsRow)) {
    const remedy = 'write an aggregate, such as count(*) or max(x), around every column';
    throw new RuleProblem(aggregate ? 'reads a column outside of an aggregate' : 'has no aggregate', remedy);
  }
  if (use !== 'measure' && aggregate) throw new RuleProblem('has an aggregate', 'aggregate in a Gold table');
  const typed = tree.class === 'COLUMN_REF' || tree.class === 'CAST';
  const texts = typed || use === 'condition' ? { athena, duckdb } : casted({ athena, duckdb }, type);
  return { ...texts, type, lookups: translation.lookups };
}
