import type { TableName } from './catalog.ts';

/** A column of a view, in the words of those who read it. */
export interface ViewColumn {
  name: string;
  /** Athena's name of the type, which the view's SQL gives exactly: `timestamp(3)`, `row("a" varchar)`. */
  type: string;
  /** Hive's name of it: `timestamp`, `struct<a:string>`. */
  hiveType: string;
  comment?: string;
}

export interface ViewDefinition {
  /** One SELECT in Athena's SQL. */
  sql: string;
  /** What the SELECT gives, in order. */
  columns: ViewColumn[];
}

/**
 * Where views are found that an engine runs. Laws:
 * 1. After `putView` returned, every later `getView` sees this definition or a newer one; before, the whole old one.
 * 2. The same `putView` twice, or by two at once, is the same as once.
 * 3. A table or a view of another kind under that name is never replaced or dropped: `refused`.
 * 4. `listViews` names the views that were put through this port, and no others; `dropView` of an absent one is no error.
 */
export interface ViewCatalog {
  putView(name: TableName, definition: ViewDefinition): Promise<void>;
  /** Undefined when there is no such view. */
  getView(name: TableName): Promise<ViewDefinition | undefined>;
  dropView(name: TableName): Promise<void>;
  listViews(database: string): Promise<TableName[]>;
}
