import type { PlanGroup, PlanSilver } from '../definition/plan.ts';
import { ident, idents } from '../engine/sql-text.ts';
import { DELETED } from '../engine/visible.ts';

/** Names of the session's tables during a merge. */
export const SOURCE = (realtime: string): string => `src_${realtime}`;
export const CHANGED = (group: string): string => `changed_${group}`;
export const LOOKUP = (join: string): string => `lookup_${join}`;
export const REJOINED = (join: string): string => `rejoined_${join}`;
export const KEYS = 'changed_keys';
export const CURRENT = 'current_rows';
export const NEXT = 'next_rows';

/** The columns a group sets beside the key. */
export function ownColumns(silver: PlanSilver, group: PlanGroup): PlanGroup['columns'] {
  return group.columns.filter((c) => !silver.key.includes(c.name));
}

/** The newest row of each key that sets a group's columns, by `ord` and not by arrival. */
export function changedSql(silver: PlanSilver, group: PlanGroup): string {
  const keys = silver.key.map((k) => {
    const chosen = group.columns.find((c) => c.name === k);
    return `${chosen ? `(${chosen.expression.duckdb})` : ident(k)} AS ${ident(k)}`;
  });
  const columns = ownColumns(silver, group).map((c) => `(${c.expression.duckdb}) AS ${ident(c.name)}`);
  const deleted = group.deleteWhen ? `coalesce((${group.deleteWhen.duckdb}), false)` : 'false';
  const where = group.when ? `WHERE (${group.when.duckdb})` : '';
  return `SELECT * FROM (
      SELECT ${[...keys, ...columns].join(', ')}, ${deleted} AS ${DELETED}, _ord
      FROM ${ident(SOURCE(group.from))} ${where})
    QUALIFY row_number() OVER (PARTITION BY ${idents(silver.key)} ORDER BY _ord DESC) = 1`;
}

/** Every key that a group's rows or a late row of a joined table touches. */
export function keysSql(silver: PlanSilver): string {
  const parts = [
    ...silver.groups.map((g) => `SELECT ${idents(silver.key)} FROM ${ident(CHANGED(g.name))}`),
    ...silver.joins.map((j) => `SELECT ${idents(silver.key)} FROM ${ident(REJOINED(j.name))}`),
  ];
  return parts.join(' UNION ');
}

/**
 * The columns that a merge must know of the rows it may replace. Where one group sets the whole row, the newer row
 * brings everything: then reading the key and its order is enough, beside what `used` says others want of the old rows.
 */
export function heldColumns(silver: PlanSilver, columns: string[], used: string[]): string[] {
  const [only, ...others] = silver.groups;
  if (others.length > 0 || silver.joins.length > 0) return columns;
  const needed = new Set([...silver.key, only!.ordColumn, DELETED, ...used]);
  return columns.filter((c) => needed.has(c));
}

function mergedColumns(silver: PlanSilver, held: ReadonlySet<string>, unknown: readonly string[]): string[] {
  const fact = silver.groups.find((g) => g.fact)!;
  const newer = (g: PlanGroup): string => `${ident(g.name)}._ord > coalesce(c.${ident(g.ordColumn)}, '')`;
  const pick = (g: PlanGroup, from: string, to: string): string =>
    !held.has(to)
      ? `${ident(g.name)}.${ident(from)} AS ${ident(to)}`
      : `CASE WHEN ${newer(g)} THEN ${ident(g.name)}.${ident(from)} ELSE c.${ident(to)} END AS ${ident(to)}`;
  return [
    idents(silver.key, 'k.'),
    ...silver.groups.flatMap((g) => ownColumns(silver, g).map((c) => pick(g, c.name, c.name))),
    ...silver.groups.map((g) => pick(g, '_ord', g.ordColumn)),
    `CASE WHEN ${newer(fact)} THEN ${ident(fact.name)}.${DELETED} ELSE c.${DELETED} END AS ${DELETED}`,
    ...unknown.map((name) => `${held.has(name) ? `c.${ident(name)}` : 'NULL'} AS ${ident(name)}`),
    `(${silver.groups.map((g) => `coalesce(${newer(g)}, false)`).join(' OR ')}) AS _advanced`,
    ...silver.joins.flatMap((j) => j.columns.map((c) => `c.${ident(c.name)} AS ${ident(`_was_${c.name}`)}`)),
  ];
}

/**
 * The merged rows that differ from what the table holds: per column group the higher `ord` wins, then declared joins
 * are looked up. A late older event may set columns of its own group and never touches another's.
 * @param held the columns that the session's current rows have
 * @param unknown columns of the table that the plan does not know: they keep what they hold
 */
export function nextSql(
  silver: PlanSilver,
  columns: string[],
  held: string[] = columns,
  unknown: readonly string[] = [],
): string {
  const using = `USING (${idents(silver.key)})`;
  const groups = silver.groups.map((g) => `LEFT JOIN ${ident(CHANGED(g.name))} AS ${ident(g.name)} ${using}`);
  const onColumn = (join: string, column: string): string => ident(`_on_${join}_${column}`);
  const on = silver.joins.flatMap((j) =>
    j.on.map((o) => `(${o.expression.duckdb}) AS ${onColumn(j.name, o.column)}`),
  );
  const joins = silver.joins.map((j) => {
    const condition = j.on.map((o) => `l_${j.name}.${ident(o.column)} = m.${onColumn(j.name, o.column)}`);
    return `LEFT JOIN ${ident(LOOKUP(j.name))} AS l_${j.name} ON ${condition.join(' AND ')}`;
  });
  const joined = new Map(
    silver.joins.flatMap((j) => j.columns.map((c) => [c.name, `l_${j.name}.${ident(`_out_${c.name}`)}`])),
  );
  const select = columns.map((c) => `${joined.get(c) ?? `m.${ident(c)}`} AS ${ident(c)}`);
  const differs = [...joined].map(([name, value]) => `${value} IS DISTINCT FROM m.${ident(`_was_${name}`)}`);
  return `
    WITH merged AS (
      SELECT ${mergedColumns(silver, new Set(held), unknown).join(',\n        ')}
      FROM ${KEYS} k LEFT JOIN ${CURRENT} c ${using} ${groups.join(' ')}),
    placed AS (SELECT *${on.length > 0 ? `, ${on.join(', ')}` : ''} FROM merged)
    SELECT ${select.join(', ')} FROM placed m ${joins.join(' ')}
    WHERE ${['m._advanced', ...differs].join(' OR ')}`;
}
