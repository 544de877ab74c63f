import { athenaType, type ColumnType } from '../definition/column.ts';
import type { Plan, PlanGold, PlanGroup, PlanJoin, PlanSilver, RuleSql } from '../definition/plan.ts';
import { duckdbType } from '../engine/iceberg-schema.ts';
import { ident, idents } from '../engine/sql-text.ts';
import { DELETED, visible } from '../engine/visible.ts';

export type Dialect = keyof RuleSql;

/** How a view's text names what it reads. */
export interface ViewSources {
  realtime(name: string): string;
  /** The Silver table, for the rows that are shown as they are. */
  silver(name: string): string;
  /**
   * The same snapshot of it, for looking rows up by key or by position.
   * @default `silver`
   */
  silverLookup?(name: string): string;
  /** The unified view of a Silver table. */
  view(name: string): string;
  /**
   * A condition over `_shard` and `_seq` that holds for every row of the real-time table that Silver lacks. It only
   * saves work: the view is right with a stale one and without.
   */
  beyond?(realtime: string): string | undefined;
}

interface View {
  plan: Plan;
  silver: PlanSilver;
  dialect: Dialect;
  sources: ViewSources;
}

const setBy = (group: PlanGroup): string => ident(`set_${group.name}`);
const equal = (names: string[], left: string, right: string): string =>
  names.map((n) => `${left}.${ident(n)} = ${right}.${ident(n)}`).join(' AND ');
const all = (conditions: (string | undefined)[]): string => {
  const given = conditions.filter((c) => c !== undefined);
  return given.length > 0 ? ` WHERE ${given.join(' AND ')}` : '';
};

function typeSql(type: ColumnType, dialect: Dialect): string {
  return dialect === 'athena' ? athenaType(type) : duckdbType(type);
}

/** True when the expression is the real-time table's column of that name, unchanged, in the type that Silver has. */
export function isPlainColumn(
  plan: Plan,
  silver: PlanSilver,
  realtime: string,
  name: string,
  sql: string,
): boolean {
  const source = plan.realtime.find((t) => t.name === realtime)?.columns.find((c) => c.name === name);
  const target = silver.columns.find((c) => c.name === name);
  if (!source || !target || (sql.trim() !== name && sql.trim() !== ident(name))) return false;
  return JSON.stringify(source.type) === JSON.stringify(target.type);
}

/** An expression over a row of `realtime`, in the type and under the name that Silver stores it. */
function stored({ plan, silver, dialect }: View, realtime: string, name: string, sql: string): string {
  const target = silver.columns.find((c) => c.name === name);
  if (!target || isPlainColumn(plan, silver, realtime, name, sql)) return `(${sql}) AS ${ident(name)}`;
  return `CAST((${sql}) AS ${typeSql(target.type, dialect)}) AS ${ident(name)}`;
}

/** The expressions by which a group sets key and columns, in the order of the table's columns. */
export function groupExpressions(
  silver: PlanSilver,
  group: PlanGroup,
): { name: string; expression: RuleSql }[] {
  const chosen = new Map(group.columns.map((c) => [c.name, c.expression]));
  return silver.columns.flatMap(({ name }) => {
    const plain = silver.key.includes(name) ? { athena: ident(name), duckdb: ident(name) } : undefined;
    const expression = chosen.get(name) ?? plain;
    return expression ? [{ name, expression }] : [];
  });
}

/** Rows of a group's real-time table as the group writes them. */
function groupRows(view: View, group: PlanGroup, system: string[]): string {
  const { dialect, sources, silver } = view;
  const columns = groupExpressions(silver, group).map((c) =>
    stored(view, group.from, c.name, c.expression[dialect]),
  );
  const when = group.when && `(${group.when[dialect]})`;
  const where = all([when, sources.beyond?.(group.from)]);
  return `SELECT ${[...columns, ...system].join(', ')} FROM ${sources.realtime(group.from)}${where}`;
}

