import type { HotItem, HotStore } from '../../ports/effects.ts';
import { openStore, type LocalDatabase, type Store } from './database.ts';

/** The latest row by key of each real-time table, for reads within a millisecond. */
export class LmdbHotStore implements HotStore {
  readonly #items: Store<HotItem>;

  constructor(database: LocalDatabase) {
    this.#items = openStore(database, 'hot-store');
  }

  async put(items: HotItem[]): Promise<void> {
    await this.#items.transaction(() => {
      for (const item of items) {
        const key = [item.table, item.key];
        const current = this.#items.get(key);
        if (current === undefined || current.ord < item.ord) void this.#items.put(key, item);
      }
    });
  }

  get(table: string, key: string): Promise<HotItem | undefined> {
    this.#items.resetReadTxn();
    return Promise.resolve(this.#items.get([table, key]));
  }
}
