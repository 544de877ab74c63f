import type { Calls } from './calls.ts';

/** The JSON inside a view's text, as Athena and Trino read it. */
export interface ViewDefinition {
  originalSql: string;
  catalog: string;
  schema: string;
  columns: { name: string; type: string }[];
  owner?: string;
  runAsInvoker: boolean;
}

interface GlueTable {
  Name: string;
  TableType?: string;
  Parameters?: Record<string, string>;
  ViewOriginalText?: string;
  ViewExpandedText?: string;
  StorageDescriptor?: { Columns?: { Name: string; Type?: string }[] };
}

/** A view as it stands in Glue. */
export interface GlueView extends ViewDefinition {
  name: string;
  /** In Hive's types, as the console shows them. */
  hiveColumns: { name: string; type: string }[];
}

const TEXT = /^\/\* Presto View: ([A-Za-z0-9+/=]+) \*\/$/;

/** Every view of a database; throws for a table that is not marked or written as Athena's views are. */
export async function viewsOf(calls: Calls, database: string): Promise<GlueView[]> {
  const { TableList } = await calls.json<{ TableList: GlueTable[] }>('glue', 'GetTables', {
    DatabaseName: database,
  });
  return TableList.map(decoded);
}

function decoded(table: GlueTable): GlueView {
  const base64 = TEXT.exec(table.ViewOriginalText ?? '')?.[1];
  const marked =
    table.TableType === 'VIRTUAL_VIEW' &&
    table.Parameters?.presto_view === 'true' &&
    table.Parameters.comment === 'Presto View' &&
    table.ViewExpandedText === '/* Presto View */';
  if (base64 === undefined || !marked)
    throw new Error(`${table.Name} is no view that Athena reads: ${JSON.stringify(table).slice(0, 600)}`);
  const definition = JSON.parse(Buffer.from(base64, 'base64').toString('utf8')) as ViewDefinition;
  const hiveColumns = (table.StorageDescriptor?.Columns ?? []).map((c) => ({
    name: c.Name,
    type: c.Type ?? '',
  }));
  return { ...definition, name: table.Name, hiveColumns };
}
