import {
  tableKey,
  type Catalog,
  type CatalogEntry,
  type SwapOutcome,
  type TableName,
} from '../src/ports/catalog.ts';

/** Counts the swaps that lost to another writer, which the committer settles by itself. */
export class CountingCatalog implements Catalog {
  readonly #catalog: Catalog;
  readonly #conflicts = new Map<string, number>();

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  /** Conflicts of a table since the last call. */
  takeConflicts(name: TableName): number {
    const count = this.#conflicts.get(tableKey(name)) ?? 0;
    this.#conflicts.delete(tableKey(name));
    return count;
  }

  load(name: TableName): Promise<CatalogEntry | undefined> {
    return this.#catalog.load(name);
  }

  create(name: TableName, metadataLocation: string): Promise<SwapOutcome> {
    return this.#catalog.create(name, metadataLocation);
  }

  async swap(name: TableName, expected: CatalogEntry, metadataLocation: string): Promise<SwapOutcome> {
    const outcome = await this.#catalog.swap(name, expected, metadataLocation);
    if (outcome.kind === 'conflict')
      this.#conflicts.set(tableKey(name), (this.#conflicts.get(tableKey(name)) ?? 0) + 1);
    return outcome;
  }

  list(database?: string): Promise<TableName[]> {
    return this.#catalog.list(database);
  }
}
