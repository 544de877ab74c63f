import { readMark } from '../commit/mark.ts';
import type { Plan } from '../definition/plan.ts';
import { quarantineTable, tablesOf, type TableSpec } from '../definition/tables.ts';
import { currentSnapshot, loadTable, type TableIo } from '../iceberg/index.ts';
import { tableKey } from '../ports/catalog.ts';
import type { Metrics } from './metrics.ts';
import type { TableState } from './state.ts';

/** One table as the catalog and its tidemark say. */
async function tableState(io: TableIo, metrics: Metrics, spec: TableSpec): Promise<TableState> {
  const empty: TableState = {
    layer: spec.layer,
    ...spec.name,
    rows: 0,
    dataFiles: 0,
    deleteFiles: 0,
    bytes: 0,
    tidemark: {},
    ...metrics.of(spec.name),
  };
  const table = await loadTable(io, spec.name);
  const snapshot = table && currentSnapshot(table.metadata);
  if (!table || !snapshot) return empty;
  const total = (key: string): number => Number(snapshot.summary[key] ?? 0);
  return {
    ...empty,
    // Each replaced row has one position delete: a data file has one delete file, and it names a row once.
    rows: total('total-records') - total('total-position-deletes'),
    dataFiles: total('total-data-files'),
    deleteFiles: total('total-delete-files'),
    bytes: total('total-files-size'),
    snapshotId: String(snapshot['snapshot-id']),
    committedAt: snapshot['timestamp-ms'],
    tidemark: (await readMark(io.store, table)).positions,
  };
}

/** All tables of the plan, in the order of the data's way. */
export function tableStates(io: TableIo, metrics: Metrics, plan: Plan): Promise<TableState[]> {
  return Promise.all(tablesOf(plan).map((spec) => tableState(io, metrics, spec)));
}

/** Rows in quarantine, from the tables' states. */
export function quarantinedRows(plan: Plan, tables: TableState[]): number {
  const key = tableKey(quarantineTable(plan));
  return tables.find((t) => tableKey(t) === key)?.rows ?? 0;
}
