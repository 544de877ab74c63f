import type { FileStats } from '../ports/ledger.ts';
import { DELETE_FILE_PATH_ID } from '../iceberg/data-file.ts';
import { writeParquet } from './parquet-write.ts';
import type { SqlSession } from './parquet-write.ts';
import { DELETE_SCHEMA } from './parquet-read.ts';
import { literal } from './sql-text.ts';

export interface PositionDeletesWrite {
  /** A SELECT that yields `file_path` (the data file's URI in the table) and `pos`; equal rows are written once. */
  select: string;
  path: string;
}

export interface PositionDeletes extends FileStats {
  path: string;
  /** The one data file that all deletes name; absent when there are several. */
  referencedDataFile?: string;
}

/**
 * Writes a position delete file, sorted by file and position as readers merge it. When all deletes name one data file,
 * both bounds of `file_path` are that name in full: only then can a reader leave the delete file out for other files.
 */
export async function writePositionDeletes(
  session: SqlSession,
  { select, path }: PositionDeletesWrite,
): Promise<PositionDeletes> {
  const written = await writeParquet(session, {
    select: `SELECT DISTINCT file_path, pos FROM (${select})`,
    schema: DELETE_SCHEMA,
    path,
    sort: ['file_path', 'pos'],
    footer: { 'delete-type': 'position' },
  });
  const bounds = exactBounds(written) ?? (await namesOf(session, path));
  if (bounds === undefined) return written;
  written.lowerBounds[DELETE_FILE_PATH_ID] = Buffer.from(bounds.low).toString('base64');
  written.upperBounds[DELETE_FILE_PATH_ID] = Buffer.from(bounds.high).toString('base64');
  return bounds.low === bounds.high ? { ...written, referencedDataFile: bounds.low } : written;
}

interface Names {
  low: string;
  high: string;
}

function exactBounds({ lowerBounds, upperBounds }: FileStats): Names | undefined {
  const low = lowerBounds[DELETE_FILE_PATH_ID];
  const high = upperBounds[DELETE_FILE_PATH_ID];
  if (low === undefined || high === undefined) return undefined;
  return { low: Buffer.from(low, 'base64').toString(), high: Buffer.from(high, 'base64').toString() };
}

// Statistics cut long names; here they are whole.
async function namesOf(session: SqlSession, path: string): Promise<Names | undefined> {
  const [range] = await session.rows(
    `SELECT min(file_path) AS low, max(file_path) AS high FROM read_parquet(${literal(path)}, hive_partitioning = false)`,
  );
  const { low, high } = range ?? {};
  return typeof low === 'string' && typeof high === 'string' ? { low, high } : undefined;
}
