import { TidemarkError } from '../errors.ts';
import { isAncestor } from './ancestry.ts';
import { isLive } from './data-file.ts';
import type { ManifestEntry } from './data-file.ts';
import { ManifestContent } from './manifest-list.ts';
import type { ManifestFile } from './manifest-list.ts';
import { snapshotById } from './metadata.ts';
import { readAllEntries, readList } from './read.ts';
import type { Snapshot } from './snapshot.ts';
import type { Table, TableIo } from './table.ts';

/** The net difference between two snapshots; a file that came and went between them is in none of the lists. */
export interface ChangedFiles {
  addedData: ManifestEntry[];
  removedData: ManifestEntry[];
  addedDeletes: ManifestEntry[];
  removedDeletes: ManifestEntry[];
}

/**
 * What changed from one snapshot to a later one of the same line. Manifests that both have are not read.
 *
 * @param from undefined stands for the empty table
 * @returns `undecidable` when `from` is gone or not proven to be an ancestor of `to`: recompute in full
 * Throws `notFound` when `to` is not in the metadata.
 */
export async function changedFiles(
  io: TableIo,
  table: Table,
  from: bigint | undefined,
  to: bigint,
): Promise<ChangedFiles | 'undecidable'> {
  const { metadata } = table;
  const target = snapshotById(metadata, to);
  if (!target)
    throw new TidemarkError('notFound', `There is no snapshot ${to}`, { context: { snapshotId: to } });
  const source = from === undefined ? undefined : snapshotById(metadata, from);
  if (from !== undefined && (!source || isAncestor(metadata, from, to) !== 'yes')) return 'undecidable';
  const before = await listOf(io, source);
  const after = await listOf(io, target);
  const shared = new Set(before.map((manifest) => manifest.path));
  const kept = new Set(after.map((manifest) => manifest.path).filter((path) => shared.has(path)));
  const old = await liveByPath(io, table, before, kept);
  const now = await liveByPath(io, table, after, kept);
  return {
    addedData: difference(now.data, old.data),
    removedData: difference(old.data, now.data),
    addedDeletes: difference(now.deletes, old.deletes),
    removedDeletes: difference(old.deletes, now.deletes),
  };
}

async function listOf(io: TableIo, snapshot: Snapshot | undefined): Promise<readonly ManifestFile[]> {
  return snapshot ? readList(io, snapshot['manifest-list']) : [];
}

type Live = Map<string, ManifestEntry>;

async function liveByPath(
  io: TableIo,
  table: Table,
  manifests: readonly ManifestFile[],
  except: ReadonlySet<string>,
): Promise<{ data: Live; deletes: Live }> {
  const data: Live = new Map();
  const deletes: Live = new Map();
  const unread = manifests.filter((manifest) => !except.has(manifest.path));
  for (const [manifest, entries] of await readAllEntries(io, table.metadata, unread)) {
    const live = manifest.content === ManifestContent.data ? data : deletes;
    for (const entry of entries) if (isLive(entry)) live.set(entry.file.path, entry);
  }
  return { data, deletes };
}

function difference(left: Live, right: Live): ManifestEntry[] {
  return [...left.values()].filter((entry) => !right.has(entry.file.path));
}
