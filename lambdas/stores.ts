import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { dynamoClients, glueClients, s3Clients } from '../src/adapters/aws/aws-clients.ts';
import { DownloadCache } from '../src/adapters/aws/download-cache.ts';
import { DynamoLedger } from '../src/adapters/aws/dynamo-ledger.ts';
import { GlueCatalog } from '../src/adapters/aws/glue-catalog.ts';
import { S3ObjectStore } from '../src/adapters/aws/s3-object-store.ts';
import { systemClock, systemRandom } from '../src/adapters/local/system.ts';
import { ManifestCache, parseMetadata, type TableIo } from '../src/iceberg/index.ts';
import { CountingCatalog } from './counting-catalog.ts';
import type { HandlerSettings } from './settings.ts';

const MEGABYTE = 1024 * 1024;
/** What downloads may take of `/tmp`; the rest is for files being written and for operators that spill. */
const DOWNLOAD_SHARE = 0.5;

export const pace = { clock: systemClock, random: systemRandom };

/** Folder of this sandbox for files being written; nobody else's, also where functions share a machine. */
export function scratchFolder(name: string): string {
  const folder = join(tmpdir(), `tidemark-${name}-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  return folder;
}

export interface Stores {
  io: TableIo & { catalog: CountingCatalog };
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
