import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openDatabase, type LocalDatabase } from '../../src/adapters/local/database.ts';
import { FileObjectStore } from '../../src/adapters/local/file-object-store.ts';
import { LmdbCatalog } from '../../src/adapters/local/lmdb-catalog.ts';
import { LmdbHotStore } from '../../src/adapters/local/lmdb-hot-store.ts';
import { LmdbLedger } from '../../src/adapters/local/lmdb-ledger.ts';
import { catalogContract } from '../contract/catalog.ts';
import { hotStoreContract } from '../contract/hot-store.ts';
import { ledgerContract } from '../contract/ledger.ts';
import { objectStoreContract } from '../contract/object-store.ts';

async function inFolder<T>(open: (folder: string) => T): Promise<T & { close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-adapter-'));
  return { ...open(folder), close: () => rm(folder, { recursive: true, force: true }) };
}

async function inDatabase<T>(open: (database: LocalDatabase) => T): Promise<T & { close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-adapter-'));
  const database = openDatabase(folder);
  const close = async (): Promise<void> => {
    await database.close();
    await rm(folder, { recursive: true, force: true });
  };
  return { ...open(database), close };
}

objectStoreContract('files', () =>
  inFolder((folder) => ({
    store: new FileObjectStore({ staging: join(folder, 'staging') }),
    prefix: `${pathToFileURL(join(folder, 'objects')).href}/`,
  })),
);
catalogContract('lmdb', () => inDatabase((database) => ({ catalog: new LmdbCatalog(database) })));
ledgerContract('lmdb', () => inDatabase((database) => ({ ledger: new LmdbLedger(database) })));
hotStoreContract('lmdb', () => inDatabase((database) => ({ hotStore: new LmdbHotStore(database) })));
