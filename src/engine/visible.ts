import type { PlanSilver } from '../definition/plan.ts';
import { ident } from './sql-text.ts';

/** Marks a Silver row whose key was deleted; it stays until late older rows can no longer come. */
export const DELETED = '_deleted';

/** Condition that a row is there for analysts: its fact has come (its order is known) and is not deleted. */
export function visible(ord: string, deleted: string): string {
  return `${ord} IS NOT NULL AND NOT coalesce(${deleted}, false)`;
}

/** The same over the columns of a Silver table. */
export function visibleSql(silver: PlanSilver): string {
  if (silver.mode === 'append') return 'true';
  const fact = silver.groups.find((g) => g.fact)!;
  return `(${visible(ident(fact.ordColumn), DELETED)})`;
}
