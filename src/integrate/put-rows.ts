import { rm } from 'node:fs/promises';
import { dataFile } from '../commit/files.ts';
import { writeParquet, writePositionDeletes } from '../engine/parquet.ts';
import type { Session } from '../engine/session.ts';
import { currentSchema, type DataFile, type Table, type TableIo } from '../iceberg/index.ts';

/** Runs `work` with a path for a local file, and leaves no file there: not of a write that failed, nor of one without rows. */
export async function withScratch<T>(
  io: TableIo,
  scratch: string,
  work: (local: string, id: string) => Promise<T>,
): Promise<T> {
  const id = io.random.uuid();
  const local = `${scratch}/${id}.parquet`;
  try {
    return await work(local, id);
  } finally {
    await rm(local, { force: true });
  }
}

/** Writes the rows of `select` as one durable data file of the table; undefined when there are none. */
export function putRows(
  io: TableIo,
  session: Session,
  table: Table,
  rows: { select: string; fullBounds: string[]; rowGroupSize?: number },
  scratch: string,
): Promise<DataFile | undefined> {
  return withScratch(io, scratch, async (local, id) => {
    const schema = currentSchema(table.metadata);
    const { path, ...stats } = await writeParquet(session, { ...rows, schema, path: local });
    if (stats.recordCount === 0) return undefined;
    const uri = `${table.metadata.location}/data/${id}.parquet`;
    await io.store.putFile(uri, path);
    return dataFile(uri, stats);
  });
}

/** Writes the positions of `select` as one durable delete file for one data file. */
export function putDeletes(
  io: TableIo,
  session: Session,
  table: Table,
  deletes: { select: string; of: string },
  scratch: string,
): Promise<DataFile> {
  return withScratch(io, scratch, async (local, id) => {
    const { path, ...stats } = await writePositionDeletes(session, { select: deletes.select, path: local });
    const uri = `${table.metadata.location}/data/${id}-deletes.parquet`;
    await io.store.putFile(uri, path);
    return { ...dataFile(uri, stats, 1), referencedDataFile: deletes.of };
  });
}
