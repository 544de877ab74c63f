import { literal } from '../engine/sql-text.ts';
import { isAncestor, type DataFile, type TableIo } from '../iceberg/index.ts';
import { readList } from '../iceberg/read.ts';
import type { Pinned } from './pins.ts';

/** Tables about a table, as Athena has them behind `$`. */
export const METADATA_TABLES = ['snapshots', 'history', 'files', 'manifests', 'refs'] as const;
export type MetadataTable = (typeof METADATA_TABLES)[number];

/** Columns with their DuckDB types. */
const COLUMNS: Record<MetadataTable, Record<string, string>> = {
  snapshots: {
    committed_at: 'TIMESTAMPTZ',
    snapshot_id: 'BIGINT',
    parent_id: 'BIGINT',
    operation: 'VARCHAR',
    manifest_list: 'VARCHAR',
    summary: 'MAP(VARCHAR, VARCHAR)',
  },
  history: {
    made_current_at: 'TIMESTAMPTZ',
    snapshot_id: 'BIGINT',
    parent_id: 'BIGINT',
    is_current_ancestor: 'BOOLEAN',
  },
  files: {
    content: 'INTEGER',
    file_path: 'VARCHAR',
    file_format: 'VARCHAR',
    record_count: 'BIGINT',
    file_size_in_bytes: 'BIGINT',
  },
  manifests: {
    path: 'VARCHAR',
    length: 'BIGINT',
    partition_spec_id: 'INTEGER',
    added_snapshot_id: 'BIGINT',
    added_data_files_count: 'INTEGER',
    existing_data_files_count: 'INTEGER',
    deleted_data_files_count: 'INTEGER',
  },
  refs: { name: 'VARCHAR', type: 'VARCHAR', snapshot_id: 'BIGINT' },
};

type Cell = string | number | bigint | boolean | undefined | Record<string, string>;

function cellSql(value: Cell): string {
  if (value === undefined) return 'NULL';
  if (typeof value === 'string') return literal(value);
  if (typeof value !== 'object') return String(value);
  return `MAP {${Object.entries(value)
    .map(([k, v]) => `${literal(k)}: ${literal(v)}`)
    .join(', ')}}`;
}

const moment = (ms: number): string => new Date(ms).toISOString();

function fileRow(file: DataFile): Cell[] {
  return [file.content, file.path, file.format, file.recordCount, file.fileSizeInBytes];
}

async function rowsOf(io: TableIo, { table, scan }: Pinned, which: MetadataTable): Promise<Cell[][]> {
  const { metadata } = table;
  switch (which) {
    case 'snapshots':
      return metadata.snapshots.map((s) => {
        const { operation, ...summary } = s.summary;
        const ids = [s['snapshot-id'], s['parent-snapshot-id']];
        return [moment(s['timestamp-ms']), ...ids, operation, s['manifest-list'], summary];
      });
    case 'history': {
      const current = metadata['current-snapshot-id'];
      return metadata['snapshot-log'].map(({ 'timestamp-ms': at, 'snapshot-id': id }) => {
        const snapshot = metadata.snapshots.find((s) => s['snapshot-id'] === id);
        const ancestor = current === undefined ? 'no' : isAncestor(metadata, id, current);
        return [moment(at), id, snapshot?.['parent-snapshot-id'], ancestor === 'yes'];
      });
    }
    case 'files': {
      const deletes = new Map(scan.files.flatMap((f) => f.deletes.map((d) => [d.path, d] as const)));
      return [...scan.files.map((f) => f.file), ...deletes.values()].map(fileRow);
    }
    case 'manifests': {
      const list = scan.snapshot ? await readList(io, scan.snapshot['manifest-list']) : [];
      return list.map((m) => [
        ...[m.path, m.length, m.specId, m.addedSnapshotId],
        ...[m.addedFiles, m.existingFiles, m.deletedFiles],
      ]);
    }
    case 'refs':
      return Object.entries(metadata.refs).map(([name, ref]) => [name, ref.type, ref['snapshot-id']]);
  }
}

/** A SELECT of a table about a table: `"flights_silver"."flights$snapshots"` and its like. */
export async function metadataTableSql(io: TableIo, pinned: Pinned, which: MetadataTable): Promise<string> {
  const types = Object.entries(COLUMNS[which]);
  const rows = await rowsOf(io, pinned, which);
  const columns = types.map(([name, type]) => `CAST(${name} AS ${type}) AS ${name}`).join(', ');
  const values = rows.length > 0 ? rows : [types.map(() => undefined)];
  const list = values.map((row) => `(${row.map(cellSql).join(', ')})`).join(', ');
  const none = rows.length > 0 ? '' : ' WHERE false';
  return `SELECT ${columns} FROM (VALUES ${list}) AS t(${types.map(([name]) => name).join(', ')})${none}`;
}
