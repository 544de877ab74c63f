import { tableSql } from '../engine/table-sql.ts';
import type { Session } from '../engine/session.ts';
import { textOf } from '../engine/row.ts';
import { ident, idents, literal } from '../engine/sql-text.ts';
import {
  currentSchema,
  planScan,
  type DataFile,
  type ScanFile,
  type SnapshotChange,
  type Table,
  type TableIo,
} from '../iceberg/index.ts';
import { putDeletes, putRows } from './put-rows.ts';

/** Files below this size count as small. */
const SMALL_BYTES = 32 * 1024 * 1024;
/** Rows of a row group: a reader and the writer hold one for each column and thread. */
const ROW_GROUP = 40_960;
/** So many small files are folded into one by the merge that finds them. */
const SMALL_FILES = 8;
/** A file that has lost this share of its rows is rewritten. */
const DEAD_SHARE = 0.3;
/** Bytes and rows that one merge rewrites at most for tidiness: its cost depends on the change and not on the table's size. */
const FOLD_BYTES = 64 * 1024 * 1024;
const FOLD_ROWS = 2_000_000;

/** Rows to replace: the session's table `old` has `_file` and `_pos`; `next` has the table's columns. */
export interface RowDelta {
  old: string;
  next: string;
  /** Columns whose statistics are kept whole. */
  fullBounds: string[];
}

function deletedRows(file: ScanFile, extra: number): number {
  return file.deletes.reduce((n, d) => n + d.recordCount, extra);
}

/**
 * Which files this merge rewrites on the way, so that the number of files stays bounded by size and not by age: small
 * ones once there are several, and those that have lost many rows.
 * @param hit rows replaced by this merge, by file path
 */
export function chooseFolded(files: ScanFile[], hit: ReadonlyMap<string, number>): Set<string> {
  const dead = (f: ScanFile): number => deletedRows(f, hit.get(f.file.path) ?? 0) / f.file.recordCount;
  const small = files.filter((f) => f.file.fileSizeInBytes < SMALL_BYTES);
  const worn = files.filter((f) => dead(f) > DEAD_SHARE).sort((a, b) => dead(b) - dead(a));
  const bySize = small.sort((a, b) => a.file.fileSizeInBytes - b.file.fileSizeInBytes);
  const chosen = new Set<string>();
  let bytes = 0;
  let rows = 0;
  for (const { file } of [...worn, ...(small.length >= SMALL_FILES ? bySize : [])]) {
    // One goes always, however large: a worn file would otherwise stay for ever.
    const tooMuch = bytes + file.fileSizeInBytes > FOLD_BYTES || rows + file.recordCount > FOLD_ROWS;
    if (chosen.has(file.path) || (chosen.size > 0 && tooMuch)) continue;
    chosen.add(file.path);
    bytes += file.fileSizeInBytes;
    rows += file.recordCount;
  }
  return chosen;
}

async function hitsByFile(session: Session, old: string): Promise<Map<string, number>> {
  const rows = await session.rows(`SELECT _file, count(*) AS n FROM ${ident(old)} GROUP BY _file`);
  return new Map(rows.map((r) => [textOf(r, '_file'), Number(r.n)]));
}

/** Writes new rows, and the surviving rows of folded files, as one data file. */
async function writeRows(
  io: TableIo,
  session: Session,
  table: Table,
  delta: RowDelta,
  folded: ScanFile[],
  scratch: string,
): Promise<DataFile | undefined> {
  const schema = currentSchema(table.metadata);
  const columns = schema.fields.map((f) => f.name);
  const parts = [`SELECT ${idents(columns)} FROM ${ident(delta.next)}`];
  if (folded.length > 0) {
    const live = await tableSql(io.store, { schema }, { files: folded, positions: true });
    parts.push(`SELECT ${idents(columns, 'f.')} FROM (${live}) f
      ANTI JOIN ${ident(delta.old)} o ON f._file = o._file AND f._pos = o._pos`);
  }
  const rows = { select: parts.join(' UNION ALL '), fullBounds: delta.fullBounds, rowGroupSize: ROW_GROUP };
  return putRows(io, session, table, rows, scratch);
}

/** One delete file a data file: what it had before and what this merge replaces. */
async function writeDeletes(
  io: TableIo,
  session: Session,
  table: Table,
  delta: RowDelta,
  file: ScanFile,
  scratch: string,
): Promise<DataFile> {
  const path = literal(file.file.path);
  const parts = [`SELECT _file AS file_path, _pos AS pos FROM ${ident(delta.old)} WHERE _file = ${path}`];
  for (const before of file.deletes) {
    const readable = await io.store.readable(before.path);
    parts.push(`SELECT file_path, pos FROM read_parquet(${literal(readable)}) WHERE file_path = ${path}`);
  }
  return putDeletes(io, session, table, { select: parts.join(' UNION '), of: file.file.path }, scratch);
}

/**
 * Turns a merge's rows into a change of the table: position deletes for replaced rows, one new data file, and small or
 * worn files folded into it.
 * @returns undefined when nothing changes
 */
export async function planRowDelta(
  io: TableIo,
  session: Session,
  table: Table,
  delta: RowDelta,
  scratch: string,
): Promise<SnapshotChange | undefined> {
  const hit = await hitsByFile(session, delta.old);
  const scan = await planScan(io, table, {});
  const chosen = chooseFolded(scan.files, hit);
  const folded = scan.files.filter((f) => chosen.has(f.file.path));
  const cut = scan.files.filter((f) => !chosen.has(f.file.path) && hit.has(f.file.path));
  const added = await writeRows(io, session, table, delta, folded, scratch);
  if (!added && folded.length === 0 && cut.length === 0) return undefined;
  const addedDeletes: DataFile[] = [];
  for (const file of cut) addedDeletes.push(await writeDeletes(io, session, table, delta, file, scratch));
  // A delete file that some other data file still needs must stay; ours name one data file each.
  const kept = new Set(
    scan.files
      .filter((f) => !folded.includes(f) && !cut.includes(f))
      .flatMap((f) => f.deletes.map((d) => d.path)),
  );
  const replaced = new Set([...folded, ...cut].flatMap((f) => f.deletes.map((d) => d.path)));
  return {
    operation: 'overwrite',
    addedData: added ? [added] : [],
    addedDeletes,
    removedData: folded.map((f) => f.file.path),
    removedDeletes: [...replaced].filter((p) => !kept.has(p)),
    summary: {},
  };
}
