import { TidemarkError } from '../errors.ts';
import { checkChange } from './change.ts';
import type { SnapshotChange } from './change.ts';
import { foldManifests } from './fold.ts';
import type { NewManifest } from './fold.ts';
import { manifestListPath, manifestPath, metadataPath } from './locations.ts';
import { writeManifest } from './manifest.ts';
import { ManifestContent, writeManifestList } from './manifest-list.ts';
import type { ManifestFile } from './manifest-list.ts';
import { currentSchema, currentSnapshot, snapshotById, specById } from './metadata.ts';
import type { TableMetadata } from './metadata.ts';
import { serialiseMetadata } from './metadata-json.ts';
import { applyProperties, applyUpdates, nextTimestamp, touch, withSnapshot } from './metadata-update.ts';
import type { MetadataUpdates } from './metadata-update.ts';
import { headerSchema, partitionColumns } from './partition.ts';
import { putNew } from './put.ts';
import { readAllEntries, readList } from './read.ts';
import { DEFAULT_RETENTION } from './retention.ts';
import type { Retention } from './retention.ts';
import { DEFAULT_SETTLE, swapAndSettle } from './settle.ts';
import type { CommitOutcome, Settle } from './settle.ts';
import type { Snapshot } from './snapshot.ts';
import { summarise } from './summary.ts';
import type { Table, TableIo } from './table.ts';
import { trimSnapshots } from './trim.ts';

export interface CommitOptions {
  /** @default DEFAULT_RETENTION */
  retention?: Retention;
  /** Live entries of a full manifest. @default 256 */
  manifestEntries?: number;
  /** @default four more looks, 250 ms apart */
  settle?: Settle;
}

export interface CommitIds {
  snapshotId: bigint;
  sequenceNumber: bigint;
}

/** Makes the change once its snapshot's ids are known, so that what it writes can name them. */
export type Plan = (ids: CommitIds) => SnapshotChange | Promise<SnapshotChange>;

const MANIFEST_ENTRIES = 256;

/**
 * Makes one snapshot on main, on the condition that the table's pointer still has the base's version. One attempt:
 * after a conflict the caller reloads and decides anew what to commit.
 *
 * - `committed`: the snapshot is in the table's history; `table` is the table now, maybe with newer commits on top
 * - `conflict`: it is not, and cannot come in any more
 * - `unknown`: it may be, or may still come in: delete nothing, load the table again later and look
 *
 * Nothing is deleted in any case. Work and bytes do not grow with the table's age: see `foldManifests` and
 * `trimSnapshots`.
 *
 * Throws what `plan` throws; `invalid` for a change that breaks a rule; `conflict` when a file to remove is not live in
 * the base; `unavailable` and `throttled` when files could not be written. After a throw nothing was committed.
 */
export async function commitSnapshot(
  io: TableIo,
  base: Table,
  plan: Plan,
  options: CommitOptions = {},
): Promise<CommitOutcome> {
  const { metadata } = base;
  const ids: CommitIds = {
    snapshotId: freshSnapshotId(io, metadata),
    sequenceNumber: metadata['last-sequence-number'] + 1n,
  };
  const change = await plan(ids);
  checkChange(change, metadata);
  const uuid = io.random.uuid();
  const parent = currentSnapshot(metadata);
  const now = nextTimestamp(metadata, io.clock.now());
  const list = parent ? await readList(io, parent['manifest-list']) : [];
  const folded = await foldManifests(
    list,
    change,
    ids.snapshotId,
    options.manifestEntries ?? MANIFEST_ENTRIES,
    async (manifests) => (await readAllEntries(io, metadata, manifests)).map(([, entries]) => entries),
  );
  const writes: Promise<void>[] = [];
  const put = (path: string, bytes: Uint8Array): unknown => writes.push(putNew(io.store, path, bytes));
  const written = folded.written.map((manifest, index) =>
    writeOne(io, metadata, manifest, manifestPath(metadata, uuid, index), ids, put),
  );
  const manifests = ordered([...written, ...folded.kept]);
  const listPath = manifestListPath(metadata, ids.snapshotId, uuid);
  put(
    listPath,
    writeManifestList(
      { id: ids.snapshotId, parentId: parent?.['snapshot-id'], sequenceNumber: ids.sequenceNumber },
      manifests,
    ),
  );
  io.cache?.lists.set(listPath, manifests);
  const snapshot: Snapshot = {
    'sequence-number': ids.sequenceNumber,
    'snapshot-id': ids.snapshotId,
    ...(parent ? { 'parent-snapshot-id': parent['snapshot-id'] } : {}),
    'timestamp-ms': now,
    summary: summarise(parent?.summary, change, folded.removed),
    'manifest-list': listPath,
    'schema-id': metadata['current-schema-id'],
  };
  const touched = touch(
    withSnapshot(applyProperties(metadata, change), snapshot),
    base.entry.metadataLocation,
    now,
  );
  const next = trimSnapshots(touched, options.retention ?? DEFAULT_RETENTION, now);
  const location = putMetadata(io, base, next, put);
  // Nothing points to any of these files before the swap, so all of them are written at once.
  await allOrThrow(writes);
  const identity = { id: ids.snapshotId, sequenceNumber: ids.sequenceNumber };
  const attempt = { base, next, location, snapshot: identity };
  const outcome = await swapAndSettle(io, attempt, options.settle ?? DEFAULT_SETTLE);
  if (outcome.kind === 'committed') forget(io, list, manifests, parent);
  return outcome;
}