/** The newest row of each key that sets a group's columns. A row without a key is in no keyed table. */
function newestRows(view: View, group: PlanGroup): string {
  const { silver, dialect } = view;
  const deleted = group.deleteWhen ? `coalesce((${group.deleteWhen[dialect]}), false)` : 'false';
  const rows = groupRows(view, group, [`${deleted} AS ${DELETED}`, '_ord']);
  const keyed = silver.key.map((k) => `${ident(k)} IS NOT NULL`).join(' AND ');
  const rank = `row_number() OVER (PARTITION BY ${idents(silver.key)} ORDER BY _ord DESC) AS _rank`;
  return `SELECT * FROM (SELECT r.*, ${rank} FROM (${rows}) AS r WHERE ${keyed}) AS r WHERE _rank = 1`;
}

/** Silver rows that nothing in the real-time tables can change. DuckDB runs NOT EXISTS three times as long. */
function untouchedRows({ silver, sources }: View, own: string[], fact: PlanGroup): string {
  const shown = visible(`s.${ident(fact.ordColumn)}`, `s.${DELETED}`);
  return `SELECT ${idents(own, 's.')}
    FROM ${sources.silver(silver.name)} AS s LEFT JOIN changed AS k ON ${equal(silver.key, 'k', 's')}
    WHERE k.${ident(silver.key[0]!)} IS NULL AND ${shown}`;
}

/**
 * Silver rows of the keys that real-time rows touch. An inner join by the few keys comes first, because engines push
 * its keys into the scan; an outer join would read all of Silver.
 */
function heldRows({ silver, sources }: View, own: string[]): string {
  const columns = [...own, ...silver.groups.map((g) => g.ordColumn), DELETED];
  const lookup = (sources.silverLookup ?? sources.silver)(silver.name);
  return `SELECT ${idents(columns, 's.')} FROM ${lookup} AS s JOIN changed AS k ON ${equal(silver.key, 's', 'k')}`;
}

/** The rows of keys that real-time rows touch: per column group the side with the higher `ord` wins. */
function touchedRows({ silver }: View, own: string[], fact: PlanGroup): string {
  const newer = (g: PlanGroup): string => `${setBy(g)}._ord > coalesce(s.${ident(g.ordColumn)}, '')`;
  const pick = (g: PlanGroup, from: string, kept: string): string =>
    `CASE WHEN ${newer(g)} THEN ${setBy(g)}.${ident(from)} ELSE s.${ident(kept)} END`;
  const columns = own.map((name) => {
    if (silver.key.includes(name)) return `k.${ident(name)}`;
    const group = silver.groups.find((g) => g.columns.some((c) => c.name === name))!;
    return `${pick(group, name, name)} AS ${ident(name)}`;
  });
  const system = [
    `${pick(fact, '_ord', fact.ordColumn)} AS _fact_ord`,
    `${pick(fact, DELETED, DELETED)} AS ${DELETED}`,
  ];
  const joins = silver.groups.map((g) => `LEFT JOIN ${setBy(g)} ON ${equal(silver.key, setBy(g), 'k')}`);
  return `SELECT ${idents(own)} FROM (
      SELECT ${[...columns, ...system].join(', ')}
      FROM changed AS k LEFT JOIN held AS s ON ${equal(silver.key, 's', 'k')} ${joins.join(' ')}
    ) AS t WHERE ${visible('_fact_ord', DELETED)}`;
}

function keyedSql(view: View): string {
  const { silver } = view;
  const joined = new Set(silver.joins.flatMap((j) => j.columns.map((c) => c.name)));
  const own = silver.columns.map((c) => c.name).filter((n) => !joined.has(n));
  const fact = silver.groups.find((g) => g.fact)!;
  const keys = silver.groups.map((g) => `SELECT ${idents(silver.key)} FROM ${setBy(g)}`);
  const parts = [
    ...silver.groups.map((g) => `${setBy(g)} AS (${newestRows(view, g)})`),
    `changed AS (${keys.join(' UNION ')})`,
    `held AS (${heldRows(view, own)})`,
    `latest AS (${untouchedRows(view, own, fact)}\n    UNION ALL ${touchedRows(view, own, fact)})`,
  ];
  return `WITH ${parts.join(',\n  ')}\n${withJoins(view)}`;
}

