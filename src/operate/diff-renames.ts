import type { Plan, PlanRealtime, PlanSilver } from '../definition/plan.ts';
import type { TableSpec } from '../definition/tables.ts';

/** New column name → earlier name. */
export type Renames = ReadonlyMap<string, string>;

const named = (plan: Plan, layer: string, table: string): [string, string][] =>
  Object.entries(plan.renames?.columns[`${layer}.${table}`] ?? {});

function ofRealtime(plan: Plan, table: PlanRealtime): Renames {
  const stream = plan.streams.find((s) => s.name === table.stream);
  const declared = (stream?.columns ?? []).flatMap(({ name, renamedFrom }): [string, string][] =>
    renamedFrom === undefined ? [] : [[name, renamedFrom]],
  );
  return new Map([...declared, ...named(plan, 'realtime', table.name)]);
}

/** True when an expression is the source's column of that name, unchanged. */
const isPlain = (name: string, sql: string): boolean => sql.trim() === name || sql.trim() === `"${name}"`;

function ofSilver(plan: Plan, table: PlanSilver): Renames {
  const followed: [string, string][] = [];
  const follow = (source: Renames, columns: { name: string; sql: string }[]): void => {
    for (const { name, sql } of columns) {
      const earlier = source.get(name);
      if (earlier !== undefined && isPlain(name, sql)) followed.push([name, earlier]);
    }
  };
  for (const group of table.groups) {
    const source = plan.realtime.find((t) => t.name === group.from);
    if (!source) continue;
    const chosen = group.columns.map((c) => ({ name: c.name, sql: c.expression.athena }));
    const keys = table.key.filter((k) => !chosen.some((c) => c.name === k)).map((k) => ({ name: k, sql: k }));
    follow(ofRealtime(plan, source), [...keys, ...chosen]);
  }
  for (const join of table.joins) {
    const other = plan.silver.find((s) => s.name === join.from);
    const columns = join.columns.map((c) => ({ name: c.name, sql: c.expression.athena }));
    if (other) follow(ofSilver(plan, other), columns);
  }
  return new Map([...followed, ...named(plan, 'silver', table.name)]);
}

/**
 * Earlier names of a table's columns. A column that a table takes from its source as it is follows the source's; one
 * that an expression makes has an earlier name only where the table's own `renamedColumns` says so.
 */
export function renamesIn(plan: Plan, { layer, name }: TableSpec): Renames {
  const realtime = plan.realtime.find((t) => layer === 'realtime' && t.name === name.table);
  if (realtime) return ofRealtime(plan, realtime);
  const silver = plan.silver.find((t) => layer === 'silver' && t.name === name.table);
  if (silver) return ofSilver(plan, silver);
  const gold = plan.gold.find((t) => layer === 'gold' && t.name === name.table);
  if (!gold) return new Map();
  const from = plan.silver.find((s) => s.name === gold.from);
  const source = from ? ofSilver(plan, from) : new Map<string, string>();
  const groups = gold.groupBy.flatMap(({ name: column, expression }): [string, string][] => {
    const earlier = source.get(column);
    return earlier !== undefined && isPlain(column, expression.athena) ? [[column, earlier]] : [];
  });
  return new Map([...groups, ...named(plan, 'gold', gold.name)]);
}