// What the commit replaced is hardly read again; left in the cache it would push out what is live.
function forget(
  io: TableIo,
  old: readonly ManifestFile[],
  now: readonly ManifestFile[],
  parent: Snapshot | undefined,
): void {
  const paths = new Set(now.map((manifest) => manifest.path));
  for (const { path } of old) if (!paths.has(path)) io.cache?.manifests.delete(path);
  if (parent) io.cache?.lists.delete(parent['manifest-list']);
}

/**
 * Changes properties or columns without a snapshot, under the same condition and with the same outcomes as
 * `commitSnapshot`. Throws `invalid` for columns that cannot be added.
 */
export async function commitMetadata(
  io: TableIo,
  base: Table,
  updates: MetadataUpdates,
  options: CommitOptions = {},
): Promise<CommitOutcome> {
  const now = nextTimestamp(base.metadata, io.clock.now());
  const next = touch(applyUpdates(base.metadata, updates), base.entry.metadataLocation, now);
  const writes: Promise<void>[] = [];
  const location = putMetadata(io, base, next, (path, bytes) => writes.push(putNew(io.store, path, bytes)));
  await allOrThrow(writes);
  return swapAndSettle(io, { base, next, location }, options.settle ?? DEFAULT_SETTLE);
}

type Put = (path: string, bytes: Uint8Array) => unknown;

function freshSnapshotId(io: TableIo, metadata: TableMetadata): bigint {
  for (let tries = 0; tries < 8; tries += 1) {
    const id = io.random.int63();
    if (id > 0n && !snapshotById(metadata, id)) return id;
  }
  throw new TidemarkError('internal', 'The source of randomness gives no fresh snapshot id');
}

function writeOne(
  io: TableIo,
  metadata: TableMetadata,
  { content, specId, entries }: NewManifest,
  path: string,
  ids: CommitIds,
  put: Put,
): ManifestFile {
  const spec = specById(metadata, specId);
  const columns = partitionColumns(spec, metadata.schemas);
  const schema = headerSchema(spec, metadata.schemas, currentSchema(metadata));
  const written = writeManifest(path, { content, spec, columns, schema }, ids, entries);
  put(path, written.bytes);
  io.cache?.manifests.set(path, written.entries);
  return written.manifest;
}

// Data before deletes and new before old, as other writers do; readers do not depend on it, folding does.
function ordered(manifests: ManifestFile[]): ManifestFile[] {
  const of = (content: ManifestContent): ManifestFile[] =>
    manifests.filter((manifest) => manifest.content === content);
  return [...of(ManifestContent.data), ...of(ManifestContent.deletes)];
}

function putMetadata(io: TableIo, base: Table, next: TableMetadata, put: Put): string {
  const path = metadataPath(next, base.entry.metadataLocation, io.random.uuid());
  put(path, serialiseMetadata(next, { gzip: path.endsWith('.gz.metadata.json') }));
  return path;
}

// Waits for every write before it throws, so that none is still under way when the caller goes on.
async function allOrThrow(writes: Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(writes)).find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}