const onColumn = (join: PlanJoin, column: string): string => ident(`_on_${join.name}_${column}`);
const outColumn = (name: string): string => ident(`_out_${name}`);

/** The rows of `latest`, with the columns of declared joins looked up as they stand now. */
function withJoins({ plan, silver, dialect, sources }: View): string {
  const names = silver.columns.map((c) => c.name);
  if (silver.joins.length === 0) return `SELECT ${idents(names)} FROM latest`;
  const alias = (join: PlanJoin): string => ident(`join_${join.name}`);
  const home = new Map(silver.joins.flatMap((j) => j.columns.map((c) => [c.name, j] as const)));
  const columns = silver.columns.map(({ name, type }) => {
    const join = home.get(name);
    if (!join) return `m.${ident(name)}`;
    return `CAST(${alias(join)}.${outColumn(name)} AS ${typeSql(type, dialect)}) AS ${ident(name)}`;
  });
  const on = silver.joins.flatMap((j) =>
    j.on.map((o) => `(${o.expression[dialect]}) AS ${onColumn(j, o.column)}`),
  );
  const joins = silver.joins.map((join) => {
    const other = plan.silver.find((s) => s.name === join.from)!;
    const found = join.columns.map((c) => `(${c.expression[dialect]}) AS ${outColumn(c.name)}`);
    const condition = join.on.map((o) => `${alias(join)}.${ident(o.column)} = m.${onColumn(join, o.column)}`);
    return `LEFT JOIN (SELECT ${idents(other.key)}, ${found.join(', ')} FROM ${sources.view(other.name)}) AS ${alias(join)}
    ON ${condition.join(' AND ')}`;
  });
  return `SELECT ${columns.join(', ')}\nFROM (SELECT *, ${on.join(', ')} FROM latest) AS m\n  ${joins.join('\n  ')}`;
}

/** Every row once: those of Silver, and the real-time rows whose position Silver does not hold. */
function appendSql(view: View): string {
  const { silver, sources } = view;
  const group = silver.groups[0]!;
  const columns = silver.columns.map((c) => c.name);
  const lookup = (sources.silverLookup ?? sources.silver)(silver.name);
  // Rows arrive in Silver in the order of the stream, so only those as young as the real-time rows can be the same.
  const oldest = `SELECT min(_arrived_at) FROM ${sources.realtime(group.from)}`;
  const rows = groupRows(view, group, ['_shard', '_seq', '_sub']);
  return `WITH held AS (SELECT _shard, _seq, _sub FROM ${lookup} WHERE _arrived_at >= (${oldest})),
  fresh AS (${rows})
SELECT ${idents(columns)} FROM ${sources.silver(silver.name)}
UNION ALL
SELECT ${idents(columns, 'r.')}
FROM fresh AS r LEFT JOIN held AS h ON h._shard = r._shard AND h._seq = r._seq AND h._sub = r._sub
WHERE h._shard IS NULL`;
}

/**
 * The text of a Silver table's unified view: its rows and the real-time rows that it does not hold yet, as one table
 * with exactly `silver.columns`. One row per key, per column group the newest by `ord`; rows whose fact has not come
 * or is deleted are hidden. The same answer whatever part of the real-time rows is merged already.
 *
 * Both engines read the same shape; only expressions and type names differ by `dialect`.
 */
export function unifiedViewSql(
  plan: Plan,
  silver: PlanSilver,
  dialect: Dialect,
  sources: ViewSources,
): string {
  const view: View = { plan, silver, dialect, sources };
  return silver.mode === 'append' ? appendSql(view) : keyedSql(view);
}

/** The text of a Gold table's view. */
export function goldViewSql(gold: PlanGold, table: string): string {
  return `SELECT ${idents(gold.columns.map((c) => c.name))} FROM ${table}`;
}
