import { existsSync, mkdirSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openDatabase, type LocalDatabase } from '../adapters/local/database.ts';
import { FileObjectStore } from '../adapters/local/file-object-store.ts';
import { LmdbCatalog } from '../adapters/local/lmdb-catalog.ts';
import { LmdbHotStore } from '../adapters/local/lmdb-hot-store.ts';
import { LmdbLedger } from '../adapters/local/lmdb-ledger.ts';
import { LmdbNotifier } from '../adapters/local/lmdb-notifier.ts';
import { isAlive, systemClock, systemRandom } from '../adapters/local/system.ts';
import { TidemarkError } from '../errors.ts';
import { ManifestCache, type TableIo } from '../iceberg/index.ts';

/** The adapters over one data folder. Several processes may have it open; one at a time may run the lakehouse. */
export interface LocalStores {
  folder: string;
  /** URI of the folder that holds the tables, with a slash at the end. */
  warehouse: string;
  /** This process's folder for files being written. */
  scratch: string;
  database: LocalDatabase;
  io: TableIo & { catalog: LmdbCatalog; store: FileObjectStore };
  ledger: LmdbLedger;
  hotStore: LmdbHotStore;
  notifier: LmdbNotifier;
  close(): Promise<void>;
}

/**
 * Opens a data folder.
 * @param create whether to make it when it is not there
 * @throws TidemarkError kind `notFound` when it is not there and not to be made
 */
export function openStores(folder: string, create: boolean): LocalStores {
  const root = resolve(folder);
  const db = join(root, 'db');
  if (!create && !existsSync(db))
    throw new TidemarkError('notFound', `there is no lakehouse in ${folder}`, {
      remedy: 'start one with `tidemark dev`, or name its folder with --data',
    });
  const scratch = join(root, 'scratch', String(process.pid));
  mkdirSync(scratch, { recursive: true });
  const database = openDatabase(db);
  const io = {
    store: new FileObjectStore({ staging: scratch }),
    catalog: new LmdbCatalog(database),
    clock: systemClock,
    random: systemRandom,
    cache: new ManifestCache(),
  };
  return {
    folder: root,
    warehouse: `${pathToFileURL(join(root, 'warehouse')).href}/`,
    scratch,
    database,
    io,
    ledger: new LmdbLedger(database),
    hotStore: new LmdbHotStore(database),
    notifier: new LmdbNotifier(database),
    close: async () => {
      await database.close();
      await rm(scratch, { recursive: true, force: true });
    },
  };
}

/** Removes what processes that are gone were writing; nothing names it. */
export async function clearScratch(stores: LocalStores): Promise<void> {
  const folder = dirname(stores.scratch);
  for (const name of await readdir(folder))
    if (!isAlive(Number(name))) await rm(join(folder, name), { recursive: true, force: true });
}
