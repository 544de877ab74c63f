import {
  CreateDatabaseCommand,
  CreateTableCommand,
  DeleteTableCommand,
  GetTableCommand,
  paginateGetTables,
  UpdateTableCommand,
  type Table,
  type TableInput,
} from '@aws-sdk/client-glue';
import { TidemarkError } from '../../errors.ts';
import { tableKey, type TableName } from '../../ports/catalog.ts';
import type { ViewCatalog, ViewColumn, ViewDefinition } from '../../ports/view-catalog.ts';
import type { GlueClients } from './aws-clients.ts';
import { awsError, faultOf } from './aws-fault.ts';
import { pause, type Backoff, type Pace } from './backoff.ts';

/*
 * A view as Athena and Trino keep it in Glue (Trino's ConnectorViewDefinition.java, hive form): the definition as JSON,
 * in base64, in ViewOriginalText. Both parameters and both texts are looked for.
 */
const VIRTUAL_VIEW = 'VIRTUAL_VIEW';
const VIEW_PARAMETERS = { presto_view: 'true', comment: 'Presto View' };
/** Marks the views that this adapter put; engines keep no account of parameters they do not know. */
const OURS = 'tidemark.view';
const PREFIX = '/* Presto View: ';
const SUFFIX = ' */';
const EXPANDED = '/* Presto View */';
const CATALOG = 'awsdatacatalog';

/** Limits of the Glue API: "TableInput" ViewOriginalText, "Column" Comment. */
const MAX_TEXT = 409_600;
const MAX_COMMENT = 255;

/** A put is absolute: it may be repeated after any answer, and after another's. */
const RETRY: Backoff = { attempts: 6, firstMs: 100, longestMs: 3_000 };

export interface GlueViewsSettings {
  /** @default the caller's account */
  catalogId?: string;
  /** Whether `putView` makes a database that is missing. @default true */
  createDatabases?: boolean;
}

interface StoredView {
  originalSql: string;
  columns: { name: string; type: string }[];
}

/** Views in the AWS Glue Data Catalog that Athena runs with the rights of the one who asks. */
export class GlueViews implements ViewCatalog {
  readonly #clients: GlueClients;
  readonly #pace: Pace;
  readonly #settings: GlueViewsSettings;

  constructor(clients: GlueClients, pace: Pace, settings: GlueViewsSettings = {}) {
    this.#clients = clients;
    this.#pace = pace;
    this.#settings = settings;
  }

