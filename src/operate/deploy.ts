import type { Plan } from '../definition/plan.ts';
import { databaseOf, silverTable, tablesOf, type TableSpec } from '../definition/tables.ts';
import { icebergFields } from '../engine/iceberg-schema.ts';
import { isKind, TidemarkError } from '../errors.ts';
import {
  commitMetadata,
  createTable,
  loadTable,
  type MetadataUpdates,
  type TableIo,
} from '../iceberg/index.ts';
import { tableKey, type TableName } from '../ports/catalog.ts';
import { adoptTable, retireTable } from './deploy-rename.ts';
import type { PlanChange, Step } from './diff-change.ts';
import { note, PLAN_PROPERTY, plannedTables, type PlannedTable } from './diff-noted.ts';
import { renamesIn } from './diff-renames.ts';
import {
  diffPlan,
  earlierTable,
  refuseBreaking,
  stateOf,
  tableSteps,
  type TableSchemas,
  type TableState,
} from './diff.ts';

/** What every table of ours starts with. */
const PROPERTIES = {
  'write.format.default': 'parquet',
  'write.parquet.compression-codec': 'zstd',
  'write.delete.mode': 'merge-on-read',
  'write.update.mode': 'merge-on-read',
  'write.merge.mode': 'merge-on-read',
  // Old metadata files are for maintenance to delete; the log of them stays short.
  'write.metadata.previous-versions-max': '50',
};

/** Tables that are committed to several times a second: their metadata is most of what a commit writes. */
const HOT_PROPERTIES = { ...PROPERTIES, 'write.metadata.compression-codec': 'gzip' };

export interface DeployOptions {
  /** Breaking changes that may be made, by the names that a refusal gives: `flights_silver.flights.drop:temp`. @default none */
  allow?: readonly string[];
}

export interface DeployedTable {
  spec: TableSpec;
  change: 'created' | 'changed' | 'unchanged';
  /** What was done to a table that was there. */
  changes: PlanChange[];
}

/** The deployed tables of a plan's lakehouse, those that the plan does not name included. */
export async function readDeployed(io: TableIo, plan: Plan): Promise<TableSchemas> {
  const wanted = tablesOf(plan).map((spec) => spec.name);
  const known = new Set(wanted.map(tableKey));
  const databases = (['realtime', 'silver', 'gold', 'ops'] as const).map((layer) => databaseOf(plan, layer));
  const listed = await Promise.all(databases.map((database) => io.catalog.list(database)));
  const others = listed.flat().filter((name) => !known.has(tableKey(name)));
  const states = await Promise.all([
    ...wanted.map((name) => readState(io, name)),
    ...others.map((name) => readForeign(io, name)),
  ]);
  return new Map(states.filter((s) => s !== undefined).map((s) => [tableKey(s.name), s]));
}

async function readState(io: TableIo, name: TableName): Promise<TableState | undefined> {
  const table = await loadTable(io, name);
  return table && stateOf(name, table.metadata);
}

/** A table that the plan does not name may be anybody's, and of any format. */
async function readForeign(io: TableIo, name: TableName): Promise<TableState | undefined> {
  try {
    return await readState(io, name);
  } catch (error) {
    if (isKind(error, 'refused', 'corrupt', 'notFound')) return undefined;
    throw error;
  }
}

/** What one look at a deployed table asks for: nothing, when all is as the plan wants it. */
function updatesOf(
  state: TableState,
  planned: PlannedTable,
  steps: readonly Step[],
): MetadataUpdates | undefined {
  const schema = steps.flatMap((step) => step.schema);
  const noted = note(planned, state.noted);
  if (schema.length === 0 && JSON.stringify(noted) === JSON.stringify(state.noted)) return undefined;
  return { schema, setProperties: { [PLAN_PROPERTY]: JSON.stringify(noted) } };
}

async function create(io: TableIo, warehouse: string, planned: PlannedTable): Promise<void> {
  const { name, layer, columns } = planned.spec;
  const properties = layer === 'realtime' || layer === 'ops' ? HOT_PROPERTIES : PROPERTIES;
  await createTable(io, name, {
    location: `${warehouse}${name.database}/${name.table}`,
    schema: icebergFields(columns),
    properties: { ...properties, [PLAN_PROPERTY]: JSON.stringify(note(planned, undefined)) },
  });
}

/** Looks, decides and commits until the table is as the plan wants it: another deployment may be at work too. */
async function evolve(
  io: TableIo,
  plan: Plan,
  planned: PlannedTable,
  allow: readonly string[],
): Promise<Step[]> {
  const { spec } = planned;
  const done: Step[] = [];
  for (;;) {
    const table = await loadTable(io, spec.name);
    if (!table)
      throw new TidemarkError('conflict', `${tableKey(spec.name)} was dropped while it was deployed`, {
        remedy: 'deploy again',
      });
    const state = stateOf(spec.name, table.metadata);
    const steps = tableSteps(state, planned, renamesIn(plan, spec));
    refuseBreaking(steps, allow);
    const updates = updatesOf(state, planned, steps);
    if (!updates) return done;
    const outcome = await commitMetadata(io, table, updates);
    if (outcome.kind === 'committed') done.push(...steps);
    if (outcome.kind === 'unknown')
      throw new TidemarkError('unknown', `whether ${tableKey(spec.name)} was changed is not known`, {
        remedy: 'deploy again: it goes on from what is there',
        cause: outcome.cause,
      });
  }
}

async function deployTable(
  io: TableIo,
  plan: Plan,
  warehouse: string,
  planned: PlannedTable,
  deployed: TableSchemas,
  allow: readonly string[],
): Promise<DeployedTable> {
  const { spec } = planned;
  const earlier = earlierTable(plan, planned, deployed);
  const isNew = !earlier && !deployed.has(tableKey(spec.name));
  if (earlier) await adoptTable(io, spec.name, earlier.name);
  else if (isNew) await create(io, warehouse, planned);
  const steps = await evolve(io, plan, planned, allow);
  const declared = spec.layer === 'silver' ? plan.renames?.silver[spec.name.table] : undefined;
  const retired = earlier?.name ?? (declared === undefined ? undefined : silverTable(plan, declared));
  if (retired) await retireTable(io, retired, spec.name);
  const changes = steps.map(({ schema: _schema, ...change }): PlanChange => change);
  return {
    spec,
    changes,
    change: isNew ? 'created' : earlier || changes.length > 0 ? 'changed' : 'unchanged',
  };
}

/**
 * Makes the plan's tables exist with the plan's columns, and notes in each what of the plan it follows. Safe changes are
 * made, breaking ones refused before anything is touched, unless they are allowed by name. Idempotent; several at once
 * come to the same; a plan that was deployed before can always come back: what was added since stays. No row, no file
 * and no table is ever deleted.
 * @param warehouse URI prefix of table locations, ending in a slash
 * @throws TidemarkError kind `refused` for breaking changes that are not allowed; `context.changes` lists them
 */
export async function deployTables(
  io: TableIo,
  plan: Plan,
  warehouse: string,
  options: DeployOptions = {},
): Promise<DeployedTable[]> {
  const allow = options.allow ?? [];
  const deployed = await readDeployed(io, plan);
  refuseBreaking(diffPlan(deployed, plan), allow);
  const done: DeployedTable[] = [];
  for (const planned of plannedTables(plan))
    done.push(await deployTable(io, plan, warehouse, planned, deployed, allow));
  return done;
}
