import type { Catalog, CatalogEntry, SwapOutcome, TableName } from '../../ports/catalog.ts';
import { afterPrefix, openStore, type LocalDatabase, type Store } from './database.ts';

interface Pointer {
  metadataLocation: string;
  version: number;
}

/** Tables of a local lakehouse: a pointer per table, moved in one durable transaction. */
export class LmdbCatalog implements Catalog {
  readonly #database: LocalDatabase;
  readonly #tables: Store<Pointer>;

  constructor(database: LocalDatabase) {
    this.#database = database;
    this.#tables = openStore<Pointer>(database, 'catalog');
  }

  load(name: TableName): Promise<CatalogEntry | undefined> {
    this.#tables.resetReadTxn();
    const pointer = this.#tables.get([name.database, name.table]);
    return Promise.resolve(
      pointer && { metadataLocation: pointer.metadataLocation, version: String(pointer.version) },
    );
  }

  create(name: TableName, metadataLocation: string): Promise<SwapOutcome> {
    return this.#move(name, undefined, metadataLocation);
  }

  swap(name: TableName, expected: CatalogEntry, metadataLocation: string): Promise<SwapOutcome> {
    return this.#move(name, expected.version, metadataLocation);
  }

  list(database?: string): Promise<TableName[]> {
    this.#tables.resetReadTxn();
    const range = database === undefined ? {} : { start: [database], end: afterPrefix([database]) };
    return Promise.resolve(
      [...this.#tables.getKeys(range)].map(([db, table]) => ({ database: db!, table: table! })),
    );
  }

  async #move(name: TableName, expected: string | undefined, metadataLocation: string): Promise<SwapOutcome> {
    const key = [name.database, name.table];
    try {
      const moved = await this.#tables.transaction(() => {
        const current = this.#tables.get(key);
        if ((current && String(current.version)) !== expected) return false;
        void this.#tables.put(key, { metadataLocation, version: (current?.version ?? 0) + 1 });
        return true;
      });
      if (!moved) return { kind: 'conflict' };
      await this.#database.flushed;
      return { kind: 'committed' };
    } catch (cause) {
      return { kind: 'unknown', cause };
    }
  }
}
