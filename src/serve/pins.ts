import { readMark, type Mark } from '../commit/mark.ts';
import type { Layer, TableSpec } from '../definition/tables.ts';
import { isKind, TidemarkError } from '../errors.ts';
import { loadTable, planScan, type ScanPlan, type Table, type TableIo } from '../iceberg/index.ts';
import { tableKey } from '../ports/catalog.ts';

/** In this order tables are pinned: what is derived before what it is derived from, so that a cut is never ahead. */
const PIN_ORDER: readonly Layer[] = ['gold', 'silver', 'ops', 'realtime'];

/** Which state of a table is meant; nothing means the newest. */
export interface Version {
  snapshotId?: bigint;
  ref?: string;
  /** Milliseconds since 1970, inclusive. */
  asOfMs?: number;
}

/** A table at one snapshot, for the whole of a query. */
export interface Pinned {
  spec: TableSpec;
  table: Table;
  scan: ScanPlan;
  /** The tidemark, where the newest snapshot is pinned and the mark is proven. */
  mark?: Mark;
}

/** A table that a query reads, in one version. */
export interface Wanted {
  spec: TableSpec;
  version: Version;
}

export function pinKey({ spec, version }: Wanted): string {
  const at = version.snapshotId ?? version.ref ?? version.asOfMs;
  return at === undefined ? tableKey(spec.name) : `${tableKey(spec.name)}@${at}`;
}

const isNewest = (v: Version): boolean =>
  v.snapshotId === undefined && v.ref === undefined && v.asOfMs === undefined;

async function provenMark(io: TableIo, table: Table): Promise<Mark | undefined> {
  try {
    return await readMark(io.store, table);
  } catch (error) {
    // The cut only saves work: a view is right without one, and the committer raises the alarm.
    if (isKind(error, 'corrupt', 'notFound')) return undefined;
    throw error;
  }
}

async function pin(io: TableIo, { spec, version }: Wanted): Promise<Pinned> {
  const table = await loadTable(io, spec.name);
  if (!table)
    throw new TidemarkError('notFound', `the table ${tableKey(spec.name)} is not there yet`, {
      context: { table: tableKey(spec.name) },
      remedy: 'deploy the lakehouse, or start it with `tidemark dev`',
    });
  // A table that never had a snapshot was empty at any time.
  const scan = await planScan(io, table, table.metadata.snapshots.length > 0 ? version : {}).catch(
    (error: unknown) => {
      if (!isKind(error, 'notFound') || isNewest(version)) throw error;
      throw new TidemarkError('notFound', error.message, {
        context: error.context,
        remedy: `look which snapshots it has: SELECT snapshot_id, committed_at FROM "${spec.name.database}"."${spec.name.table}$snapshots"`,
        cause: error,
      });
    },
  );
  const mark = spec.layer === 'silver' && isNewest(version) ? await provenMark(io, table) : undefined;
  return { spec, table, scan, ...(mark ? { mark } : {}) };
}

/** Pins each table once: Silver before the real-time tables, so that no cut is ahead of what they hold. */
export async function pinAll(io: TableIo, wanted: readonly Wanted[]): Promise<Map<string, Pinned>> {
  const unique = new Map(wanted.map((w) => [pinKey(w), w]));
  const pinned = new Map<string, Pinned>();
  for (const layer of PIN_ORDER) {
    const group = [...unique].filter(([, w]) => w.spec.layer === layer);
    const read = await Promise.all(group.map(([, w]) => pin(io, w)));
    group.forEach(([key], i) => pinned.set(key, read[i]!));
  }
  return pinned;
}
