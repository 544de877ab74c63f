import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DownloadCache } from '../../src/adapters/aws/download-cache.ts';
import { DynamoHotStore } from '../../src/adapters/aws/dynamo-hot-store.ts';
import { DynamoLedger } from '../../src/adapters/aws/dynamo-ledger.ts';
import { GlueCatalog } from '../../src/adapters/aws/glue-catalog.ts';
import { S3ObjectStore } from '../../src/adapters/aws/s3-object-store.ts';
import type { CommitterPorts } from '../../src/commit/committer.ts';
import type { Plan } from '../../src/definition/plan.ts';
import type { Engine } from '../../src/engine/session.ts';
import {
  currentSchema,
  ManifestCache,
  parseMetadata,
  requireTable,
  type TableIo,
} from '../../src/iceberg/index.ts';
import { Processor } from '../../src/ingest/processor.ts';
import type { Alert } from '../../src/ports/effects.ts';
import { silentLog } from '../local/support/log.ts';
import { PACE, type Clients } from './aws.ts';

/** Processors and committers over the AWS adapters, as a Lambda puts them together. */
export interface AwsLake {
  io: TableIo;
  committer: CommitterPorts;
  processor(stream: string): Processor;
  alerts: Alert[];
  hotStore: DynamoHotStore;
  close(): Promise<void>;
}

export const WAREHOUSE = 's3://lake/warehouse/';

export async function openAwsLake(clients: Clients, plan: Plan, engine: Engine): Promise<AwsLake> {
  const scratch = await mkdtemp(join(tmpdir(), 'tidemark-aws-'));
  const cache = new DownloadCache({ folder: join(scratch, 'cache'), maxBytes: 64 * 1024 ** 2 }, PACE);
  const store = new S3ObjectStore(clients.s3, PACE, { cache });
  const catalog = new GlueCatalog(clients.glue, PACE, {
    describe: async (location) => parseMetadata(await store.get(location)),
  });
  const io: TableIo = { store, catalog, ...PACE, cache: new ManifestCache() };
  const ledger = new DynamoLedger(clients.dynamo, PACE, { tableName: 'ledger' });
  const hotStore = new DynamoHotStore(clients.dynamo, PACE, { tableName: 'hot' });
  const alerts: Alert[] = [];
  const notifier = { notify: (fired: Alert[]) => Promise.resolve(void alerts.push(...fired)) };
  const staging = { store, random: PACE.random, prefix: `${WAREHOUSE}_staged/`, scratch };
  return {
    io,
    alerts,
    hotStore,
    committer: { io, ledger, log: silentLog },
    processor: (stream) =>
      new Processor(plan, 1, stream, {
        ledger,
        engine,
        hotStore,
        notifier,
        clock: PACE.clock,
        log: silentLog,
        staging,
        destination: async (name) => ({
          name,
          schema: currentSchema((await requireTable(io, name)).metadata),
        }),
      }),
    close: () => rm(scratch, { recursive: true, force: true }),
  };
}
