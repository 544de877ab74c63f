import { createHash } from 'node:crypto';
import type { ColumnType, PlanColumn } from '../definition/column.ts';
import type { Plan, PlanGold, PlanGroup, PlanRealtime, PlanSilver, RuleSql } from '../definition/plan.ts';
import { tablesOf, type TableSpec } from '../definition/tables.ts';

/** Table property with what of the plan is deployed in the table. Foreign engines keep properties. */
export const PLAN_PROPERTY = 'tidemark.plan';

type Hashes = Record<string, string>;

export interface NotedRealtime {
  layer: 'realtime';
  /** The version column, and the form its values have in `_ord`. */
  version: string;
  /** What rows are kept, and the lookups. */
  filter: string;
  /** The selected expressions. */
  select: string;
  /** The stream, with the rules of its columns. */
  contract: string;
}

export interface NotedGroup {
  from: string;
  fact: boolean;
  filter: string;
  columns: Hashes;
}

export interface NotedSilver {
  layer: 'silver';
  mode: PlanSilver['mode'];
  key: string[];
  groups: Record<string, NotedGroup>;
  joins: Record<string, { on: string; columns: Hashes }>;
}

export interface NotedGold {
  layer: 'gold';
  from: string;
  filter: string;
  groupBy: Hashes;
  measures: Hashes;
}

/** The part of a plan that concerns one table, beside its columns. */
export type NotedPart = NotedRealtime | NotedSilver | NotedGold | { layer: 'ops' };

/** What a table notes of the plan that was deployed last. */
export interface Noted {
  format: 1;
  /** Of columns and part; for the table of quarantined records that of the whole plan. */
  hash: string;
  /** Hashes deployed before, newest first: a plan that has one of these is a rollback. */
  earlier: string[];
  part: NotedPart;
}

/** Deployments that a table remembers; a rollback to an older one counts as a new plan. */
const REMEMBERED = 16;

/** Short enough for metadata that is written with each commit; 64 bits tell a table's plans apart. */
const digest = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
const short = (value: unknown): string => digest(value).slice(0, 8);
const ruleHash = (rule: RuleSql | undefined): string => (rule === undefined ? '' : short(rule.athena));

function hashes(columns: readonly { name: string; expression: RuleSql }[]): Hashes {
  return Object.fromEntries(columns.map((c) => [c.name, ruleHash(c.expression)]));
}

/** How the values of a version column are written into `_ord`: int and long alike, decimals by their digits. */
function ordForm(type: ColumnType | undefined): string {
  if (type?.kind === 'decimal') return `decimal(${type.precision},${type.scale})`;
  return type?.kind === 'int' || type?.kind === 'long' ? 'integer' : (type?.kind ?? 'none');
}

function realtimePart(plan: Plan, table: PlanRealtime): NotedRealtime {
  const rule = table.rule.athena;
  const from = rule.lastIndexOf('\nFROM ');
  const stream = plan.streams.find((s) => s.name === table.stream);
  // A column that may hold anything or nothing is no matter of the contract.
  const rules = stream?.columns
    .filter((c) => c.required || c.rules !== undefined)
    .map((c) => [c.name, c.required, c.rules]);
  const type = table.columns.find((c) => c.name === table.version)?.type;
  return {
    layer: 'realtime',
    version: `${table.version}: ${ordForm(type)}`,
    filter: short(from < 0 ? '' : rule.slice(from)),
    select: short(from < 0 ? rule : rule.slice(0, from)),
    contract: short([table.stream, stream?.extras, rules]),
  };
}

const groupPart = (group: PlanGroup): NotedGroup => ({
  from: group.from,
  fact: group.fact,
  filter: short([group.when?.athena, group.deleteWhen?.athena]),
  columns: hashes(group.columns),
});

const silverPart = (table: PlanSilver): NotedSilver => ({
  layer: 'silver',
  mode: table.mode,
  key: table.key,
  groups: Object.fromEntries(table.groups.map((g) => [g.name, groupPart(g)])),
  joins: Object.fromEntries(
    table.joins.map((j) => [
      j.name,
      { on: short([j.from, j.on.map((o) => [o.column, o.expression.athena])]), columns: hashes(j.columns) },
    ]),
  ),
});

const goldPart = (table: PlanGold): NotedGold => ({
  layer: 'gold',
  from: table.from,
  filter: ruleHash(table.where),
  groupBy: hashes(table.groupBy),
  measures: hashes(table.measures),
});

function partOf(plan: Plan, { layer, name }: TableSpec): NotedPart {
  const own = <T extends { name: string }>(tables: readonly T[]): T =>
    tables.find((t) => t.name === name.table)!;
  switch (layer) {
    case 'realtime':
      return realtimePart(plan, own(plan.realtime));
    case 'silver':
      return silverPart(own(plan.silver));
    case 'gold':
      return goldPart(own(plan.gold));
    case 'ops':
      return { layer };
  }
}

const shape = (column: PlanColumn): unknown => [column.name, column.type, column.required, column.doc];

/** A table of the plan with what it notes once deployed; `earlier` is for the one who deploys to fill. */
export interface PlannedTable {
  spec: TableSpec;
  part: NotedPart;
  hash: string;
}

/** Every table of the plan, sources before what derives from them. */
export function plannedTables(plan: Plan): PlannedTable[] {
  const tables = tablesOf(plan).map((spec) => {
    const part = partOf(plan, spec);
    return { spec, part, hash: digest([spec.columns.map(shape), part]) };
  });
  const whole = digest(tables.map(({ spec, hash }) => [spec.name, hash]));
  return tables.map((table) => (table.spec.layer === 'ops' ? { ...table, hash: whole } : table));
}

/** What a table notes after the deployment of `planned`. */
export function note(planned: PlannedTable, before: Noted | undefined): Noted {
  const { hash, part } = planned;
  const earlier = before === undefined ? [] : [before.hash, ...before.earlier];
  const others = [...new Set(earlier)].filter((other) => other !== hash);
  return { format: 1, hash, earlier: others.slice(0, REMEMBERED), part };
}

/** What a table notes; undefined where nothing was noted, or by a version that this one does not know. */
export function readNoted(properties: Readonly<Record<string, string>>): Noted | undefined {
  const text = properties[PLAN_PROPERTY];
  if (text === undefined) return undefined;
  try {
    const noted = JSON.parse(text) as Partial<Noted> | null;
    return noted?.format === 1 && typeof noted.hash === 'string' && Array.isArray(noted.earlier)
      ? (noted as Noted)
      : undefined;
  } catch (error) {
    // A foreign hand changed the property: the columns still tell what the table is.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** True when the plan was deployed in this table before: then nothing is lost that its readers ever had. */
export function wasDeployed(noted: Noted | undefined, hash: string): boolean {
  return noted !== undefined && (noted.hash === hash || noted.earlier.includes(hash));
}
