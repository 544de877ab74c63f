/** A table's name: the database (Glue database, Iceberg namespace) and the table. */
export interface TableName {
  database: string;
  table: string;
}

/** The pointer to a table's current metadata file, and the version that guards it. */
export interface CatalogEntry {
  metadataLocation: string;
  /** Opaque. Two reads that return the same version saw the same pointer. */
  version: string;
}

/**
 * What a swap of the pointer came to.
 * `unknown`: it may or may not have happened, and may still happen; reload and look, delete nothing.
 */
export type SwapOutcome = { kind: 'committed' } | { kind: 'conflict' } | { kind: 'unknown'; cause: unknown };

/**
 * Where tables are found. Laws, checked by `test/contract/catalog.ts`:
 * 1. Of any number of concurrent `swap`s from one version, at most one is `committed`.
 * 2. After `committed`, every later `load` sees the new pointer or a newer one.
 * 3. `conflict` means that this swap did not and will not happen.
 */
export interface Catalog {
  /** Undefined when there is no such table. */
  load(name: TableName): Promise<CatalogEntry | undefined>;
  /** `conflict` when the table exists already. */
  create(name: TableName, metadataLocation: string): Promise<SwapOutcome>;
  swap(name: TableName, expected: CatalogEntry, metadataLocation: string): Promise<SwapOutcome>;
  list(database?: string): Promise<TableName[]>;
}

/** `database.table`, for messages and keys. */
export function tableKey(name: TableName): string {
  return `${name.database}.${name.table}`;
}
