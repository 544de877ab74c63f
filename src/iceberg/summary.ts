import type { SnapshotChange } from './change.ts';
import { Content } from './data-file.ts';
import type { DataFile } from './data-file.ts';
import type { Summary } from './snapshot.ts';

/** The totals of `SnapshotSummary`, each with the keys of what adds to it and what takes from it. */
const TOTALS = [
  ['total-records', 'added-records', 'deleted-records'],
  ['total-files-size', 'added-files-size', 'removed-files-size'],
  ['total-data-files', 'added-data-files', 'deleted-data-files'],
  ['total-delete-files', 'added-delete-files', 'removed-delete-files'],
  ['total-position-deletes', 'added-position-deletes', 'removed-position-deletes'],
  ['total-equality-deletes', 'added-equality-deletes', 'removed-equality-deletes'],
] as const;

/**
 * A snapshot's summary (specification, "Optional Snapshot Summary Fields"): the change's counts where they are not
 * zero, and running totals. A total whose predecessor is missing or no number is left out, for it would be a guess.
 *
 * @param before the parent's summary; undefined for the first snapshot, whose totals start from zero
 * @param removed the files that the change removes, data and deletes
 */
export function summarise(
  before: Summary | undefined,
  change: SnapshotChange,
  removed: readonly DataFile[],
): Summary {
  const added = [...change.addedData, ...change.addedDeletes];
  const counts: Record<string, number> = {
    ...countFiles(added, ['added-data-files', 'added-records', 'added-delete-files', 'added']),
    'added-files-size': total(added, (file) => file.fileSizeInBytes),
    ...countFiles(removed, ['deleted-data-files', 'deleted-records', 'removed-delete-files', 'removed']),
    'removed-files-size': total(removed, (file) => file.fileSizeInBytes),
    'changed-partition-count': new Set([...added, ...removed].map(partitionKey)).size,
  };
  const present = Object.entries(counts).filter(([, value]) => value > 0);
  const totals = TOTALS.flatMap(([key, plus, minus]) => {
    const start = before ? Number(before[key] ?? NaN) : 0;
    return Number.isSafeInteger(start)
      ? [[key, start + (counts[plus] ?? 0) - (counts[minus] ?? 0)] as const]
      : [];
  });
  return {
    ...change.summary,
    operation: change.operation,
    ...Object.fromEntries([...present, ...totals].map(([key, value]) => [key, String(value)])),
  };
}

function countFiles(
  files: readonly DataFile[],
  [dataFiles, records, deleteFiles, verb]: [string, string, string, string],
): Record<string, number> {
  const data = files.filter((file) => file.content === Content.data);
  const positions = files.filter((file) => file.content === Content.positionDeletes);
  const equalities = files.filter((file) => file.content === Content.equalityDeletes);
  return {
    [dataFiles]: data.length,
    [deleteFiles]: positions.length + equalities.length,
    [`${verb}-position-delete-files`]: positions.length,
    [`${verb}-equality-delete-files`]: equalities.length,
    [records]: total(data, (file) => file.recordCount),
    [`${verb}-position-deletes`]: total(positions, (file) => file.recordCount),
    [`${verb}-equality-deletes`]: total(equalities, (file) => file.recordCount),
  };
}

function total(files: readonly DataFile[], of: (file: DataFile) => number): number {
  return files.reduce((sum, file) => sum + of(file), 0);
}

function partitionKey(file: DataFile): string {
  return JSON.stringify([
    file.specId,
    ...Object.entries(file.partition).map(([name, value]) => [name, String(value)]),
  ]);
}
