import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openDatabase, type LocalDatabase } from '../../../src/adapters/local/database.ts';
import { FileObjectStore } from '../../../src/adapters/local/file-object-store.ts';
import { LmdbCatalog } from '../../../src/adapters/local/lmdb-catalog.ts';
import { systemClock, systemRandom } from '../../../src/adapters/local/system.ts';
import { commitWithMark } from '../../../src/commit/committer.ts';
import { dataFile } from '../../../src/commit/files.ts';
import { advance, readMark, type Mark } from '../../../src/commit/mark.ts';
import type { Plan } from '../../../src/definition/plan.ts';
import { realtimeTable, tablesOf } from '../../../src/definition/tables.ts';
import { icebergFields } from '../../../src/engine/iceberg-schema.ts';
import { writeParquet } from '../../../src/engine/parquet.ts';
import { Engine, type Session } from '../../../src/engine/session.ts';
import {
  createTable,
  currentSchema,
  ManifestCache,
  requireTable,
  type Table,
  type TableIo,
} from '../../../src/iceberg/index.ts';
import type { IntegrationPorts } from '../../../src/integrate/ports.ts';
import { runIntegration } from '../../../src/integrate/run.ts';
import { literal } from '../../../src/engine/sql-text.ts';
import type { TableName } from '../../../src/ports/catalog.ts';
import { LakehouseQuery, type LakehouseQuerySettings } from '../../../src/serve/query.ts';

export type Value = string | number | null;

export const seqOf = (n: number): string => String(n).padStart(56, '0');
const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** A whole lakehouse in a temporary folder: real files, real tables. */
export class Lake {
  readonly plan: Plan;
  readonly folder: string;
  readonly io: TableIo;
  readonly session: Session;
  readonly #engine: Engine;
  readonly #database: LocalDatabase;
  readonly #queries: LakehouseQuery[] = [];
  #counter = 0;

  private constructor(plan: Plan, folder: string, engine: Engine, session: Session) {
    this.plan = plan;
    this.folder = folder;
    this.#engine = engine;
    this.session = session;
    this.#database = openDatabase(join(folder, 'db'));
    this.io = {
      store: new FileObjectStore({ staging: join(folder, 'staging'), fsync: false }),
      catalog: new LmdbCatalog(this.#database),
      clock: systemClock,
      random: systemRandom,
      cache: new ManifestCache(),
    };
  }

  static async open(plan: Plan): Promise<Lake> {
    const folder = await mkdtemp(join(tmpdir(), 'serve-'));
    const engine = await Engine.open({ threads: 2 });
    const lake = new Lake(plan, folder, engine, await engine.session());
    for (const spec of tablesOf(plan))
      await createTable(lake.io, spec.name, {
        location: pathToFileURL(join(folder, 'warehouse', spec.name.database, spec.name.table)).href,
        schema: icebergFields(spec.columns),
      });
    return lake;
  }

  query(settings: Partial<LakehouseQuerySettings> = {}): LakehouseQuery {
    const query = new LakehouseQuery({
      plan: this.plan,
      io: this.io,
      directories: [join(this.folder, 'warehouse')],
      ...settings,
    });
    this.#queries.push(query);
    return query;
  }

  /** Appends rows of a SELECT as one file, and moves the mark of `source`. */
  async append(
    name: TableName,
    select: string,
    moved: { source: string; shard: string; to: string } | undefined,
  ): Promise<Table> {
    const table = await requireTable(this.io, name);
    const mark = await readMark(this.io.store, table);
    const next: Mark = moved ? advance(mark, moved.source, { [moved.shard]: moved.to }) : mark;
    const id = `f${this.#counter++}`;
    const { path, ...stats } = await writeParquet(this.session, {
      select,
      schema: currentSchema(table.metadata),
      path: join(this.folder, `${id}.parquet`),
    });
    const uri = `${table.metadata.location}/data/${id}.parquet`;
    await this.io.store.putFile(uri, path);
    const outcome = await commitWithMark(this.io, table, next, {
      operation: 'append',
      addedData: [dataFile(uri, stats)],
      addedDeletes: [],
      removedData: [],
      removedDeletes: [],
      summary: {},
    });
    if (outcome.kind !== 'committed') throw new Error(`not committed: ${outcome.kind}`);
    return outcome.table;
  }

  /** Puts rows into a real-time table, as one file of one shard. Each has its `version` and the columns given. */
  async put(table: string, rows: Record<string, Value>[], shard = 's0'): Promise<Table> {
    const columns = this.plan.realtime.find((t) => t.name === table)!.columns.map((c) => c.name);
    const selects = rows.map((row) => {
      const seq = seqOf(++this.#counter);
      const cell = (v: Value | undefined): string =>
        v === null || v === undefined ? 'NULL' : typeof v === 'number' ? String(v) : literal(v);
      const ord = `${String(row.version)}/${shard}/${seq}/0000000`;
      const own = columns.map((c) => `${cell(row[c])} AS "${c}"`);
      return `SELECT ${own.join(', ')}, ${literal(shard)} AS _shard, ${literal(seq)} AS _seq, 0 AS _sub,
        TIMESTAMP '2024-01-01' + INTERVAL (${this.#counter}) SECOND AS _arrived_at, ${literal(ord)} AS _ord`;
    });
    const last = seqOf(this.#counter);
    return this.append(realtimeTable(this.plan, table), selects.join(' UNION ALL '), {
      source: this.plan.realtime.find((t) => t.name === table)!.stream,
      shard,
      to: last,
    });
  }

  /** Merges everything into Silver and Gold. */
  async integrate(): Promise<void> {
    const ports: IntegrationPorts = {
      plan: this.plan,
      io: this.io,
      engine: this.#engine,
      scratch: this.folder,
      log: silent,
      maxRows: 1_000_000,
    };
    await runIntegration(ports);
  }

  async close(): Promise<void> {
    for (const query of this.#queries) await query.close();
    await this.#engine.close();
    await this.#database.close();
    await rm(this.folder, { recursive: true });
  }
}
