import {
  CreateDatabaseCommand,
  CreateTableCommand,
  GetTableCommand,
  paginateGetDatabases,
  paginateGetTables,
  UpdateTableCommand,
  type Table,
} from '@aws-sdk/client-glue';
import { TidemarkError } from '../../errors.ts';
import type { TableMetadata } from '../../iceberg/index.ts';
import {
  tableKey,
  type Catalog,
  type CatalogEntry,
  type SwapOutcome,
  type TableName,
} from '../../ports/catalog.ts';
import type { GlueClients } from './aws-clients.ts';
import { awsError, faultOf } from './aws-fault.ts';
import { pause, type Backoff, type Pace } from './backoff.ts';
import { glueTableInput, isIceberg, METADATA_LOCATION } from './glue-table.ts';

export interface GlueCatalogSettings {
  /** Reads a metadata file, so that Glue's columns can be made from it: `parseMetadata(await store.get(location))`. */
  describe: (metadataLocation: string) => Promise<TableMetadata>;
  /** @default the caller's account */
  catalogId?: string;
  /** Whether `create` makes a database that is missing. @default true */
  createDatabases?: boolean;
  /** URI of a database that is made. @default none */
  databaseLocation?: (database: string) => string;
}

/** For what was refused for load: it was not applied, and no other writer waits for us. */
const LOAD: Backoff = { attempts: 6, firstMs: 100, longestMs: 3_000 };
/** Glue API, "DatabaseInput" and "TableInput", as Athena and Iceberg narrow them. */
const NAME = /^[a-z0-9_]{1,252}$/;
/** Tables whose parameters are kept from `load` to `swap`. */
const REMEMBERED = 512;

/**
 * Tables in the AWS Glue Data Catalog: the pointer is `Parameters.metadata_location`, guarded by the table's version
 * (optimistic locking; writers that use a lock manager instead do not send the version and must not share our tables).
 *
 * The outcome of UpdateTable and CreateTable, following Iceberg's and Trino's Glue catalogs:
 * | answer                                                                       | outcome                    |
 * |------------------------------------------------------------------------------|----------------------------|
 * | success                                                                      | committed                  |
 * | ConcurrentModification; AlreadyExists when creating; EntityNotFound when not | conflict                   |
 * | throttling                                                                   | tried again; then throws `throttled` |
 * | InvalidInput, AccessDenied, limits, every other 4xx                          | throws: it did not happen  |
 * | 5xx (InternalService, OperationTimeout), time-out, broken connection         | unknown                    |
 * The SDK makes one attempt: a repetition unseen by us would meet its own success as ConcurrentModification.
 */
export class GlueCatalog implements Catalog {
  readonly #clients: GlueClients;
  readonly #pace: Pace;
  readonly #settings: GlueCatalogSettings;
  /** The tables as last read. A table of the same version has the same parameters: no second read is needed. */
  readonly #read = new Map<string, Table>();

  constructor(clients: GlueClients, pace: Pace, settings: GlueCatalogSettings) {
    this.#clients = clients;
    this.#pace = pace;
    this.#settings = settings;
  }

  /** Throws `invalid` for a Glue table that is not Iceberg's. */
  async load(name: TableName): Promise<CatalogEntry | undefined> {
    const table = await this.#table(name);
    return table && entryOf(name, table);
  }

