import { PRELUDE, PRELUDE_SCHEMA } from '../engine/prelude.ts';
import type { Plan } from '../definition/plan.ts';
import { Engine, type Session } from '../engine/session.ts';
import { ident } from '../engine/sql-text.ts';
import { isKind, TidemarkError } from '../errors.ts';
import type { TableIo } from '../iceberg/index.ts';
import type { Json } from '../ports/effects.ts';
import { tableKey, type TableName } from '../ports/catalog.ts';
import { LakehouseNames } from './lakehouse-names.ts';
import { pinAll, type Pinned, type Version } from './pins.ts';
import { queryError } from './query-error.ts';
import { resultType } from './result-type.ts';
import { rewriteQuery, type Rewritten } from './rewrite.ts';
import { RelationSql } from './relation.ts';
import { answerShow } from './show.ts';
import { deadline } from './deadline.ts';

export interface QueryColumn {
  name: string;
  /** As Athena names types. */
  type: string;
}

export interface QueryResult {
  columns: QueryColumn[];
  /** Values in the order of `columns`; decimals and 64-bit integers are text. */
  rows: Json[][];
  /** True when there were more than `maxRows`. */
  truncated: boolean;
  /** The snapshots that the answer was read from. */
  snapshots: { table: string; snapshotId: string }[];
}

export interface LakehouseQuerySettings {
  plan: Plan;
  io: TableIo;
  /** The folders of the tables' Parquet files, as `io.store.readable` gives them: all that queries can read. */
  directories: string[];
  /** @default 2 */
  threads?: number;
  /** For all queries that run at the same time. @default '1GB' */
  memoryLimit?: string;
  /** Where large sorts and joins spill. @default nowhere: they are refused when memory is short */
  tempDirectory?: string;
  /** @default 60,000 */
  timeoutMs?: number;
}

export interface QueryOptions {
  /** @default 10,000 */
  maxRows?: number;
  /** Snapshots to read, by `database.table`; also by the views over these tables. */
  snapshots?: Readonly<Record<string, string>>;
  /** Reads every table as it stood then, milliseconds since 1970. */
  asOf?: number;
  /** Stops the query. */
  signal?: AbortSignal;
}

const MAX_ROWS = 10_000;
const TIMEOUT_MS = 60_000;
const MEMORY = '1GB';
const MACROS: ReadonlySet<string> = new Set(PRELUDE.map((m) => m.name));

/**
 * Answers SELECTs over a lakehouse as Athena would: unified views by their bare name or `<lakehouse>.view`, tables as
 * `<lakehouse>_silver.table`, their history with `FOR VERSION AS OF` and `FOR TIMESTAMP AS OF`. Each table is pinned
 * to one snapshot for a whole query. Queries can read the tables and nothing else of the machine.
 */
export class LakehouseQuery {
  readonly #settings: LakehouseQuerySettings;
  readonly #names: LakehouseNames;
  #engine: Promise<Engine> | undefined;

  constructor(settings: LakehouseQuerySettings) {
    this.#settings = settings;
    this.#names = new LakehouseNames(settings.plan);
  }

