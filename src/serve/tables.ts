import { athenaType, type PlanColumn } from '../definition/column.ts';
import type { Plan } from '../definition/plan.ts';
import { tablesOf, type Layer, type TableSpec } from '../definition/tables.ts';
import { currentSnapshot, loadTable, type TableIo } from '../iceberg/index.ts';
import { viewsOf } from './lakehouse-names.ts';

/** A view or table of a lakehouse, as `tidemark tables` lists it. */
export interface ListedTable {
  layer: Layer | 'view';
  database: string;
  table: string;
  /** With Athena's names of types. */
  columns: { name: string; type: string; doc?: string }[];
  /** Absent for views, and where a foreign writer left the totals out. */
  rows?: number;
  files?: number;
  bytes?: number;
  snapshotId?: string;
  /** Milliseconds since 1970 of the newest snapshot. */
  committedAt?: number;
}

const columnsOf = (columns: readonly PlanColumn[]): ListedTable['columns'] =>
  columns.map((c) => ({
    name: c.name,
    type: athenaType(c.type),
    ...(c.doc === undefined ? {} : { doc: c.doc }),
  }));

function total(summary: Readonly<Record<string, string>>, key: string): number | undefined {
  const value = Number(summary[key] ?? NaN);
  return Number.isSafeInteger(value) ? value : undefined;
}

async function listTable(io: TableIo, spec: TableSpec): Promise<ListedTable> {
  const { database, table: name } = spec.name;
  const listed: ListedTable = { layer: spec.layer, database, table: name, columns: columnsOf(spec.columns) };
  const table = await loadTable(io, spec.name);
  if (!table) return listed;
  const snapshot = currentSnapshot(table.metadata);
  if (!snapshot) return { ...listed, rows: 0, files: 0, bytes: 0 };
  const { summary } = snapshot;
  const records = total(summary, 'total-records');
  const deleted = total(summary, 'total-position-deletes');
  const files = total(summary, 'total-data-files');
  const bytes = total(summary, 'total-files-size');
  return {
    ...listed,
    // Our writers delete a position once, so that the difference is the number of live rows.
    ...(records === undefined || deleted === undefined ? {} : { rows: records - deleted }),
    ...(files === undefined ? {} : { files }),
    ...(bytes === undefined ? {} : { bytes }),
    snapshotId: String(snapshot['snapshot-id']),
    committedAt: snapshot['timestamp-ms'],
  };
}

/** Every view and table of a lakehouse. Counts come from the newest snapshot's summary: no file is opened. */
export async function listTables(plan: Plan, io: TableIo): Promise<ListedTable[]> {
  const views = viewsOf(plan).map((v): ListedTable => ({
    layer: 'view',
    database: plan.name,
    table: v.name,
    columns: columnsOf(v.columns),
  }));
  const tables = await Promise.all(tablesOf(plan).map((spec) => listTable(io, spec)));
  return [...views, ...tables];
}
