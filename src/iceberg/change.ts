import { TidemarkError } from '../errors.ts';
import { Content } from './data-file.ts';
import type { DataFile } from './data-file.ts';
import { specById } from './metadata.ts';
import type { TableMetadata } from './metadata.ts';

export type Operation = 'append' | 'overwrite' | 'delete' | 'replace';

/** What one snapshot does to the table, as data. It is applied in one place, `commitSnapshot`. */
export interface SnapshotChange {
  operation: Operation;
  addedData: readonly DataFile[];
  /** Position deletes only. */
  addedDeletes: readonly DataFile[];
  /** Paths that must be live in the base. */
  removedData: readonly string[];
  removedDeletes: readonly string[];
  /** Extra keys beside the standard ones. */
  summary: Readonly<Record<string, string>>;
  /** Table properties that move in the same commit. */
  setProperties?: Readonly<Record<string, string>>;
  removeProperties?: readonly string[];
  /**
   * For compaction: the data sequence number of the added data files, that of the snapshot the rewrite started
   * from, so that deletes committed meanwhile still apply to the rewritten rows.
   */
  dataSequenceNumber?: bigint;
}

/** Throws `invalid` when a change breaks a rule that holds whatever the base is. */
export function checkChange(change: SnapshotChange, metadata: TableMetadata): void {
  const removes = change.removedData.length + change.removedDeletes.length > 0;
  if (change.operation === 'append' && (removes || change.addedDeletes.length > 0)) {
    throw invalid('An append can only add data files', { operation: change.operation });
  }
  if (change.operation === 'delete' && change.addedData.length > 0) {
    throw invalid('A delete cannot add data files; call it an overwrite', { operation: change.operation });
  }
  const { dataSequenceNumber } = change;
  if (dataSequenceNumber !== undefined && dataSequenceNumber > metadata['last-sequence-number']) {
    throw invalid('A rewrite cannot be newer than the table', {
      dataSequenceNumber: String(dataSequenceNumber),
    });
  }
  checkFiles(change.addedData, [Content.data], metadata);
  checkFiles(change.addedDeletes, [Content.positionDeletes], metadata);
  checkUnique([...change.addedData, ...change.addedDeletes].map((file) => file.path));
  checkUnique([...change.removedData, ...change.removedDeletes]);
}

function checkFiles(files: readonly DataFile[], contents: Content[], metadata: TableMetadata): void {
  for (const file of files) {
    const context = { path: file.path, content: file.content };
    if (!contents.includes(file.content)) throw invalid('A file of the wrong content', context);
    if (file.format.toUpperCase() !== 'PARQUET') throw invalid('Only Parquet files are written', context);
    if (!Number.isSafeInteger(file.recordCount) || file.recordCount < 0)
      throw invalid('A file without a count', context);
    const fields = specById(metadata, file.specId).fields;
    if (
      Object.keys(file.partition).length !== fields.length ||
      fields.some(({ name }) => !(name in file.partition))
    ) {
      throw invalid('A partition that does not match its spec', { ...context, specId: file.specId });
    }
  }
}

function checkUnique(paths: string[]): void {
  const seen = new Set<string>();
  for (const path of paths) {
    if (seen.has(path)) throw invalid('A file is named twice in one change', { path });
    seen.add(path);
  }
}

function invalid(message: string, context: Record<string, unknown>): TidemarkError {
  return new TidemarkError('invalid', message, { context });
}
