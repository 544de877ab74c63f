import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commitPending } from '../../../src/commit/committer.ts';
import { column, defineLakehouse } from '../../../src/definition/index.ts';
import type { Plan } from '../../../src/definition/plan.ts';
import { quarantineTable, realtimeTable } from '../../../src/definition/tables.ts';
import { compileLakehouse } from '../../../src/engine/compile.ts';
import { Engine, type Session } from '../../../src/engine/session.ts';
import { currentSchema, requireTable } from '../../../src/iceberg/index.ts';
import type { RawRecord } from '../../../src/ingest/event.ts';
import { Processor } from '../../../src/ingest/processor.ts';
import { openStores, type LocalStores } from '../../../src/local/stores.ts';
import { deployTables } from '../../../src/operate/deploy.ts';
import type { TableName } from '../../../src/ports/catalog.ts';
import type { Row } from '../../../src/ports/effects.ts';
import { liveSql, withSession } from './compare.ts';
import { silentLog } from './log.ts';

const tide = defineLakehouse('tide', {
  streams: {
    readings: { columns: { id: column.int(), at_time: column.timestamp() }, eventTime: 'at_time' },
  },
  realtime: { readings: { from: 'readings' } },
});

/** A small lakehouse whose parts a test runs by hand: one stream, one real-time table of ids. */
export interface Lake {
  stores: LocalStores;
  engine: Engine;
  plan: Plan;
  processor: Processor;
  readings: TableName;
  quarantine: TableName;
  /** The next records of the stream: ids count up from 1, or the payloads given. */
  records(count: number, payloads?: string[]): RawRecord[];
  commit(): Promise<void>;
  /** All live rows of a table. */
  rows(table: TableName, order: string): Promise<Row[]>;
  close(): Promise<void>;
}

export async function openLake(): Promise<Lake> {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-lake-'));
  const stores = openStores(folder, true);
  const engine = await Engine.open({ threads: 2 });
  const plan = await compileLakehouse(tide);
  await deployTables(stores.io, plan, stores.warehouse);
  const { io, ledger, hotStore, notifier, scratch, warehouse } = stores;
  const processor = new Processor(plan, 1, 'readings', {
    ledger,
    engine,
    hotStore,
    notifier,
    clock: io.clock,
    log: silentLog,
    staging: { store: io.store, random: io.random, prefix: `${warehouse}_staged/`, scratch },
    destination: async (name) => ({
      name,
      schema: currentSchema((await requireTable(io, name)).metadata),
    }),
  });
  const readings = realtimeTable(plan, 'readings');
  const quarantine = quarantineTable(plan);
  let put = 0;
  return {
    stores,
    engine,
    plan,
    processor,
    readings,
    quarantine,
    records: (count, payloads) =>
      Array.from({ length: count }, (_, i) => {
        put++;
        const payload = payloads?.[i] ?? JSON.stringify({ id: put, at_time: '2024-01-01T00:00:00Z' });
        return {
          position: String(put).padStart(56, '0'),
          sequenceNumber: String(put),
          partitionKey: 'k',
          arrivedAt: 0,
          data: Buffer.from(payload),
        };
      }),
    commit: async () => {
      for (const name of [readings, quarantine]) await commitPending({ io, ledger, log: silentLog }, name);
    },
    rows: async (table, order) => {
      const sql = await liveSql(io, table);
      return withSession((s: Session) => s.rows(`SELECT * FROM (${sql}) ORDER BY ${order}`));
    },
    close: async () => {
      await engine.close();
      await stores.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
