import { dataFile } from '../commit/files.ts';
import { RETENTION } from '../commit/committer.ts';
import { POSITION_BOUNDS } from '../ingest/stage.ts';
import { writeParquet } from '../engine/parquet.ts';
import type { Engine } from '../engine/session.ts';
import { tableSql } from '../engine/table-sql.ts';
import {
  commitSnapshot,
  currentSchema,
  dataFolder,
  decodeValue,
  findByName,
  planScan,
  requireTable,
  type DataFile,
  type ScanFile,
  type Table,
  type TableIo,
} from '../iceberg/index.ts';
import type { TableName } from '../ports/catalog.ts';

/** Files of one size class are merged when there are this many, so that a row is rewritten a logarithmic number of times. */
const FAN_IN = 12;
/** Each class holds files up to this factor larger than the class below. */
const CLASS_FACTOR = 8;
const SMALLEST_CLASS_BYTES = 32 * 1024;
/** Larger files are left alone. */
const TARGET_BYTES = 16 * 1024 * 1024;
/** What one merge reads at most: it is sorted in memory. */
const INPUT_BYTES = 24 * 1024 * 1024;
const COMMIT_ATTEMPTS = 20;

export interface CompactionPorts {
  io: TableIo;
  engine: Engine;
  /** Local folder for files being written. */
  scratch: string;
}

export interface Compaction {
  outcome: 'committed' | 'nothing' | 'dropped';
  files: number;
  rows: number;
}

function sizeClass(bytes: number): number {
  return Math.max(0, Math.ceil(Math.log(bytes / SMALLEST_CLASS_BYTES) / Math.log(CLASS_FACTOR)));
}

function lowerText(table: Table, file: DataFile, column: string): string {
  const field = findByName(currentSchema(table.metadata), column);
  const bytes = field && file.lowerBounds?.get(field.id);
  return bytes ? String(decodeValue('string', bytes)) : '';
}

/**
 * Chooses what to merge: files of one shard and one size class, so that each file still speaks of one range of one
 * shard and statistics on position stay sharp.
 */
export function chooseFiles(table: Table, files: readonly ScanFile[]): ScanFile[] {
  const groups = new Map<string, ScanFile[]>();
  for (const file of files) {
    // A file with deletes was touched by somebody else; it is not ours to rewrite under them.
    if (file.file.fileSizeInBytes > TARGET_BYTES || file.deletes.length > 0) continue;
    const key = `${lowerText(table, file.file, '_shard')} ${sizeClass(file.file.fileSizeInBytes)}`;
    groups.set(key, [...(groups.get(key) ?? []), file]);
  }
  const ready = [...groups.values()].filter((group) => group.length >= FAN_IN);
  const group = ready.sort((a, b) => b.length - a.length)[0] ?? [];
  const ordered = group.sort((a, b) =>
    lowerText(table, a.file, '_seq') < lowerText(table, b.file, '_seq') ? -1 : 1,
  );
  let bytes = 0;
  return ordered.filter((f) => (bytes += f.file.fileSizeInBytes) <= INPUT_BYTES);
}

async function rewrite(ports: CompactionPorts, table: Table, inputs: ScanFile[]): Promise<DataFile> {
  const { io, engine, scratch } = ports;
  const schema = currentSchema(table.metadata);
  const id = io.random.uuid();
  const session = await engine.session();
  try {
    const { path, ...stats } = await writeParquet(session, {
      select: await tableSql(io.store, { schema }, { files: inputs }),
      schema,
      path: `${scratch}/${id}.parquet`,
      sort: ['_shard', '_seq', '_sub'],
      fullBounds: POSITION_BOUNDS,
    });
    const uri = `${dataFolder(table.metadata)}/${id}.parquet`;
    await io.store.putFile(uri, path);
    return dataFile(uri, stats);
  } finally {
    await session.close();
  }
}

/** True when every input is still live and nobody has deleted rows of it meanwhile. */
async function stillWhole(io: TableIo, table: Table, inputs: ScanFile[]): Promise<boolean> {
  const live = new Map((await planScan(io, table)).files.map((f) => [f.file.path, f]));
  return inputs.every((input) => live.get(input.file.path)?.deletes.length === 0);
}

/**
 * Merges small files of a real-time table into larger ones. The rows, their positions and the tidemark stay as they
 * are. The commit goes on top of whatever was committed while the new file was written.
 * @returns `dropped` when the inputs changed meanwhile or the outcome is unknown: nothing is deleted, the next run looks again
 */
export async function compactTable(ports: CompactionPorts, name: TableName): Promise<Compaction> {
  const { io } = ports;
  const base = await requireTable(io, name);
  const inputs = chooseFiles(base, (await planScan(io, base)).files);
  if (inputs.length === 0) return { outcome: 'nothing', files: 0, rows: 0 };
  const merged = await rewrite(ports, base, inputs);
  const done = { files: inputs.length, rows: merged.recordCount };
  for (let attempt = 0; attempt < COMMIT_ATTEMPTS; attempt++) {
    const table = await requireTable(io, name);
    if (!(await stillWhole(io, table, inputs))) break;
    const outcome = await commitSnapshot(
      io,
      table,
      () => ({
        operation: 'replace',
        addedData: [merged],
        addedDeletes: [],
        removedData: inputs.map((f) => f.file.path),
        removedDeletes: [],
        summary: {},
      }),
      { retention: RETENTION },
    );
    if (outcome.kind === 'committed') return { outcome: 'committed', ...done };
    if (outcome.kind === 'unknown') break;
  }
  return { outcome: 'dropped', ...done };
}
