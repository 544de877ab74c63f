import { TidemarkError } from '../errors.ts';
import type { SnapshotChange } from './change.ts';
import { EntryStatus, isLive } from './data-file.ts';
import type { DataFile, ManifestEntry } from './data-file.ts';
import type { EntryDraft } from './manifest-entry.ts';
import { liveFiles, ManifestContent } from './manifest-list.ts';
import type { ManifestFile } from './manifest-list.ts';

/** Reads a manifest's entries; the only thing folding needs from outside. */
export type ReadEntries = (
  manifests: readonly ManifestFile[],
) => Promise<readonly (readonly ManifestEntry[])[]>;

/** Entries that go into new manifests of one content and spec, oldest first. */
export interface NewManifest {
  content: ManifestContent;
  specId: number;
  entries: EntryDraft[];
}

export interface FoldedManifests {
  /** To be written, newest first. */
  written: NewManifest[];
  /** Manifests of the base that stay as they are, in their order. */
  kept: ManifestFile[];
  /** The files that the change removes. */
  removed: DataFile[];
}

/** Small manifests rewritten per commit, content and spec, beyond those that hold removed files. */
const MAX_FOLDED = 8;
/** Below this share of the limit a manifest is rewritten by every commit. */
const GROWING_SHARE = 1 / 8;
const SEARCH_BATCH = 16;

/**
 * Decides which manifests a commit writes, so that neither their number nor the work grows with the table's age.
 *
 * New entries are packed together with the newest small manifests of the same content and spec, as long as the
 * result has at most `limit` live entries. A manifest grows in place up to an eighth of the limit; beyond, it is
 * folded only into one that is at least as large, so that an entry is rewritten a few times in its life and not at
 * every commit, and a handful of small manifests stand before the full ones. Full ones are not touched again. What
 * small manifests foreign writers left is folded in the same way, some per commit. Manifests that hold removed
 * files are rewritten without them. Removed entries go to a manifest of their own, marked as deleted: the next
 * commit drops it, as it drops every manifest without a live entry.
 *
 * Throws `conflict` when a file to remove is not live in the base.
 */
export async function foldManifests(
  base: readonly ManifestFile[],
  change: SnapshotChange,
  snapshotId: bigint,
  limit: number,
  read: ReadEntries,
): Promise<FoldedManifests> {
  const live = base.filter((manifest) => liveFiles(manifest) > 0);
  const touched = new Map<ManifestFile, readonly ManifestEntry[]>();
  await findFiles(live, ManifestContent.data, change.removedData, touched, read);
  await findFiles(live, ManifestContent.deletes, change.removedDeletes, touched, read);
  const gone = new Set([...change.removedData, ...change.removedDeletes]);
  const groups = new Map<string, Group>();
  for (const [manifest, entries] of touched) {
    const group = groupFor(groups, manifest.content, manifest.specId);
    for (const entry of entries) {
      if (!isLive(entry)) continue;
      if (gone.has(entry.file.path))
        group.deleted.push({ ...entry, status: EntryStatus.deleted, snapshotId });
      else group.old.push(asExisting(entry));
    }
  }
  addNew(groups, ManifestContent.data, change.addedData, snapshotId, change.dataSequenceNumber);
  addNew(groups, ManifestContent.deletes, change.addedDeletes, snapshotId);
  const folded = new Set<ManifestFile>(touched.keys());
  for (const group of groups.values()) await foldSmall(group, live, folded, limit, read);
  return {
    written: [...groups.values()].flatMap((group) => pack(group, limit)),
    kept: live.filter((manifest) => !folded.has(manifest)),
    removed: [...groups.values()].flatMap((group) => group.deleted.map((entry) => entry.file)),
  };
}

interface Group {
  content: ManifestContent;
  specId: number;
  old: EntryDraft[];
  added: EntryDraft[];
  deleted: EntryDraft[];
}

function groupFor(groups: Map<string, Group>, content: ManifestContent, specId: number): Group {
  const key = `${content}/${specId}`;
  const group = groups.get(key) ?? { content, specId, old: [], added: [], deleted: [] };
  groups.set(key, group);
  return group;
}

function addNew(
  groups: Map<string, Group>,
  content: ManifestContent,
  files: readonly DataFile[],
  snapshotId: bigint,
  sequenceNumber?: bigint,
): void {
  for (const file of files) {
    // Without numbers of its own an entry inherits them from the manifest list: they are right on any attempt.
    const explicit = sequenceNumber === undefined ? {} : { sequenceNumber };
    groupFor(groups, content, file.specId).added.push({
      status: EntryStatus.added,
      snapshotId,
      ...explicit,
      file,
    });
  }
}

// An entry that is rewritten must name its numbers: inherited, they would be those of the rewriting commit.
function asExisting(entry: ManifestEntry): EntryDraft {
  return { ...entry, status: EntryStatus.existing };
}

// Newest first: what is removed soon after it came, as by compaction, is found in the first manifests.
async function findFiles(
  manifests: readonly ManifestFile[],
  content: ManifestContent,
  paths: readonly string[],
  touched: Map<ManifestFile, readonly ManifestEntry[]>,
  read: ReadEntries,
): Promise<void> {
  const wanted = new Set(paths);
  const candidates = manifests.filter((manifest) => manifest.content === content);
  for (let start = 0; wanted.size > 0 && start < candidates.length; start += SEARCH_BATCH) {
    const batch = candidates.slice(start, start + SEARCH_BATCH);
    const contents = await read(batch);
    batch.forEach((manifest, index) => {
      const hits = contents[index]!.filter((entry) => isLive(entry) && wanted.has(entry.file.path));
      for (const hit of hits) wanted.delete(hit.file.path);
      if (hits.length > 0) touched.set(manifest, contents[index]!);
    });
  }
  const [missing] = wanted;
  if (missing === undefined) return;
  throw new TidemarkError('conflict', 'A file to remove is not in the table any more', {
    context: { path: missing, missing: wanted.size },
    remedy: 'Reload the table and plan again.',
  });
}

async function foldSmall(
  group: Group,
  manifests: readonly ManifestFile[],
  folded: Set<ManifestFile>,
  limit: number,
  read: ReadEntries,
): Promise<void> {
  let size = group.old.length + group.added.length;
  if (size === 0) return;
  let room = (limit - (size % limit)) % limit;
  const chosen: ManifestFile[] = [];
  for (const manifest of manifests) {
    if (chosen.length === MAX_FOLDED) break;
    if (manifest.content !== group.content || manifest.specId !== group.specId || folded.has(manifest))
      continue;
    const live = liveFiles(manifest);
    if (live > room || (live > size && live >= limit * GROWING_SHARE)) continue;
    room -= live;
    size += live;
    chosen.push(manifest);
    folded.add(manifest);
  }
  const contents = await read(chosen);
  // Chosen newest first, written oldest first.
  const entries = [...contents].reverse().flatMap((list) => list.filter(isLive).map(asExisting));
  group.old = [...entries, ...group.old];
}

function pack(group: Group, limit: number): NewManifest[] {
  const { content, specId } = group;
  const live = [...group.old, ...group.added];
  const full: NewManifest[] = [];
  for (let start = 0; start < live.length; start += limit) {
    full.push({ content, specId, entries: live.slice(start, start + limit) });
  }
  full.reverse();
  return group.deleted.length > 0 ? [...full, { content, specId, entries: group.deleted }] : full;
}
