import type { Plan } from '../definition/plan.ts';
import type { Engine } from '../engine/session.ts';
import { TidemarkError } from '../errors.ts';
import { loadTable, type Table, type TableIo } from '../iceberg/index.ts';
import { tableKey, type TableName } from '../ports/catalog.ts';
import type { Log } from '../ports/log.ts';

export interface IntegrationPorts {
  plan: Plan;
  io: TableIo;
  engine: Engine;
  /** Local folder for files being written. */
  scratch: string;
  log: Log;
  /** How many real-time rows one merge takes at most; the rest waits for the next run. */
  maxRows: number;
}

/** What a step did. */
export interface StepResult {
  step: string;
  outcome: 'committed' | 'idle' | 'failed';
  /** Rows read beyond the cut, and rows changed in the table. */
  read: number;
  changed: number;
  /** True when rows beyond the new cut were left for the next run. */
  more: boolean;
}

/** A table that must exist once the lakehouse is deployed. */
export async function existing(ports: IntegrationPorts, name: TableName): Promise<Table> {
  const table = await loadTable(ports.io, name);
  if (!table)
    throw new TidemarkError('notFound', `there is no table ${tableKey(name)}`, {
      remedy: 'deploy the lakehouse first',
    });
  return table;
}
