import { athenaType, type PlanColumn } from '../definition/column.ts';
import type {
  ColumnChoice,
  GroupDefinition,
  JoinDefinition,
  SilverDefinition,
  Sql,
} from '../definition/definition.ts';
import type { PlanGroup, PlanJoin, PlanRealtime, PlanSilver, RuleSql } from '../definition/plan.ts';
import { ORD_COLUMN } from '../definition/tables.ts';
import type { RuleBook } from './rule-book.ts';
import type { Scope } from './scope.ts';
import { commonType } from './sql-type.ts';

/** The name of the only group of modes upsert and append. */
export const WHOLE_ROW = 'row';

interface Chosen {
  columns: PlanColumn[];
  expressions: { name: string; expression: RuleSql }[];
}

export const realtimeScope = (table: PlanRealtime): Scope => ({
  of: `the real-time table "${table.name}"`,
  columns: table.columns,
});
export const silverScope = (name: string, columns: readonly PlanColumn[]): Scope => ({
  of: `the Silver table "${name}"`,
  columns,
});
const texts = ({ athena, duckdb }: RuleSql): RuleSql => ({ athena, duckdb });

async function choose(
  book: RuleBook,
  path: string,
  choice: ColumnChoice,
  from: Scope,
  keepsRequired: boolean,
): Promise<Chosen> {
  const chosen: Chosen = { columns: [], expressions: [] };
  const entries: [string, Sql | string][] = Array.isArray(choice)
    ? choice.map((name) => [name, name])
    : Object.entries(choice);
  for (const [name, rule] of entries) {
    const expression = await book.compile(`${path}.${name}`, rule, from, 'value');
    if (!expression) continue;
    const source = typeof rule === 'string' ? from.columns.find((c) => c.name === rule) : undefined;
    const required = keepsRequired && (source?.required ?? false);
    const doc = source?.doc === undefined ? {} : { doc: source.doc };
    chosen.columns.push({ name, type: expression.type, required, ...doc });
    chosen.expressions.push({ name, expression: texts(expression) });
  }
  return chosen;
}

async function condition(
  book: RuleBook,
  path: string,
  rule: Sql | undefined,
  scope: Scope,
): Promise<RuleSql | undefined> {
  const compiled = rule && (await book.compile(path, rule, scope, 'condition'));
  return compiled && texts(compiled);
}

async function compileGroup(
  book: RuleBook,
  path: string,
  whenPath: string,
  group: GroupDefinition,
  source: PlanRealtime,
  names: { group: string; ordColumn: string; keepsRequired: boolean },
): Promise<{ group: PlanGroup; columns: PlanColumn[] }> {
  const scope = realtimeScope(source);
  const when = await condition(book, whenPath, group.when, scope);
  const deleteWhen = await condition(book, `${path}.deleteWhen`, group.deleteWhen, scope);
  const chosen = await choose(book, `${path}.columns`, group.columns, scope, names.keepsRequired);
  return {
    columns: chosen.columns,
    group: {
      name: names.group,
      from: group.from,
      ...(when ? { when } : {}),
      columns: chosen.expressions,
      fact: group.fact ?? false,
      ...(deleteWhen ? { deleteWhen } : {}),
      ordColumn: names.ordColumn,
    },
  };
}

async function compileJoin(
  book: RuleBook,
  path: string,
  name: string,
  join: JoinDefinition,
  own: Scope,
  from: PlanSilver,
): Promise<{ join: PlanJoin; columns: PlanColumn[] }> {
  const on: PlanJoin['on'] = [];
  // In the order of the key, so that the plan does not depend on how the definition is written.
  for (const column of from.key) {
    const rule = join.on[column]!;
    const expression = await book.compile(`${path}.on.${column}`, rule, own, 'value');
    if (!expression) continue;
    const key = from.columns.find((c) => c.name === column)!;
    if (!commonType(expression.type, key.type)) {
      const types = `${athenaType(expression.type)} cannot be compared with ${athenaType(key.type)}`;
      book.problems.add(`${path}.on.${column}`, rule, types, `cast it to ${athenaType(key.type)}`);
    }
    on.push({ column, expression: texts(expression) });
  }
  const chosen = await choose(
    book,
    `${path}.columns`,
    join.columns,
    silverScope(from.name, from.columns),
    false,
  );
  return { join: { name, from: join.from, on, columns: chosen.expressions }, columns: chosen.columns };
}

/** Modes upsert and append are one group that sets the whole row. */
function groupsOf(
  silver: SilverDefinition,
  source: (name: string) => PlanRealtime,
): Record<string, GroupDefinition> {
  if (silver.mode === 'enrich') return silver.groups;
  const key = silver.mode === 'upsert' ? silver.key : [];
  const all = silver.columns ?? source(silver.from).columns.map((c) => c.name);
  const columns = Array.isArray(all) ? all.filter((name) => !key.includes(name)) : all;
  return {
    [WHOLE_ROW]: {
      from: silver.from,
      columns,
      fact: true,
      ...(silver.where ? { when: silver.where } : {}),
      ...(silver.mode === 'upsert' && silver.deleteWhen ? { deleteWhen: silver.deleteWhen } : {}),
    },
  };
}

/** Compiles a Silver table; the tables it joins are compiled already. */
export async function compileSilver(
  book: RuleBook,
  name: string,
  silver: SilverDefinition,
  realtime: readonly PlanRealtime[],
  compiled: readonly PlanSilver[],
): Promise<PlanSilver> {
  const path = `silver.${name}`;
  const enrich = silver.mode === 'enrich';
  const source = (table: string): PlanRealtime => realtime.find((t) => t.name === table)!;
  const groups = groupsOf(silver, source);
  const key = silver.mode === 'append' ? [] : silver.key;
  const first = source(Object.values(groups)[0]!.from);
  const columns: PlanColumn[] = key.map((k) => first.columns.find((c) => c.name === k)!);
  const planned: PlanGroup[] = [];
  for (const [group, definition] of Object.entries(groups)) {
    const at = enrich ? `${path}.groups.${group}` : path;
    const ordColumn = enrich ? `${ORD_COLUMN.name}_${group}` : ORD_COLUMN.name;
    const whenPath = enrich ? `${at}.when` : `${at}.where`;
    const names = { group, ordColumn, keepsRequired: !enrich };
    const result = await compileGroup(book, at, whenPath, definition, source(definition.from), names);
    planned.push(result.group);
    columns.push(...result.columns);
  }
  const own = silverScope(name, [...columns]);
  const joins: PlanJoin[] = [];
  for (const [join, definition] of Object.entries(enrich ? (silver.joins ?? {}) : {})) {
    const from = compiled.find((s) => s.name === definition.from);
    // A table with problems of its own is not compiled; they are told there.
    if (!from) continue;
    const result = await compileJoin(book, `${path}.joins.${join}`, join, definition, own, from);
    joins.push(result.join);
    columns.push(...result.columns);
  }
  return { name, mode: silver.mode, key, columns, groups: planned, joins };
}

/** Silver tables with what they join before them; otherwise in the order of the definition. */
export function inOrderOfJoins(silver: Readonly<Record<string, SilverDefinition>>): string[] {
  const ordered: string[] = [];
  const visit = (name: string): void => {
    if (ordered.includes(name)) return;
    const table = silver[name];
    if (table?.mode === 'enrich') for (const join of Object.values(table.joins ?? {})) visit(join.from);
    ordered.push(name);
  };
  Object.keys(silver).forEach(visit);
  return ordered;
}
