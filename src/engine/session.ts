import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { TidemarkError } from '../errors.ts';
import type { Row } from '../ports/effects.ts';
import { engineError } from './engine-error.ts';
import { PRELUDE, PRELUDE_SCHEMA } from './prelude.ts';
import { literal } from './sql-text.ts';

export interface EngineSettings {
  threads: number;
  /** DuckDB's notation: `400MB`. @default 80 % of the machine's memory */
  memoryLimit?: string;
  /** Where operators spill when memory is short; readable and writable also in a sandbox. @default nothing is spilled */
  tempDirectory?: string;
  /** The only directories whose files may be read and written; needs `sandbox`. @default none */
  allowedDirectories?: string[];
  /**
   * Builds the hash table of every join on its right side. DuckDB cannot estimate reads of Parquet by field id, takes
   * them for nearly empty, and would hold a whole table in memory to look up a few keys in it.
   * @default false: DuckDB chooses
   */
  joinsAsWritten?: boolean;
  /** Refuses files outside the allowed directories, the network, ATTACH, extensions and settings. @default false */
  sandbox?: boolean;
}

/** A column of a query's result, with DuckDB's name of its type. */
export interface ResultColumn {
  name: string;
  type: string;
}

/** Passes every lock and breaks the instance for all that follows: its file sink ignores the sandbox until it fails. */
const UNLOCKABLE = /enable_logging/i;

function instanceOptions(settings: EngineSettings): Record<string, string> {
  return {
    threads: String(settings.threads),
    temp_directory: settings.tempDirectory ?? '',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
    ...(settings.memoryLimit === undefined ? {} : { memory_limit: settings.memoryLimit }),
  };
}

/** Statements that prepare an instance, in the only order in which they work: the lock comes last. */
function setup(settings: EngineSettings): string[] {
  const directories = (settings.allowedDirectories ?? []).map(literal).join(', ');
  return [
    `SET GLOBAL TimeZone = 'UTC'`,
    // Keeping the order of input would make copies buffer whole results; where order matters it is asked for.
    'SET GLOBAL preserve_insertion_order = false',
    ...(settings.joinsAsWritten ? [`SET GLOBAL disabled_optimizers = 'build_side_probe_side'`] : []),
    `CREATE SCHEMA ${PRELUDE_SCHEMA}`,
    ...PRELUDE.map((macro) => macro.sql),
    ...(settings.sandbox
      ? [
          `SET allowed_directories = [${directories}]`,
          'SET enable_external_access = false',
          'SET lock_configuration = true',
        ]
      : []),
  ];
}

/**
 * One DuckDB instance in memory. Time is UTC always; the macros with Athena's semantics are in the schema `athena`
 * and shadow nothing, so plain DuckDB SQL keeps its meaning.
 *
 * No statement is prepared once and run again: DuckDB 1.5 answers a reused statement from statistics of the moment it
 * was prepared, and so misses rows that came later.
 */
export class Engine {
  readonly #instance: DuckDBInstance;
  readonly #sandbox: boolean;
  readonly #sessions = new Set<Session>();

  private constructor(instance: DuckDBInstance, sandbox: boolean) {
    this.#instance = instance;
    this.#sandbox = sandbox;
  }

  /**
   * Starts an engine; about 40 ms.
   * @throws TidemarkError kind `invalid` for settings that contradict each other
   * @example
   * const engine = await Engine.open({ threads: 2, memoryLimit: '300MB', sandbox: true, allowedDirectories: [scratch] });
   * const session = await engine.session();
   */
  static async open(settings: EngineSettings): Promise<Engine> {
    if (settings.allowedDirectories && !settings.sandbox) {
      throw new TidemarkError('invalid', 'allowedDirectories has no effect without sandbox', {
        remedy: 'set sandbox: true, or leave allowedDirectories out',
      });
    }
    const instance = await DuckDBInstance.create(':memory:', instanceOptions(settings)).catch(
      (error: unknown) => {
        throw engineError(error);
      },
    );
    const engine = new Engine(instance, settings.sandbox ?? false);
    const session = await engine.session();
    try {
      for (const statement of setup(settings)) await session.run(statement);
    } catch (error) {
      await engine.close();
      throw error;
    }
    await session.close();
    return engine;
  }

  /** A new connection: TEMP tables are its own, and gone when it closes. */
  async session(): Promise<Session> {
    const connection = await this.#instance.connect();
    const session = new Session(connection, this.#sandbox, () => this.#sessions.delete(session));
    this.#sessions.add(session);
    return session;
  }

  /** Closes the sessions that are still open, then the instance. */
  async close(): Promise<void> {
    await Promise.all([...this.#sessions].map((session) => session.close()));
    this.#instance.closeSync();
  }
}

/** One connection of an engine. Close it; what it holds is freed only then. */
export class Session {
  readonly #connection: DuckDBConnection;
  readonly #sandbox: boolean;
  readonly #onClose: () => void;
  #closed = false;

  constructor(connection: DuckDBConnection, sandbox: boolean, onClose: () => void) {
    this.#connection = connection;
    this.#sandbox = sandbox;
    this.#onClose = onClose;
  }

  /**
   * Runs statements for their effect.
   * @throws TidemarkError; kind `invalid` when values of rows are the cause (a failed cast, an overflow), `internal`
   * when the statement itself is wrong (see `isStatementError`), `refused` by the sandbox, `unavailable` for disk and memory
   */
  async run(sql: string): Promise<void> {
    await this.#attempt(sql, async () => {
      await this.#connection.run(sql);
    });
  }

  /** The result of a query as plain JSON: decimals and 64-bit integers as text, timestamps as `YYYY-MM-DD hh:mm:ss[.fff]`. */
  async rows(sql: string): Promise<Row[]> {
    return this.#attempt(sql, async () => (await this.#connection.runAndReadAll(sql)).getRowObjectsJson());
  }

  /** Names and types of a query's result; the query is bound and not run. */
  async columns(sql: string): Promise<ResultColumn[]> {
    const rows = await this.rows(`DESCRIBE ${sql}`);
    return rows.map((row) => ({ name: row.column_name as string, type: row.column_type as string }));
  }

  /** Stops what runs in this session now; it fails with kind `unavailable`. */
  interrupt(): void {
    this.#connection.interrupt();
  }

  close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      this.#connection.closeSync();
      this.#onClose();
    }
    return Promise.resolve();
  }

  async #attempt<T>(sql: string, work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new TidemarkError('internal', 'a closed session was used');
    if (this.#sandbox && UNLOCKABLE.test(sql)) {
      throw new TidemarkError('refused', 'enable_logging can write files and is refused in a sandbox');
    }
    try {
      return await work();
    } catch (error) {
      throw engineError(error);
    }
  }
}
