import { TidemarkError } from '../errors.ts';
import { Content, DELETE_FILE_PATH_ID } from './data-file.ts';
import type { DataFile, ManifestEntry } from './data-file.ts';
import { compareBytes } from './value.ts';
import type { Value } from './value.ts';

interface Bounds {
  lower: Uint8Array | undefined;
  upper: Uint8Array | undefined;
}

interface Delete extends Bounds {
  file: DataFile;
  sequenceNumber: bigint;
}

/** Finds the position deletes that may concern a data file (specification, "Scan Planning" and "Delete Formats"). */
export class DeleteIndex {
  readonly #byPath = new Map<string, Delete[]>();
  readonly #byPartition = new Map<string, Delete[]>();

  /** Throws `refused` for an equality delete: its rows cannot be found by position. */
  addAll(entries: Iterable<ManifestEntry>): void {
    for (const { file, sequenceNumber } of entries) {
      if (file.content !== Content.positionDeletes) {
        throw new TidemarkError('refused', 'The table has equality deletes, which are not read', {
          context: { path: file.path },
          remedy: 'Rewrite its data files with the engine that wrote the deletes.',
        });
      }
      const bounds = pathBounds(file);
      const path = file.referencedDataFile ?? onlyPath(bounds);
      const found = { file, sequenceNumber, ...bounds };
      if (path === undefined) push(this.#byPartition, partitionKey(file), found);
      else push(this.#byPath, path, found);
    }
  }

  /**
   * A delete concerns a data file of the same spec and partition whose data sequence number is not above its own
   * (that of the same commit included), if its path bounds do not rule the file out.
   */
  forFile({ file, sequenceNumber }: ManifestEntry): DataFile[] {
    const named = this.#byPath.get(file.path) ?? [];
    const loose = this.#byPartition.get(partitionKey(file)) ?? [];
    const path = loose.length > 0 ? Buffer.from(file.path) : undefined;
    return [...named, ...(path ? loose.filter((candidate) => mayName(candidate, path)) : [])]
      .filter((candidate) => candidate.sequenceNumber >= sequenceNumber)
      .map((candidate) => candidate.file);
  }
}

function pathBounds(file: DataFile): Bounds {
  return {
    lower: file.lowerBounds?.get(DELETE_FILE_PATH_ID),
    upper: file.upperBounds?.get(DELETE_FILE_PATH_ID),
  };
}

// Equal bounds are the path itself only when they were not cut: a cut upper bound is above its lower one.
function onlyPath({ lower, upper }: Bounds): string | undefined {
  return lower && upper && compareBytes(lower, upper) === 0 ? Buffer.from(lower).toString('utf8') : undefined;
}

function mayName({ lower, upper }: Bounds, path: Uint8Array): boolean {
  return !(lower && compareBytes(lower, path) > 0) && !(upper && compareBytes(upper, path) < 0);
}

function partitionKey(file: DataFile): string {
  const values = Object.entries(file.partition).map(([name, value]) => [name, typeof value, valueKey(value)]);
  return JSON.stringify([file.specId, ...values]);
}

function valueKey(value: Value | null): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value);
}

function push<V>(map: Map<string, V[]>, key: string, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
