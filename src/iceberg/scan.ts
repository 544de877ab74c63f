import { TidemarkError } from '../errors.ts';
import { tableKey } from '../ports/catalog.ts';
import { isLive } from './data-file.ts';
import type { DataFile } from './data-file.ts';
import { DeleteIndex } from './delete-index.ts';
import {
  currentSchema,
  currentSnapshot,
  schemaById,
  snapshotAsOf,
  snapshotById,
  snapshotByRef,
} from './metadata.ts';
import { compilePredicate } from './predicate.ts';
import type { Predicate } from './predicate.ts';
import { liveFiles, ManifestContent } from './manifest-list.ts';
import { readAllEntries, readList } from './read.ts';
import type { Schema } from './schema.ts';
import type { Snapshot } from './snapshot.ts';
import type { Table, TableIo } from './table.ts';

/** What to scan: at most one of the first three. @default the head of main */
export interface ScanOptions {
  snapshotId?: bigint;
  ref?: string;
  /** Milliseconds since 1970, inclusive. */
  asOfMs?: number;
  where?: Predicate;
}

/** A data file with the position deletes that may concern it. */
export interface ScanFile {
  file: DataFile;
  sequenceNumber: bigint;
  deletes: DataFile[];
}

export interface ScanPlan {
  /** Undefined in a table that never had a snapshot. */
  snapshot: Snapshot | undefined;
  /** To read the files with: the snapshot's own for time travel by id, time or tag; the table's current otherwise. */
  schema: Schema;
  files: ScanFile[];
  /** What statistics ruled out. */
  skipped: { manifests: number; files: number };
}

/**
 * The files that hold a snapshot's rows (specification, "Scan Planning"), oldest first.
 * Throws `notFound` for a snapshot, ref or time that the metadata does not have, `refused` for equality deletes.
 */
export async function planScan(io: TableIo, table: Table, options: ScanOptions = {}): Promise<ScanPlan> {
  const { snapshot, schema } = resolveSnapshot(table, options);
  if (!snapshot) return { snapshot, schema, files: [], skipped: { manifests: 0, files: 0 } };
  const matches = options.where ? compilePredicate(options.where, schema) : undefined;
  const list = await readList(io, snapshot['manifest-list']);
  const live = list.filter((manifest) => liveFiles(manifest) > 0);
  const entries = await readAllEntries(io, table.metadata, live);
  const deletes = new DeleteIndex();
  for (const [manifest, found] of entries) {
    if (manifest.content === ManifestContent.deletes) deletes.addAll(found.filter(isLive));
  }
  const files: ScanFile[] = [];
  let skippedFiles = 0;
  for (const [manifest, found] of entries) {
    if (manifest.content !== ManifestContent.data) continue;
    for (const entry of found) {
      if (!isLive(entry)) continue;
      if (matches && !matches(entry.file)) skippedFiles += 1;
      else
        files.push({
          file: entry.file,
          sequenceNumber: entry.sequenceNumber,
          deletes: deletes.forFile(entry),
        });
    }
  }
  files.sort((a, b) =>
    a.sequenceNumber < b.sequenceNumber ? -1 : a.sequenceNumber > b.sequenceNumber ? 1 : 0,
  );
  return { snapshot, schema, files, skipped: { manifests: list.length - live.length, files: skippedFiles } };
}

function resolveSnapshot(
  table: Table,
  options: ScanOptions,
): { snapshot: Snapshot | undefined; schema: Schema } {
  const { metadata } = table;
  const { snapshotId, ref, asOfMs } = options;
  if ([snapshotId, ref, asOfMs].filter((option) => option !== undefined).length > 1) {
    throw new TidemarkError('invalid', 'A scan is of a snapshot, of a ref or of a time: only one of them');
  }
  if (ref !== undefined) {
    const snapshot = snapshotByRef(metadata, ref) ?? missing(table, { ref });
    const isTag = metadata.refs[ref]?.type === 'tag';
    return { snapshot, schema: isTag ? schemaOf(table, snapshot) : currentSchema(metadata) };
  }
  if (snapshotId === undefined && asOfMs === undefined) {
    return { snapshot: currentSnapshot(metadata), schema: currentSchema(metadata) };
  }
  const found =
    snapshotId === undefined ? snapshotAsOf(metadata, asOfMs!) : snapshotById(metadata, snapshotId);
  const snapshot = found ?? missing(table, { snapshotId, asOfMs });
  return { snapshot, schema: schemaOf(table, snapshot) };
}

function schemaOf(table: Table, snapshot: Snapshot): Schema {
  const id = snapshot['schema-id'];
  return id === undefined ? currentSchema(table.metadata) : schemaById(table.metadata, id);
}

function missing(table: Table, what: Record<string, unknown>): never {
  throw new TidemarkError('notFound', `${tableKey(table.name)} has no such snapshot`, {
    context: { table: tableKey(table.name), ...what },
    remedy: 'It may have been trimmed: look at the snapshots that the table still has.',
  });
}
