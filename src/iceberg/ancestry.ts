import { currentSnapshot, snapshotById } from './metadata.ts';
import type { TableMetadata } from './metadata.ts';
import type { Snapshot } from './snapshot.ts';

export type Ancestry = 'yes' | 'no' | 'undecidable';

/**
 * The table property that carries ancestry across trimmed snapshots: decimal snapshot ids, newest first, joined by
 * commas. Each was proven to be an ancestor of the one before it, when the snapshots between them were still there.
 * Such a fact never becomes false, whoever writes to the table afterwards; when the property is lost, ancestry
 * across the gaps becomes undecidable, never wrong. Kept by `trimSnapshots`.
 */
export const LINEAGE_PROPERTY = 'tidemark.lineage';

/**
 * The ancestors of a snapshot that are still in the metadata, itself first, as far as they are proven: by
 * `parent-snapshot-id`, and across trimmed parents by the lineage property.
 *
 * @returns `complete` when the walk reached a snapshot without a parent; `missing` are the parent ids met on the way
 *   whose snapshots are gone: they are proven ancestors too
 */
export function ancestors(
  metadata: TableMetadata,
  from: Snapshot,
): { chain: Snapshot[]; missing: Set<bigint>; gaps: number; complete: boolean } {
  const byId = new Map(metadata.snapshots.map((snapshot) => [snapshot['snapshot-id'], snapshot]));
  const lineage = readLineage(metadata);
  const chain: Snapshot[] = [];
  const missing = new Set<bigint>();
  let gaps = 0;
  let next: Snapshot | undefined = from;
  while (next) {
    chain.push(next);
    const parentId: bigint | undefined = next['parent-snapshot-id'];
    if (parentId === undefined) return { chain, missing, gaps, complete: gaps === 0 };
    const parent = byId.get(parentId);
    if (!parent) {
      missing.add(parentId);
      gaps += 1;
    }
    next = parent ?? bridge(lineage, next['snapshot-id'], byId);
    // Sequence numbers fall strictly towards the root; anything else is damage, and a loop would never end.
    const child: Snapshot = chain[chain.length - 1]!;
    if (next && next['sequence-number'] >= child['sequence-number']) next = undefined;
  }
  return { chain, missing, gaps, complete: false };
}

function bridge(lineage: bigint[], from: bigint, byId: Map<bigint, Snapshot>): Snapshot | undefined {
  const index = lineage.indexOf(from);
  if (index < 0) return undefined;
  const id = lineage.slice(index + 1).find((candidate) => byId.has(candidate));
  return id === undefined ? undefined : byId.get(id);
}

export function readLineage(metadata: TableMetadata): bigint[] {
  const text = metadata.properties[LINEAGE_PROPERTY] ?? '';
  return text
    .split(',')
    .filter((part) => /^\d+$/.test(part))
    .map(BigInt);
}

/**
 * Whether `ancestorId` is `descendantId` or one of its ancestors.
 *
 * - `yes`: met on the walk, as a snapshot or as the id of a trimmed parent
 * - `no`: the walk reached the root without it; or it is in the metadata, or its sequence number is given, and the
 *   walk passed its sequence number without a gap there (sequence numbers fall strictly from child to parent, and a
 *   bridged gap only spans snapshots that are gone from the metadata)
 * - `undecidable`: the history that would tell is gone
 */
export function isAncestor(
  metadata: TableMetadata,
  ancestorId: bigint,
  descendantId: bigint,
  ancestorSequenceNumber?: bigint,
): Ancestry {
  if (ancestorId === descendantId) return 'yes';
  const descendant = snapshotById(metadata, descendantId);
  if (!descendant) return 'undecidable';
  const { chain, missing, complete } = ancestors(metadata, descendant);
  if (missing.has(ancestorId) || chain.some((snapshot) => snapshot['snapshot-id'] === ancestorId))
    return 'yes';
  if (complete) return 'no';
  const known = snapshotById(metadata, ancestorId);
  const sequence = known?.['sequence-number'] ?? ancestorSequenceNumber;
  if (sequence === undefined) return 'undecidable';
  // The newest ancestor at or below that sequence number, and what stands above it on the walk.
  const below = chain.findIndex((snapshot) => snapshot['sequence-number'] <= sequence);
  if (below === 0) return 'no';
  if (below > 0) {
    const above = chain[below - 1]!;
    const adjacent = above['parent-snapshot-id'] === chain[below]!['snapshot-id'];
    // A trimmed snapshot may have stood in a gap; one that is still in the metadata would have been the bridge.
    return adjacent || known || chain[below]!['sequence-number'] === sequence ? 'no' : 'undecidable';
  }
  return 'undecidable';
}

/** `isAncestor` of main; `no` in a table without a snapshot. */
export function isOnMain(metadata: TableMetadata, snapshotId: bigint, sequenceNumber?: bigint): Ancestry {
  const head = currentSnapshot(metadata);
  return head ? isAncestor(metadata, snapshotId, head['snapshot-id'], sequenceNumber) : 'no';
}
