import { TidemarkError } from '../errors.ts';
import { Content, EntryStatus, isLive } from './data-file.ts';
import type { ManifestEntry } from './data-file.ts';
import type { Expect } from './finding.ts';
import { readManifest } from './manifest.ts';
import { ManifestContent, readManifestList } from './manifest-list.ts';
import type { ManifestFile } from './manifest-list.ts';
import { specById } from './metadata.ts';
import type { TableMetadata } from './metadata.ts';
import { partitionColumns } from './partition.ts';
import type { Snapshot } from './snapshot.ts';
import type { TableIo } from './table.ts';

/** Reads a snapshot's manifests from the store, not from a cache, and checks them against list and summary. */
export async function checkSnapshotFiles(
  io: TableIo,
  metadata: TableMetadata,
  snapshot: Snapshot,
  expect: Expect,
): Promise<void> {
  try {
    const list = readManifestList(await io.store.get(snapshot['manifest-list']));
    const live: ManifestEntry[] = [];
    for (const manifest of list) {
      const bytes = await io.store.get(manifest.path);
      expect(bytes.length === manifest.length, 'manifest_length', manifest.path);
      const columns = partitionColumns(specById(metadata, manifest.specId), metadata.schemas);
      const entries = readManifest(bytes, manifest, columns);
      checkManifest(snapshot, manifest, entries, expect);
      live.push(...entries.filter(isLive));
    }
    checkLive(snapshot, live, expect);
  } catch (error) {
    if (!(error instanceof TidemarkError)) throw error;
    expect(false, 'readable', `snapshot ${snapshot['snapshot-id']}: ${error.message}`);
  }
}

function checkManifest(
  snapshot: Snapshot,
  manifest: ManifestFile,
  entries: ManifestEntry[],
  expect: Expect,
): void {
  const { path, content, sequenceNumber, minSequenceNumber, addedSnapshotId } = manifest;
  const ofStatus = (status: EntryStatus): ManifestEntry[] =>
    entries.filter((entry) => entry.status === status);
  const rows = (list: ManifestEntry[]): number =>
    list.reduce((sum, entry) => sum + entry.file.recordCount, 0);
  const counts: [EntryStatus, number, number][] = [
    [EntryStatus.added, manifest.addedFiles, manifest.addedRows],
    [EntryStatus.existing, manifest.existingFiles, manifest.existingRows],
    [EntryStatus.deleted, manifest.deletedFiles, manifest.deletedRows],
  ];
  for (const [status, files, rowCount] of counts) {
    const found = ofStatus(status);
    expect(
      found.length === files,
      'files_count',
      `${path}: ${found.length} of status ${status}, listed ${files}`,
    );
    expect(
      rows(found) === rowCount,
      'rows_count',
      `${path}: ${rows(found)} of status ${status}, listed ${rowCount}`,
    );
  }
  expect(sequenceNumber <= snapshot['sequence-number'], 'sequence_number', path);
  const min = entries
    .filter(isLive)
    .reduce((low, entry) => (entry.sequenceNumber < low ? entry.sequenceNumber : low), sequenceNumber);
  expect(minSequenceNumber <= min, 'min_sequence_number', `${path}: ${min}, listed ${minSequenceNumber}`);
  for (const entry of entries) {
    const { file, status } = entry;
    const isData = file.content === Content.data;
    expect(isData === (content === ManifestContent.data), 'content', file.path);
    expect(entry.sequenceNumber <= entry.fileSequenceNumber, 'file_sequence_number', file.path);
    expect(entry.fileSequenceNumber <= sequenceNumber, 'file_sequence_number', file.path);
    expect(status === EntryStatus.existing || entry.snapshotId === addedSnapshotId, 'snapshot_id', file.path);
  }
}

function checkLive(snapshot: Snapshot, live: ManifestEntry[], expect: Expect): void {
  const paths = new Set<string>();
  for (const { file } of live) {
    expect(
      !paths.has(file.path),
      'live once',
      `${file.path} is live twice in snapshot ${snapshot['snapshot-id']}`,
    );
    paths.add(file.path);
  }
  const data = live.filter(({ file }) => file.content === Content.data);
  const rows = (list: ManifestEntry[]): number => list.reduce((sum, { file }) => sum + file.recordCount, 0);
  const positions = live.filter(({ file }) => file.content === Content.positionDeletes);
  const totals: Record<string, number> = {
    'total-data-files': data.length,
    'total-delete-files': live.length - data.length,
    'total-records': rows(data),
    'total-position-deletes': rows(positions),
    'total-files-size': live.reduce((sum, { file }) => sum + file.fileSizeInBytes, 0),
  };
  for (const [key, value] of Object.entries(totals)) {
    const said = snapshot.summary[key];
    expect(
      said === undefined || said === String(value),
      key,
      `snapshot ${snapshot['snapshot-id']}: ${value}, said ${said}`,
    );
  }
}
