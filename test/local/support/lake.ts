import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commitPending, type Committed, type CommitterPorts } from '../../../src/commit/committer.ts';
import type { Lakehouse } from '../../../src/definition/definition.ts';
import type { Plan } from '../../../src/definition/plan.ts';
import { quarantineTable, realtimeTable } from '../../../src/definition/tables.ts';
import { compileLakehouse } from '../../../src/engine/compile.ts';
import { Engine, type Session } from '../../../src/engine/session.ts';
import { currentSchema, requireTable, type TableIo } from '../../../src/iceberg/index.ts';
import { positionOf, type RawBatch } from '../../../src/ingest/event.ts';
import { Processor, type BatchResult } from '../../../src/ingest/processor.ts';
import type { IntegrationPorts, StepResult } from '../../../src/integrate/ports.ts';
import { runIntegration, runStep } from '../../../src/integrate/run.ts';
import type { IntegrationStep } from '../../../src/integrate/steps.ts';
import { openStores, type LocalStores } from '../../../src/local/stores.ts';
import { deployTables } from '../../../src/operate/deploy.ts';
import type { TableName } from '../../../src/ports/catalog.ts';
import type { Row } from '../../../src/ports/effects.ts';
import type { Ledger } from '../../../src/ports/ledger.ts';
import type { Log } from '../../../src/ports/log.ts';
import { liveSql } from './compare.ts';
import { silentLog } from './log.ts';

/** Puts something of the test's own between the parts and a port. */
export interface Wraps {
  store?: (store: TableIo['store']) => TableIo['store'];
  catalog?: (catalog: TableIo['catalog']) => TableIo['catalog'];
  ledger?: (ledger: Ledger) => Ledger;
  log?: Log;
  clock?: TableIo['clock'];
}

/** First sequence number that a lake gives; as long as Kinesis's own. */
const FIRST_SEQUENCE = 49_600_000_000_000_000_000_000_000_000_000_000_000_000_000_000_000_000_000n;

/**
 * The parts of a lakehouse over a folder of its own, without stream and loops: a test runs each part by hand, in the
 * order it wants, and stops where it wants.
 */
export class Lake {
  readonly plan: Plan;
  readonly stores: LocalStores;
  readonly io: TableIo;
  readonly ledger: Ledger;
  readonly engine: Engine;
  readonly #log: Log;
  readonly #root: string;
  #sequence = FIRST_SEQUENCE;

  private constructor(root: string, plan: Plan, stores: LocalStores, engine: Engine, wraps: Wraps) {
    this.#root = root;
    this.plan = plan;
    this.stores = stores;
    this.engine = engine;
    this.#log = wraps.log ?? silentLog;
    this.io = {
      ...stores.io,
      store: wraps.store?.(stores.io.store) ?? stores.io.store,
      catalog: wraps.catalog?.(stores.io.catalog) ?? stores.io.catalog,
      clock: wraps.clock ?? stores.io.clock,
    };
    this.ledger = wraps.ledger?.(stores.ledger) ?? stores.ledger;
  }

  static async open(lakehouse: Lakehouse, wraps: Wraps = {}): Promise<Lake> {
    const root = await mkdtemp(join(tmpdir(), 'tidemark-lake-'));
    const plan = await compileLakehouse(lakehouse);
    const stores = openStores(join(root, 'data'), true);
    const engine = await Engine.open({ threads: 2, memoryLimit: '500MB', tempDirectory: stores.scratch });
    await deployTables(stores.io, plan, stores.warehouse);
    return new Lake(root, plan, stores, engine, wraps);
  }

  /** A batch of records that stand behind all that this lake made before. */
  batch(stream: string, shard: string, records: (object | string)[]): RawBatch {
    return {
      stream,
      shard,
      records: records.map((record) => {
        const sequenceNumber = String(++this.#sequence);
        const text = typeof record === 'string' ? record : JSON.stringify(record);
        const position = positionOf(sequenceNumber);
        return {
          position,
          sequenceNumber,
          partitionKey: 'k',
          arrivedAt: this.io.clock.now(),
          data: Buffer.from(text),
        };
      }),
    };
  }

  processor(stream: string, planVersion = 1): Processor {
    const { hotStore, notifier, scratch, warehouse } = this.stores;
    return new Processor(this.plan, planVersion, stream, {
      ledger: this.ledger,
      engine: this.engine,
      hotStore,
      notifier,
      clock: this.io.clock,
      log: this.#log,
      staging: { store: this.io.store, random: this.io.random, prefix: `${warehouse}_staged/`, scratch },
      destination: async (name) => ({
        name,
        schema: currentSchema((await requireTable(this.io, name)).metadata),
      }),
    });
  }

  ingest(batch: RawBatch): Promise<BatchResult> {
    return this.processor(batch.stream).process(batch);
  }

  /** Claims records as one batch of one shard. */
  put(stream: string, records: (object | string)[], shard = 'shardId-000000000000'): Promise<BatchResult> {
    return this.ingest(this.batch(stream, shard, records));
  }

  get committer(): CommitterPorts {
    return { io: this.io, ledger: this.ledger, log: this.#log };
  }

  commit(name: TableName): Promise<Committed | undefined> {
    return commitPending(this.committer, name);
  }

  /** Commits what is pending for every real-time table and for quarantine. */
  async commitAll(): Promise<void> {
    for (const table of this.plan.realtime) await this.commit(realtimeTable(this.plan, table.name));
    await this.commit(quarantineTable(this.plan));
  }

  integration(maxRows = 1_000_000): IntegrationPorts {
    const { plan, io, engine } = this;
    return { plan, io, engine, scratch: this.stores.scratch, log: this.#log, maxRows };
  }

  step(kind: IntegrationStep['kind'], table: string, maxRows?: number): Promise<StepResult> {
    return runStep(this.integration(maxRows), { id: `${kind}-${table}`, kind, table });
  }

  integrate(maxRows?: number): Promise<StepResult[]> {
    return runIntegration(this.integration(maxRows));
  }

  /** Commits and integrates until nothing is left to do. */
  async settle(maxRows?: number): Promise<void> {
    await this.commitAll();
    for (let run = 0; ; run++) {
      const results = await this.integrate(maxRows);
      if (results.every((r) => r.outcome === 'idle')) return;
      if (run > 200) throw new Error(`integration never comes to rest: ${JSON.stringify(results)}`);
    }
  }

  /** Rows of SQL in which `{database.table}` stands for a table's live rows. */
  async rows(sql: string): Promise<Row[]> {
    const session = await this.engine.session();
    try {
      return await this.#rowsIn(session, sql);
    } finally {
      await session.close();
    }
  }

  async close(): Promise<void> {
    await this.engine.close();
    await this.stores.close();
    await rm(this.#root, { recursive: true, force: true });
  }

  async #rowsIn(session: Session, sql: string): Promise<Row[]> {
    let text = sql;
    for (const [braced, database, table] of sql.matchAll(/\{(\w+)\.(\w+)\}/g))
      text = text.replace(
        braced,
        `(${await liveSql(this.stores.io, { database: database!, table: table! })})`,
      );
    return session.rows(text);
  }
}