  /**
   * Answers one SELECT, SHOW TABLES or DESCRIBE.
   * @throws kind `invalid` for faults of the statement, with a caret where it is wrong; `notFound` for unknown tables
   * and snapshots; `refused` for anything that does not only read tables, and beyond the limits of time and memory
   * @example await query.query(`SELECT carrier, count(*) AS n FROM flights GROUP BY carrier`, { maxRows: 100 })
   */
  async query(sql: string, options: QueryOptions = {}): Promise<QueryResult> {
    const shown = answerShow(this.#names, sql);
    if (shown) return { ...shown, truncated: false, snapshots: [] };
    const engine = await this.#open();
    const session = await engine.session();
    const limit = deadline(
      this.#settings.io.clock,
      this.#settings.timeoutMs ?? TIMEOUT_MS,
      options.signal,
      () => session.interrupt(),
    );
    try {
      return await limit.within(() => this.#answer(session, sql, options));
    } catch (error) {
      if (error instanceof TidemarkError && ['FATAL', 'INTERNAL'].includes(String(error.context.engine)))
        await this.close();
      throw error;
    } finally {
      limit.end();
      await session.close();
    }
  }

  async close(): Promise<void> {
    const engine = this.#engine;
    this.#engine = undefined;
    await (await engine)?.close();
  }

  #open(): Promise<Engine> {
    const { threads = 2, memoryLimit = MEMORY, tempDirectory, directories } = this.#settings;
    this.#engine ??= Engine.open({
      threads,
      memoryLimit,
      sandbox: true,
      allowedDirectories: directories,
      ...(tempDirectory === undefined ? {} : { tempDirectory }),
    }).catch((error: unknown) => {
      this.#engine = undefined;
      throw error;
    });
    return this.#engine;
  }

  #versionOf({ snapshots = {}, asOf }: QueryOptions): (name: TableName) => Version {
    const known = new Set(this.#names.tables.map((t) => tableKey(t.name)));
    for (const [name, id] of Object.entries(snapshots))
      if (!known.has(name) || !/^\d+$/.test(id))
        throw new TidemarkError('invalid', `snapshots names ${name} at "${id}"`, {
          remedy: 'give the number of a snapshot by database.table, such as flights_silver.flights',
        });
    return (name) => {
      const id = snapshots[tableKey(name)];
      if (id !== undefined) return { snapshotId: BigInt(id) };
      return asOf === undefined ? {} : { asOfMs: asOf };
    };
  }

  async #answer(session: Session, sql: string, options: QueryOptions): Promise<QueryResult> {
    const { plan, io, memoryLimit = MEMORY } = this.#settings;
    const versionOf = this.#versionOf(options);
    const query = await rewriteQuery(session, sql, this.#names, MACROS, PRELUDE_SCHEMA, versionOf);
    const relations = new RelationSql(plan, io, this.#names.tables, versionOf);
    const pins = await this.#load(session, query, relations);
    try {
      return {
        ...(await readRows(session, query, options.maxRows ?? MAX_ROWS)),
        snapshots: snapshotsOf(pins),
      };
    } catch (error) {
      throw queryError(error, sql, query.run, memoryLimit);
    }
  }

  /** Pins the tables and makes the session's views of them; once more when a file was deleted between the two. */
  async #load(
    session: Session,
    query: Rewritten,
    relations: RelationSql,
    again = true,
  ): Promise<Map<string, Pinned>> {
    const wanted = [...query.relations.values()].flatMap((r) => relations.wanted(r));
    const pins = await pinAll(this.#settings.io, wanted);
    relations.use(pins);
    try {
      for (const [name, relation] of query.relations)
        await session.run(`CREATE OR REPLACE TEMP VIEW ${ident(name)} AS ${await relations.of(relation)}`);
      return pins;
    } catch (error) {
      if (again && isGone(error)) return this.#load(session, query, relations, false);
      throw error;
    }
  }
}

/** Maintenance deletes files long after they left a table, so that only a table read at that very moment misses one. */
function isGone(error: unknown): boolean {
  return isKind(error, 'notFound') && error.context.uri !== undefined;
}

function snapshotsOf(pins: ReadonlyMap<string, Pinned>): QueryResult['snapshots'] {
  return [...pins.values()].flatMap(({ spec, scan }) =>
    scan.snapshot ? [{ table: tableKey(spec.name), snapshotId: String(scan.snapshot['snapshot-id']) }] : [],
  );
}

async function readRows(
  session: Session,
  query: Rewritten,
  maxRows: number,
): Promise<Omit<QueryResult, 'snapshots'>> {
  const columns = await session.columns(query.run.text);
  // Two columns of a query may have the same name; the answer's rows are objects, so each gets a name of its own.
  const names = columns.map((_, i) => `c${i}`);
  const rows = await session.rows(
    `SELECT * FROM (${query.run.text}\n) AS answer(${names.join(', ')}) LIMIT ${maxRows + 1}`,
  );
  return {
    columns: columns.map((c) => ({ name: c.name, type: resultType(c.type) })),
    rows: rows.slice(0, maxRows).map((row) => names.map((n) => row[n] ?? null)),
    truncated: rows.length > maxRows,
  };
}
