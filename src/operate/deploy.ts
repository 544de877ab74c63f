import type { PlanColumn } from '../definition/column.ts';
import { athenaType } from '../definition/column.ts';
import type { Plan } from '../definition/plan.ts';
import { tablesOf, type TableSpec } from '../definition/tables.ts';
import { columnsFromSchema, icebergFields } from '../engine/iceberg-schema.ts';
import { TidemarkError } from '../errors.ts';
import {
  commitMetadata,
  createTable,
  currentSchema,
  requireTable,
  type Table,
  type TableIo,
} from '../iceberg/index.ts';
import { tableKey } from '../ports/catalog.ts';

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

export interface DeployedTable {
  spec: TableSpec;
  change: 'created' | 'unchanged' | 'columns added';
}

/** Columns that the table lacks. Throws `refused` when the plan wants something else of columns that it has. */
function missingColumns(spec: TableSpec, table: Table): PlanColumn[] {
  const present = new Map(columnsFromSchema(currentSchema(table.metadata)).map((c) => [c.name, c]));
  const problems: string[] = [];
  const missing: PlanColumn[] = [];
  for (const column of spec.columns) {
    const has = present.get(column.name);
    if (!has) missing.push({ ...column, required: false });
    else if (athenaType(has.type) !== athenaType(column.type))
      problems.push(`${column.name} is ${athenaType(has.type)} and would become ${athenaType(column.type)}`);
  }
  const wanted = new Set(spec.columns.map((c) => c.name));
  for (const name of present.keys()) if (!wanted.has(name)) problems.push(`${name} would go`);
  if (problems.length > 0)
    throw new TidemarkError(
      'refused',
      `table ${tableKey(spec.name)} cannot follow the definition: ${problems.join('; ')}`,
      {
        context: { table: tableKey(spec.name) },
        remedy: 'give the table or the column another name, or start anew with `tidemark reset`',
      },
    );
  return missing;
}

async function deployTable(io: TableIo, warehouse: string, spec: TableSpec): Promise<DeployedTable> {
  if ((await io.catalog.load(spec.name)) === undefined) {
    const location = `${warehouse}${spec.name.database}/${spec.name.table}`;
    const properties = spec.layer === 'realtime' || spec.layer === 'ops' ? HOT_PROPERTIES : PROPERTIES;
    await createTable(io, spec.name, { location, schema: icebergFields(spec.columns), properties });
    return { spec, change: 'created' };
  }
  for (;;) {
    const table = await requireTable(io, spec.name);
    const missing = missingColumns(spec, table);
    if (missing.length === 0) return { spec, change: 'unchanged' };
    const outcome = await commitMetadata(io, table, { addColumns: icebergFields(missing) });
    if (outcome.kind === 'committed') return { spec, change: 'columns added' };
    if (outcome.kind === 'unknown')
      throw new TidemarkError(
        'unknown',
        `whether columns were added to ${tableKey(spec.name)} is not known`,
        {
          remedy: 'deploy again: it goes on from what is there',
          cause: outcome.cause,
        },
      );
  }
}

/**
 * Makes the plan's tables exist with the plan's columns. Idempotent; nothing is ever dropped.
 * @param warehouse URI prefix of table locations, ending in a slash
 * @throws TidemarkError kind `refused` for a change that tables with data cannot follow
 */
export async function deployTables(io: TableIo, plan: Plan, warehouse: string): Promise<DeployedTable[]> {
  const deployed: DeployedTable[] = [];
  for (const spec of tablesOf(plan)) deployed.push(await deployTable(io, warehouse, spec));
  return deployed;
}
