import { TidemarkError } from '../errors.ts';
import type { SnapshotChange } from './change.ts';
import type { MetadataUpdates } from './metadata-update.ts';
import type { Retention } from './retention.ts';
import type { Table, TableIo } from './table.ts';

export type CommitOutcome =
  | { kind: 'committed'; table: Table }
  | { kind: 'conflict' }
  | { kind: 'unknown'; cause: unknown };

export interface CommitOptions {
  retention?: Retention;
  manifestEntries?: number;
  settle?: { attempts: number; waitMs: number };
}
export type Plan = (ids: { snapshotId: bigint; sequenceNumber: bigint }) => SnapshotChange | Promise<SnapshotChange>;

export function commitSnapshot(_io: TableIo, _base: Table, _plan: Plan, _options: CommitOptions = {}): Promise<CommitOutcome> {
  return Promise.reject(new TidemarkError('internal', 'not yet'));
}
export function commitMetadata(_io: TableIo, _base: Table, _updates: MetadataUpdates, _options: CommitOptions = {}): Promise<CommitOutcome> {
  return Promise.reject(new TidemarkError('internal', 'not yet'));
}
