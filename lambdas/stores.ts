import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { dynamoClients, glueClients, s3Clients } from '../src/adapters/aws/aws-clients.ts';
import { DownloadCache } from '../src/adapters/aws/download-cache.ts';
import { DynamoLedger } from '../src/adapters/aws/dynamo-ledger.ts';
import { GlueCatalog } from '../src/adapters/aws/glue-catalog.ts';
import { S3ObjectStore } from '../src/adapters/aws/s3-object-store.ts';
import { isAlive, systemClock, systemRandom } from '../src/adapters/local/system.ts';
import { ManifestCache, parseMetadata, type TableIo } from '../src/iceberg/index.ts';
import { CountingCatalog } from './counting-catalog.ts';
import type { HandlerSettings } from './settings.ts';

const MEGABYTE = 1024 * 1024;
/** What downloads may take of `/tmp`; the rest is for files being written and for operators that spill. */
const DOWNLOAD_SHARE = 0.5;

export const pace = { clock: systemClock, random: systemRandom };

/** Folder of this sandbox for files being written; nobody else's, also where functions share a machine. */
export function scratchFolder(name: string): string {
  const prefix = `tidemark-${name}-`;
  // After a crash the next process finds what the last one was writing: `/tmp` outlives it.
  for (const other of readdirSync(tmpdir()))
    if (other.startsWith(prefix) && !isAlive(Number(other.slice(prefix.length))))
      rmSync(join(tmpdir(), other), { recursive: true, force: true });
  const folder = join(tmpdir(), `${prefix}${process.pid}`);
  mkdirSync(folder, { recursive: true });
  return folder;
}

export interface Stores {
  /** `store.release()` at the end of each invocation: the files that it read may then make room for others. */
  io: TableIo & { catalog: CountingCatalog; store: S3ObjectStore };
  scratch: string;
}

/** The table format over S3 and Glue. */
export function openStores(settings: HandlerSettings): Stores {
  const scratch = scratchFolder('scratch');
  const cache = new DownloadCache(
    { folder: scratchFolder('downloads'), maxBytes: settings.storageMb * MEGABYTE * DOWNLOAD_SHARE },
    pace,
  );
  const store = new S3ObjectStore(s3Clients(settings.aws), pace, { cache });
  const catalog = new GlueCatalog(glueClients(settings.aws), pace, {
    describe: async (location) => parseMetadata(await store.get(location)),
    // The deployment makes databases; a function that finds none must not make one with other settings.
    createDatabases: false,
  });
  const io = { ...pace, store, catalog: new CountingCatalog(catalog), cache: new ManifestCache() };
  return { io, scratch };
}

export function openLedger(settings: HandlerSettings): DynamoLedger {
  return new DynamoLedger(dynamoClients(settings.aws), pace, { tableName: settings.ledger });
}