  async create(name: TableName, metadataLocation: string): Promise<SwapOutcome> {
    checkName(name);
    const TableInput = glueTableInput(
      name.table,
      metadataLocation,
      await this.#settings.describe(metadataLocation),
    );
    const command = new CreateTableCommand({ ...this.#catalog(), DatabaseName: name.database, TableInput });
    const send = (): Promise<SwapOutcome> =>
      this.#write(name, () => this.#clients.write.send(command), 'AlreadyExistsException');
    try {
      return await send();
    } catch (error) {
      const missing = error instanceof TidemarkError && error.context.error === 'EntityNotFoundException';
      if (!missing || this.#settings.createDatabases === false) throw error;
      await this.#createDatabase(name.database);
      return send();
    }
  }

  async swap(name: TableName, expected: CatalogEntry, metadataLocation: string): Promise<SwapOutcome> {
    const remembered = this.#read.get(tableKey(name));
    const current = remembered?.VersionId === expected.version ? remembered : await this.#table(name);
    // Not sent at all: it did not and will not happen.
    if (current?.VersionId !== expected.version) return { kind: 'conflict' };
    const metadata = await this.#settings.describe(metadataLocation);
    const command = new UpdateTableCommand({
      ...this.#catalog(),
      DatabaseName: name.database,
      TableInput: glueTableInput(name.table, metadataLocation, metadata, current),
      VersionId: expected.version,
      // Glue keeps at most 100,000 versions of a table.
      SkipArchive: true,
    });
    return this.#write(
      name,
      () => this.#clients.write.send(command),
      'ConcurrentModificationException',
      'EntityNotFoundException',
    );
  }

  async list(database?: string): Promise<TableName[]> {
    const databases = database === undefined ? await this.#databases() : [database];
    const names: TableName[] = [];
    for (const of of databases) names.push(...(await this.#tables(of)));
    return names;
  }

  #catalog(): { CatalogId?: string } {
    return this.#settings.catalogId === undefined ? {} : { CatalogId: this.#settings.catalogId };
  }

  async #table(name: TableName): Promise<Table | undefined> {
    const key = tableKey(name);
    this.#read.delete(key);
    try {
      const input = { ...this.#catalog(), DatabaseName: name.database, Name: name.table };
      const { Table: table } = await this.#clients.read.send(new GetTableCommand(input));
      if (!table) return undefined;
      this.#read.set(key, table);
      for (const oldest of this.#read.keys()) {
        if (this.#read.size <= REMEMBERED) break;
        this.#read.delete(oldest);
      }
      return table;
    } catch (error) {
      if (faultOf(error).name === 'EntityNotFoundException') return undefined;
      throw awsError(error, `read table ${key}`, { table: key });
    }
  }

  async #write(name: TableName, send: () => Promise<unknown>, ...conflicts: string[]): Promise<SwapOutcome> {
    const key = tableKey(name);
    for (let attempt = 1; ; attempt++) {
      try {
        await send();
        return { kind: 'committed' };
      } catch (error) {
        const fault = faultOf(error);
        if (conflicts.includes(fault.name)) return { kind: 'conflict' };
        if (fault.fate === 'ambiguous') return { kind: 'unknown', cause: error };
        if (fault.fate === 'refused' || attempt >= LOAD.attempts)
          throw awsError(error, `write table ${key}`, { table: key });
        await pause(this.#pace, LOAD, attempt);
      }
    }
  }

  async #createDatabase(database: string): Promise<void> {
    const LocationUri = this.#settings.databaseLocation?.(database);
    const DatabaseInput = { Name: database, ...(LocationUri === undefined ? {} : { LocationUri }) };
    try {
      await this.#clients.read.send(new CreateDatabaseCommand({ ...this.#catalog(), DatabaseInput }));
    } catch (error) {
      if (faultOf(error).name !== 'AlreadyExistsException')
        throw awsError(error, `create database ${database}`, { database });
    }
  }

  async #databases(): Promise<string[]> {
    const found: string[] = [];
    try {
      for await (const page of paginateGetDatabases({ client: this.#clients.read }, this.#catalog()))
        for (const database of page.DatabaseList ?? []) found.push(database.Name ?? '');
    } catch (error) {
      throw awsError(error, 'list databases', {});
    }
    return found;
  }

  async #tables(database: string): Promise<TableName[]> {
    const found: TableName[] = [];
    try {
      const input = { ...this.#catalog(), DatabaseName: database };
      for await (const page of paginateGetTables({ client: this.#clients.read }, input))
        for (const table of page.TableList ?? [])
          if (isIceberg(table)) found.push({ database, table: table.Name ?? '' });
    } catch (error) {
      if (faultOf(error).name !== 'EntityNotFoundException')
        throw awsError(error, `list the tables of ${database}`, { database });
    }
    return found;
  }
}

function entryOf(name: TableName, table: Table): CatalogEntry {
  const metadataLocation = table.Parameters?.[METADATA_LOCATION];
  if (!isIceberg(table) || metadataLocation === undefined)
    throw new TidemarkError('invalid', `${tableKey(name)} is in the catalog, but is not an Iceberg table`, {
      context: { table: tableKey(name), type: table.TableType },
      remedy: 'give the table another name, or remove what stands there',
    });
  if (table.VersionId === undefined)
    throw new TidemarkError('refused', `the catalog gives no version for ${tableKey(name)}`, {
      context: { table: tableKey(name) },
      remedy: 'use the Glue Data Catalog itself: without versions commits could overwrite each other',
    });
  return { metadataLocation, version: table.VersionId };
}

function checkName({ database, table }: TableName): void {
  const wrong = [database, table].find((name) => !NAME.test(name));
  if (wrong !== undefined)
    throw new TidemarkError('invalid', `"${wrong}" cannot be a name in the Glue catalog`, {
      context: { database, table },
      remedy: 'use lower-case letters, digits and underscores, at most 252 of them',
    });
}
