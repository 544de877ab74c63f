import type { Plan } from '../definition/plan.ts';

/** One unit of integration work; a state of the cloud's state machine, an await of the local runner. */
export interface IntegrationStep {
  id: string;
  kind: 'merge' | 'aggregate';
  /** A Silver table for `merge`, a Gold table for `aggregate`. */
  table: string;
}

/**
 * The integration run as data: stages one after another, the steps of a stage independent of each other.
 * The state machine in the cloud and the local runner are both made from it.
 */
export function integrationStages(plan: Plan): IntegrationStep[][] {
  const stages: IntegrationStep[][] = [];
  const stageOf = new Map<string, number>();
  for (const table of plan.silver) {
    // plan.silver is in order of dependency: what a join reads has its stage already.
    const stage = Math.max(0, ...table.joins.map((j) => stageOf.get(j.from)! + 1));
    stageOf.set(table.name, stage);
    (stages[stage] ??= []).push({ id: `merge-${table.name}`, kind: 'merge', table: table.name });
  }
  const gold = plan.gold.map((t): IntegrationStep => ({
    id: `aggregate-${t.name}`,
    kind: 'aggregate',
    table: t.name,
  }));
  return gold.length > 0 ? [...stages, gold] : stages;
}
