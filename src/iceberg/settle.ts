import { TidemarkError } from '../errors.ts';
import type { SwapOutcome } from '../ports/catalog.ts';
import { isOnMain } from './ancestry.ts';
import { loadTable } from './table.ts';
import type { Table, TableIo } from './table.ts';

export type CommitOutcome =
  { kind: 'committed'; table: Table } | { kind: 'conflict' } | { kind: 'unknown'; cause: unknown };

/** How often and with which pause (milliseconds) a commit looks again after an unknown answer. */
export interface Settle {
  attempts: number;
  waitMs: number;
}

export const DEFAULT_SETTLE: Settle = { attempts: 4, waitMs: 250 };

const UNREAD = 'unread';

/** A new metadata file that is written but not yet pointed to. */
export interface Attempt {
  base: Table;
  next: Table['metadata'];
  location: string;
  /** Absent when the commit makes no snapshot. */
  snapshot?: { id: bigint; sequenceNumber: bigint };
}

/** What a look at the table says about an attempt whose swap has not been confirmed. */
type Sight = CommitOutcome | { kind: 'pending' };

/**
 * Swaps the pointer and finds out what came of it.
 *
 * After an unknown answer the pointer is read again. Where it still has the base's version, the same swap is tried
 * once more: both tries have the same expectation and the same target, so at most one takes effect and either makes
 * this commit. Where it moved, the base's version is gone for good and the lost request can no longer take effect:
 * then the history says whether it did. A conflict of a later try may be with our own first one, so it only leads to
 * another look.
 */
export async function swapAndSettle(io: TableIo, attempt: Attempt, settle: Settle): Promise<CommitOutcome> {
  const first = await swap(io, attempt);
  if (first.kind === 'conflict') return disputed(io, attempt);
  if (first.kind === 'committed') return confirmed(io, attempt);
  let cause = first.cause;
  for (let round = 0; round <= settle.attempts; round += 1) {
    if (round > 1) await io.clock.sleep(settle.waitMs);
    try {
      const sight = await look(io, attempt);
      if (sight.kind !== 'pending') return sight;
      if (round === settle.attempts) break;
      const again = await swap(io, attempt);
      if (again.kind === 'committed') return await confirmed(io, attempt);
      if (again.kind === 'unknown') cause = again.cause;
    } catch (error) {
      // The table cannot be read now: the outcome stays unknown until it can.
      cause = error;
    }
  }
  return { kind: 'unknown', cause };
}

async function swap(io: TableIo, { base, location }: Attempt): Promise<SwapOutcome> {
  try {
    return await io.catalog.swap(base.name, base.entry, location);
  } catch (cause) {
    // A catalog should answer, not throw; if it does, nobody knows what it did before.
    return { kind: 'unknown', cause };
  }
}

/**
 * A conflict at the first try. A client that repeats requests unseen gets it for its own success too, so the table is
 * looked at once; otherwise the catalog's word holds that this swap did not and will not happen.
 */
async function disputed(io: TableIo, attempt: Attempt): Promise<CommitOutcome> {
  try {
    const sight = await look(io, attempt);
    return sight.kind === 'committed' ? sight : { kind: 'conflict' };
  } catch (error) {
    if (error instanceof TidemarkError) return { kind: 'conflict' };
    throw error;
  }
}

async function look(io: TableIo, attempt: Attempt): Promise<Sight> {
  const { base, location, snapshot } = attempt;
  const table = await loadTable(io, base.name);
  if (!table) return { kind: 'conflict' };
  const log = table.metadata['metadata-log'].map((entry) => entry['metadata-file']);
  if (table.entry.metadataLocation === location || log.includes(location))
    return { kind: 'committed', table };
  const onMain = snapshot ? isOnMain(table.metadata, snapshot.id, snapshot.sequenceNumber) : undefined;
  if (onMain === 'yes') return { kind: 'committed', table };
  if (table.entry.version === base.entry.version) return { kind: 'pending' };
  // Without a snapshot to look for, the log tells: it goes on from the base with another file than ours.
  if (onMain === 'no' || (onMain === undefined && log.includes(base.entry.metadataLocation)))
    return { kind: 'conflict' };
  return {
    kind: 'unknown',
    cause: new TidemarkError('unknown', 'The history that would tell is gone', { context: { location } }),
  };
}

/**
 * The table after a swap that took effect. The swap does not tell the pointer's new version, so it is read; somebody
 * may have committed on top meanwhile. When it cannot be read, the commit stands all the same: the table is returned
 * with a version that no pointer has, so that the next commit answers conflict and its caller reloads.
 */
async function confirmed(io: TableIo, { base, next, location }: Attempt): Promise<CommitOutcome> {
  io.cache?.metadata.set(location, next);
  const unread: Table = {
    name: base.name,
    entry: { metadataLocation: location, version: UNREAD },
    metadata: next,
  };
  try {
    const entry = await io.catalog.load(base.name);
    if (entry?.metadataLocation === location) return { kind: 'committed', table: { ...unread, entry } };
    return { kind: 'committed', table: (await loadTable(io, base.name)) ?? unread };
  } catch {
    // Whatever went wrong with reading, a thrown error would say that nothing was committed.
    return { kind: 'committed', table: unread };
  }
}
