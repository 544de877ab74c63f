import { createHash } from 'node:crypto';
import { TidemarkError } from '../errors.ts';
import { ancestors, currentSnapshot, isOnMain, metadataFolder, type Table } from '../iceberg/index.ts';
import { tableKey } from '../ports/catalog.ts';
import { BIRTH, type Position } from '../ports/ledger.ts';
import type { ObjectStore } from '../ports/object-store.ts';

/** Positions by source, then shard. The source of a real-time table is a stream, of a Silver table a real-time table. */
export type Positions = Record<string, Record<string, Position>>;

/** A snapshot of a table that another table was computed from. */
export interface InputSnapshot {
  snapshotId: string;
  sequenceNumber: string;
}

/** Groups of derived tables that one commit touched: a Parquet file of distinct group values for each. */
export interface TouchedGroups {
  sequenceNumber: string;
  /** Derived table → URI; absent where the commit touched none of its groups. */
  files: Record<string, string>;
}

/**
 * The tidemark: what a table contains, as an immutable file that the table's property and snapshot summary name.
 */
export interface Mark {
  format: 1;
  positions: Positions;
  /** Derived tables: the snapshots of the tables they were computed from. */
  inputs: Record<string, InputSnapshot>;
  /** Oldest first; covers every commit after `touchedSince`. */
  touched: TouchedGroups[];
  touchedSince: string;
}

export const EMPTY_MARK: Mark = { format: 1, positions: {}, inputs: {}, touched: [], touchedSince: '0' };

/** Names the mark's file, with what is needed to prove that it belongs to this table's history. */
interface MarkPointer {
  path: string;
  sha256: string;
  snapshotId: string;
  sequenceNumber: string;
  tableUuid: string;
  token: string;
}

/** Table property and summary key. Foreign engines keep properties; summaries live as long as their snapshot. */
export const MARK_KEY = 'tidemark.mark';

/** How far a shard of a source is contained. */
export function positionIn(mark: Mark, source: string, shard: string): Position {
  return mark.positions[source]?.[shard] ?? BIRTH;
}

/** The mark with some shards of a source moved forward; a lower position is ignored. */
export function advance(mark: Mark, source: string, moved: Record<string, Position>): Mark {
  const shards = { ...mark.positions[source] };
  for (const [shard, position] of Object.entries(moved))
    if (position > (shards[shard] ?? BIRTH)) shards[shard] = position;
  return { ...mark, positions: { ...mark.positions, [source]: shards } };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/**
 * Writes the mark's file for the commit that is being made.
 * @returns what the commit must put into the table's properties and the snapshot's summary
 */
export async function writeMark(
  store: ObjectStore,
  table: Table,
  mark: Mark,
  ids: { snapshotId: bigint; sequenceNumber: bigint },
  token: string,
): Promise<Record<string, string>> {
  const bytes = Buffer.from(JSON.stringify(mark));
  const path = `${metadataFolder(table.metadata)}/tidemark-${ids.snapshotId}-${token}.json`;
  await store.put(path, bytes);
  const pointer: MarkPointer = {
    path,
    sha256: sha256(bytes),
    snapshotId: String(ids.snapshotId),
    sequenceNumber: String(ids.sequenceNumber),
    tableUuid: table.metadata['table-uuid'],
    token,
  };
  return { [MARK_KEY]: JSON.stringify(pointer) };
}

function undecidable(table: Table, why: string): TidemarkError {
  return new TidemarkError('corrupt', `the tidemark of ${tableKey(table.name)} cannot be proven: ${why}`, {
    context: { table: tableKey(table.name), metadata: table.entry.metadataLocation },
    remedy: 'nothing is committed until it can be: roll the table back to a snapshot that Tidemark made',
  });
}

async function readPointed(store: ObjectStore, table: Table, pointer: MarkPointer): Promise<Mark> {
  const bytes = await store.get(pointer.path);
  if (sha256(bytes) !== pointer.sha256)
    throw undecidable(table, `${pointer.path} does not have its recorded hash`);
  return JSON.parse(Buffer.from(bytes).toString('utf8')) as Mark;
}

/** The pointer that holds for the table's current snapshot, or undefined when the table has none of our commits. */
function provenPointer(table: Table): MarkPointer | undefined {
  const { metadata } = table;
  const current = currentSnapshot(metadata);
  if (current === undefined) return undefined;
  const ours = (text: string | undefined): MarkPointer | undefined => {
    const pointer = text === undefined ? undefined : (JSON.parse(text) as MarkPointer);
    return pointer?.tableUuid === metadata['table-uuid'] ? pointer : undefined;
  };
  const property = ours(metadata.properties[MARK_KEY]);
  if (property && isOnMain(metadata, BigInt(property.snapshotId), BigInt(property.sequenceNumber)) === 'yes')
    return property;
  // The property is not of this history: a rollback or a replaced table. The nearest ancestor of ours holds.
  const { chain, complete } = ancestors(metadata, current);
  for (const snapshot of chain) {
    const carried = ours(snapshot.summary[MARK_KEY]);
    if (carried) return carried;
  }
  if (!complete)
    throw undecidable(table, 'no snapshot of ours is left in its history, and the history is cut');
  return undefined;
}

/**
 * The table's mark, believed only when its snapshot is an ancestor of the current one.
 * @throws kind `corrupt` when that cannot be decided; it is never taken for zero
 */
export async function readMark(store: ObjectStore, table: Table): Promise<Mark> {
  const pointer = provenPointer(table);
  return pointer === undefined ? EMPTY_MARK : readPointed(store, table, pointer);
}
