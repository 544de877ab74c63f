import type { Plan } from '../definition/plan.ts';
import { silverTable } from '../definition/tables.ts';
import { TidemarkError } from '../errors.ts';
import { currentSchema, type Schema, type TableMetadata } from '../iceberg/index.ts';
import { tableKey, type TableName } from '../ports/catalog.ts';
import { Steps, type PlanChange, type Step } from './diff-change.ts';
import { compareColumns } from './diff-columns.ts';
import {
  plannedTables,
  readNoted,
  wasDeployed,
  type Noted,
  type NotedPart,
  type PlannedTable,
} from './diff-noted.ts';
import { renamesIn, type Renames } from './diff-renames.ts';
import { compareRules } from './diff-rules.ts';

export type { ChangeKind, PlanChange } from './diff-change.ts';

/** Property of a table whose rows go on under another name: that table's. */
export const RENAMED_PROPERTY = 'tidemark.renamed-to';

/** A deployed table as a definition is compared with it. */
export interface TableState {
  name: TableName;
  /** Every schema that the metadata still has, the current one last. */
  schemas: readonly Schema[];
  /** True when no snapshot was ever committed. */
  empty: boolean;
  /** What it notes of the plan deployed last. Absent in tables of other makers. */
  noted?: Noted;
  /** The table that goes on with its rows since it was renamed. */
  renamedTo?: string;
}

/** What is deployed, by `tableKey`. */
export type TableSchemas = ReadonlyMap<string, TableState>;

/** What a table's metadata says of its deployment. */
export function stateOf(name: TableName, metadata: TableMetadata): TableState {
  const current = currentSchema(metadata);
  const noted = readNoted(metadata.properties);
  const renamedTo = metadata.properties[RENAMED_PROPERTY];
  return {
    name,
    schemas: [...metadata.schemas.filter((schema) => schema !== current), current],
    empty: metadata['current-snapshot-id'] === undefined,
    ...(noted === undefined ? {} : { noted }),
    ...(renamedTo === undefined ? {} : { renamedTo }),
  };
}

/** The steps that bring one deployed table to the plan. */
export function tableSteps(state: TableState, planned: PlannedTable, renames: Renames): Step[] {
  const { noted } = state;
  const steps = new Steps(tableKey(planned.spec.name));
  const rollback = wasDeployed(noted, planned.hash);
  const schema = new Steps(tableKey(planned.spec.name));
  const { schemas, empty } = state;
  const system = systemColumns(noted?.part, planned.part);
  compareColumns({ steps: schema, schemas, renames, rollback, empty, system }, planned.spec.columns);
  // A rollback brings back rules that this table's rows were made by before: nobody is to be asked again.
  if (noted !== undefined && !rollback)
    compareRules(
      steps,
      noted.part,
      planned.part,
      schema.all.some((step) => step.kind !== 'described'),
    );
  const rows = [...steps.all, ...schema.all];
  return [...rows, ...historyOf(planned, empty, rows)];
}

/** What allows the columns to go that only the earlier mode or group needed. */
function systemColumns(
  before: NotedPart | undefined,
  now: NotedPart,
): (column: string) => string | undefined {
  if (before?.layer !== 'silver' || now.layer !== 'silver') return () => undefined;
  if (before.mode !== now.mode)
    return (column) => (column.startsWith('_') && column !== '_extra' ? 'mode' : undefined);
  return (column) => {
    const group = /^_ord_(.+)$/.exec(column)?.[1];
    return group !== undefined && group in before.groups && !(group in now.groups)
      ? `group:${group}`
      : undefined;
  };
}

/** What new columns lack in tables that gather history. */
function historyOf({ spec }: PlannedTable, empty: boolean, steps: readonly Step[]): Step[] {
  if (empty || (spec.layer !== 'silver' && spec.layer !== 'gold')) return [];
  const added = steps.filter((s) => s.kind === 'column added' && s.column?.startsWith('_') === false);
  return added.map(({ table, column }) => ({
    table,
    kind: 'partial history',
    column: column!,
    impact: 'safe',
    effect:
      spec.layer === 'silver'
        ? `${column} fills as rows are merged; to have it for earlier rows, load them again from the batch layer`
        : `${column} fills as changes touch its groups; a Gold table of another name is computed in full`,
    schema: [],
  }));
}

