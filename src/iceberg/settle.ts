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

/** A new metadata file that is written but not yet pointed to. */
export interface Attempt {
  base: Table;
  next: Table['metadata'];
  location: string;
  /** Absent when the commit makes no snapshot. */
  snapshot?: { id: bigint; sequenceNumber: bigint };
}

/**
 * Swaps the pointer and finds out what came of it.
 *
 * After an unknown answer the pointer is read again. Where it still has the base's version, the same swap is tried
 * once more: both tries have the same expectation and the same target, so at most one takes effect and either makes
 * this commit. Where it moved, the base's version is gone for good and the lost request can no longer take effect:
 * then the history says whether it did.
 */
export async function swapAndSettle(io: TableIo, attempt: Attempt, settle: Settle): Promise<CommitOutcome> {
  const first = await swap(io, attempt);
  if (first.kind === 'conflict') return { kind: 'conflict' };
  if (first.kind === 'committed') return { kind: 'committed', table: await committed(io, attempt) };
  let cause = first.cause;
  for (let round = 0; round < settle.attempts; round += 1) {
    if (round > 0) await io.clock.sleep(settle.waitMs);
    try {
      const found = await look(io, attempt);
      if (found) return found;
      const again = await swap(io, attempt);
      if (again.kind === 'committed') return { kind: 'committed', table: await committed(io, attempt) };
      // A conflict now may be with our own first try: the next look tells.
      if (again.kind === 'unknown') cause = again.cause;
      else round -= round === settle.attempts - 1 && round > 0 ? 0 : 0;
    } catch (error) {
      cause = error;
    }
  }
  return { kind: 'unknown', cause };
}

async function swap(io: TableIo, attempt: Attempt): Promise<SwapOutcome> {
  return io.catalog.swap(attempt.base.name, attempt.base.entry, attempt.location);
}