  async putView(name: TableName, definition: ViewDefinition): Promise<void> {
    const input = viewInput(name, definition);
    for (let attempt = 1; ; attempt++) {
      const current = await this.#table(name);
      if (current) requireView(name, current);
      try {
        await this.#put(name, input, current);
        return;
      } catch (error) {
        const fault = faultOf(error);
        if (fault.name === 'EntityNotFoundException' && this.#settings.createDatabases !== false)
          await this.#createDatabase(name.database);
        // Someone else was first, or nobody knows: read again and put on top.
        const again = fault.fate !== 'refused' || AGAIN.has(fault.name);
        if (!again || attempt >= RETRY.attempts)
          throw awsError(error, `put view ${tableKey(name)}`, { view: tableKey(name) });
        await pause(this.#pace, RETRY, attempt);
      }
    }
  }

  async getView(name: TableName): Promise<ViewDefinition | undefined> {
    const table = await this.#table(name);
    if (!table) return undefined;
    requireView(name, table);
    return definitionOf(name, table);
  }

  async dropView(name: TableName): Promise<void> {
    const table = await this.#table(name);
    if (!table) return;
    requireView(name, table);
    try {
      const input = { ...this.#catalog(), DatabaseName: name.database, Name: name.table };
      await this.#clients.read.send(new DeleteTableCommand(input));
    } catch (error) {
      if (faultOf(error).name !== 'EntityNotFoundException')
        throw awsError(error, `drop view ${tableKey(name)}`, { view: tableKey(name) });
    }
  }

  async listViews(database: string): Promise<TableName[]> {
    const found: TableName[] = [];
    try {
      const input = { ...this.#catalog(), DatabaseName: database };
      for await (const page of paginateGetTables({ client: this.#clients.read }, input))
        for (const table of page.TableList ?? [])
          if (isView(table) && table.Parameters?.[OURS] === 'true')
            found.push({ database, table: table.Name ?? '' });
    } catch (error) {
      if (faultOf(error).name !== 'EntityNotFoundException')
        throw awsError(error, `list the views of ${database}`, { database });
    }
    return found;
  }

  #catalog(): { CatalogId?: string } {
    return this.#settings.catalogId === undefined ? {} : { CatalogId: this.#settings.catalogId };
  }

  async #table(name: TableName): Promise<Table | undefined> {
    try {
      const input = { ...this.#catalog(), DatabaseName: name.database, Name: name.table };
      return (await this.#clients.read.send(new GetTableCommand(input))).Table;
    } catch (error) {
      if (faultOf(error).name === 'EntityNotFoundException') return undefined;
      throw awsError(error, `read view ${tableKey(name)}`, { view: tableKey(name) });
    }
  }

  async #put({ database }: TableName, input: TableInput, current: Table | undefined): Promise<void> {
    const where = { ...this.#catalog(), DatabaseName: database, TableInput: input };
    if (!current) {
      await this.#clients.write.send(new CreateTableCommand(where));
      return;
    }
    // The version keeps a request that was thought lost from replacing what came after it.
    const version = current.VersionId === undefined ? {} : { VersionId: current.VersionId };
    await this.#clients.write.send(new UpdateTableCommand({ ...where, ...version, SkipArchive: true }));
  }

  async #createDatabase(database: string): Promise<void> {
    try {
      const DatabaseInput = { Name: database };
      await this.#clients.read.send(new CreateDatabaseCommand({ ...this.#catalog(), DatabaseInput }));
    } catch (error) {
      if (faultOf(error).name !== 'AlreadyExistsException')
        throw awsError(error, `create database ${database}`, { database });
    }
  }
}

/** Refusals after which the next look may find that the put is possible. */
const AGAIN: ReadonlySet<string> = new Set([
  'AlreadyExistsException',
  'ConcurrentModificationException',
  'EntityNotFoundException',
]);

function isView(table: Table): boolean {
  return table.TableType === VIRTUAL_VIEW && table.Parameters?.presto_view === 'true';
}

function requireView(name: TableName, table: Table): void {
  if (isView(table)) return;
  throw new TidemarkError('refused', `${tableKey(name)} is in the catalog, but is not a view of Athena`, {
    context: { view: tableKey(name), type: table.TableType },
    remedy: 'give the table another name in the definition, or remove what stands there',
  });
}

function viewInput(name: TableName, { sql, columns }: ViewDefinition): TableInput {
  const stored = {
    originalSql: sql,
    catalog: CATALOG,
    schema: name.database,
    columns: columns.map((c) => ({ name: c.name, type: c.type })),
    runAsInvoker: true,
  };
  const text = PREFIX + Buffer.from(JSON.stringify(stored)).toString('base64') + SUFFIX;
  if (text.length > MAX_TEXT)
    throw new TidemarkError('invalid', `the view ${tableKey(name)} is too long for the catalog`, {
      context: { view: tableKey(name), length: text.length, limit: MAX_TEXT },
      remedy: 'give the table fewer columns, or groups and joins of less SQL',
    });
  return {
    Name: name.table,
    TableType: VIRTUAL_VIEW,
    Parameters: { ...VIEW_PARAMETERS, [OURS]: 'true' },
    PartitionKeys: [],
    StorageDescriptor: { Columns: columns.map(glueColumn), SerdeInfo: {}, Location: '' },
    ViewOriginalText: text,
    ViewExpandedText: EXPANDED,
  };
}

const glueColumn = ({ name, hiveType, comment }: ViewColumn) => ({
  Name: name,
  Type: hiveType,
  ...(comment === undefined ? {} : { Comment: oneLine(comment) }),
});

/** Glue takes single lines only. */
const oneLine = (text: string): string => text.replaceAll(/[\r\n\t]+/g, ' ').slice(0, MAX_COMMENT);

function definitionOf(name: TableName, table: Table): ViewDefinition {
  const text = table.ViewOriginalText ?? '';
  let stored: StoredView;
  try {
    const encoded = text.slice(PREFIX.length, text.length - SUFFIX.length);
    stored = JSON.parse(Buffer.from(encoded, 'base64').toString()) as StoredView;
  } catch (cause) {
    throw new TidemarkError('corrupt', `the view ${tableKey(name)} has a text that is none`, {
      context: { view: tableKey(name) },
      remedy: 'drop the view and deploy again',
      cause,
    });
  }
  const glue = new Map((table.StorageDescriptor?.Columns ?? []).map((c) => [c.Name, c]));
  return {
    sql: stored.originalSql,
    columns: stored.columns.map(({ name: column, type }) => {
      const { Type: hive = '', Comment: comment } = glue.get(column) ?? {};
      return { name: column, type, hiveType: hive, ...(comment === undefined ? {} : { comment }) };
    }),
  };
}