/**
 * How a plan differs from what is deployed, table by table in the plan's order, then the tables that it no longer
 * names. `undefined` is a lakehouse that was never deployed: everything is created.
 */
export function diffPlan(deployed: TableSchemas | undefined, plan: Plan): PlanChange[] {
  const states = deployed ?? new Map<string, TableState>();
  const tables = plannedTables(plan);
  const changes = tables.flatMap((planned): PlanChange[] => {
    const { name } = planned.spec;
    const renames = renamesIn(plan, planned.spec);
    const earlier = earlierTable(plan, planned, states);
    const state = earlier ?? states.get(tableKey(name));
    if (!state) return [created(planned)];
    const steps = tableSteps(state, planned, renames).map(withoutSchema);
    return earlier ? [tableRenamed(planned, earlier), ...steps] : steps;
  });
  const earlierNames = Object.values(plan.renames?.silver ?? {}).map((table) => silverTable(plan, table));
  const known = new Set([...tables.map((t) => t.spec.name), ...earlierNames].map(tableKey));
  const rollback = tables.some(
    ({ spec, hash }) => spec.layer === 'ops' && wasDeployed(states.get(tableKey(spec.name))?.noted, hash),
  );
  const gone = [...states.values()].filter(
    (s) => s.noted !== undefined && s.renamedTo === undefined && !known.has(tableKey(s.name)),
  );
  return [...changes, ...gone.map((state) => tableGone(state, rollback))];
}

const withoutSchema = ({ schema: _schema, ...change }: Step): PlanChange => change;

function created({ spec }: PlannedTable): PlanChange {
  const table = tableKey(spec.name);
  return {
    table,
    kind: 'created',
    impact: 'safe',
    effect: `the table is created with ${spec.columns.length} columns`,
  };
}

/**
 * The deployed table whose rows a Silver table of the plan goes on with: its earlier name's, or, where the plan of
 * before a renaming comes back, that of the name it had meanwhile.
 */
export function earlierTable(
  plan: Plan,
  { spec }: PlannedTable,
  states: TableSchemas,
): TableState | undefined {
  if (spec.layer !== 'silver') return undefined;
  const own = states.get(tableKey(spec.name));
  const table = own ? own.renamedTo : plan.renames?.silver[spec.name.table];
  if (table === undefined || plan.silver.some((t) => t.name === table)) return undefined;
  const found = states.get(tableKey(silverTable(plan, table)));
  return found?.renamedTo === undefined ? found : undefined;
}

function tableRenamed({ spec }: PlannedTable, earlier: TableState): PlanChange {
  return {
    table: tableKey(spec.name),
    kind: 'table renamed',
    impact: 'safe',
    effect: `${tableKey(earlier.name)} goes on under this name with all its rows. The earlier name stays where it stood: never drop it with its data, both names share the files`,
  };
}

function tableGone({ name }: TableState, rollback: boolean): PlanChange {
  const table = tableKey(name);
  const effect = 'nothing is written to the table any more and its view goes; its rows stay';
  // The plan of before the table comes back: it made and needs no such table.
  if (rollback) return { table, kind: 'table gone', impact: 'safe', effect };
  return { table, kind: 'table gone', impact: 'breaking', effect, allow: `${table}.gone` };
}

/** The breaking changes that `allow` does not name. */
export function refusedChanges(changes: readonly PlanChange[], allow: readonly string[] = []): PlanChange[] {
  return changes.filter((c) => c.impact === 'breaking' && !allow.includes(c.allow ?? ''));
}

/**
 * Reports breaking changes that are not allowed, each with what it does and the name that allows it.
 * @throws TidemarkError kind `refused`; `context.changes` has them as data
 */
export function refuseBreaking(changes: readonly PlanChange[], allow: readonly string[] = []): void {
  const refused = refusedChanges(changes, allow);
  if (refused.length === 0) return;
  const lines = refused.map((c) => `  ${c.table}: ${c.effect}\n    allow it with ${c.allow ?? ''}`);
  const many = refused.length === 1 ? 'a breaking change' : `${refused.length} breaking changes`;
  throw new TidemarkError('refused', `the definition makes ${many} to deployed tables\n${lines.join('\n')}`, {
    context: { changes: refused },
    remedy: 'allow each by its name, or give the table or the column another name and keep the old one',
  });
}
