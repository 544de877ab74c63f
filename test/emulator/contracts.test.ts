import { afterAll, beforeAll } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DownloadCache } from '../../src/adapters/aws/download-cache.ts';
import { DynamoHotStore } from '../../src/adapters/aws/dynamo-hot-store.ts';
import { DynamoLedger } from '../../src/adapters/aws/dynamo-ledger.ts';
import { GlueCatalog } from '../../src/adapters/aws/glue-catalog.ts';
import { S3ObjectStore } from '../../src/adapters/aws/s3-object-store.ts';
import { catalogContract } from '../contract/catalog.ts';
import { hotStoreContract } from '../contract/hot-store.ts';
import { ledgerContract } from '../contract/ledger.ts';
import { objectStoreContract } from '../contract/object-store.ts';
import { clientsFor, createBucket, createTables, PACE, settingsFor, type Clients } from './aws.ts';
import { startEmulator, type Emulator } from './emulator.ts';
import { sampleMetadata } from './sample-metadata.ts';

/** The laws of the ports, on an emulator of AWS. Each test has the emulator to itself, wiped. */
let emulator: Emulator;
let clients: Clients;
beforeAll(async () => {
  emulator = await startEmulator();
  clients = clientsFor(settingsFor(emulator.url));
});
afterAll(async () => {
  clients.close();
  await emulator.stop();
});

const MB = 1024 ** 2;

for (const parts of [false, true])
  objectStoreContract(parts ? 's3, files in parts' : 's3', async () => {
    await emulator.reset();
    await createBucket(clients, 'lake');
    const folder = await mkdtemp(join(tmpdir(), 'tidemark-cache-'));
    const cache = new DownloadCache({ folder, maxBytes: 64 * MB }, PACE);
    return {
      store: new S3ObjectStore(clients.s3, PACE, { cache, ...(parts ? { multipartBytes: 0 } : {}) }),
      prefix: 's3://lake/objects/',
      close: () => rm(folder, { recursive: true, force: true }),
    };
  });

catalogContract('glue', async () => {
  await emulator.reset();
  const describe = () => Promise.resolve(sampleMetadata());
  return { catalog: new GlueCatalog(clients.glue, PACE, { describe }), close: () => Promise.resolve() };
});

async function withTables<T>(make: () => T): Promise<T & { close(): Promise<void> }> {
  await emulator.reset();
  await createTables(clients, 'ledger', 'hot');
  return { ...make(), close: () => Promise.resolve() };
}
ledgerContract('dynamodb', () =>
  withTables(() => ({ ledger: new DynamoLedger(clients.dynamo, PACE, { tableName: 'ledger' }) })),
);
hotStoreContract('dynamodb', () =>
  withTables(() => ({ hotStore: new DynamoHotStore(clients.dynamo, PACE, { tableName: 'hot' }) })),
);
