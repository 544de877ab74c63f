import { athenaType, type PlanColumn } from '../definition/column.ts';
import type { GoldDefinition, Sql } from '../definition/definition.ts';
import type { PlanGold, PlanSilver, RuleSql } from '../definition/plan.ts';
import { derivedColumn } from './compile-realtime.ts';
import { silverScope } from './compile-silver.ts';
import type { RuleBook } from './rule-book.ts';
import { isComparable } from './sql-type.ts';

/** Compiles a Gold table over its Silver table. */
export async function compileGold(
  book: RuleBook,
  name: string,
  gold: GoldDefinition,
  from: PlanSilver,
): Promise<PlanGold> {
  const path = `gold.${name}`;
  const scope = silverScope(from.name, from.columns);
  const columns: PlanColumn[] = [];
  const where = gold.where && (await book.compile(`${path}.where`, gold.where, scope, 'condition'));
  const compile = async (
    part: 'groupBy' | 'measures',
    entries: Record<string, Sql | string>,
  ): Promise<PlanGold['groupBy']> => {
    const compiled: { name: string; expression: RuleSql }[] = [];
    for (const [column, rule] of Object.entries(entries)) {
      const at = `${path}.${part}.${column}`;
      const found = await book.compile(at, rule, scope, part === 'groupBy' ? 'value' : 'measure');
      if (!found) continue;
      const { athena, duckdb, type } = found;
      if (part === 'groupBy' && (!isComparable(type) || type.kind === 'double')) {
        const remedy =
          type.kind === 'double'
            ? 'cast it to decimal: CAST(round(x, 2) AS decimal(18, 2))'
            : 'group by a plain value';
        book.problems.add(at, rule, `rows cannot be grouped by ${athenaType(type)}`, remedy);
      }
      columns.push(derivedColumn(column, type));
      compiled.push({ name: column, expression: { athena, duckdb } });
    }
    return compiled;
  };
  const groupBy = await compile('groupBy', gold.groupBy);
  const measures = await compile('measures', gold.measures);
  return {
    name,
    from: gold.from,
    ...(where ? { where: { athena: where.athena, duckdb: where.duckdb } } : {}),
    groupBy,
    measures,
    columns,
  };
}
