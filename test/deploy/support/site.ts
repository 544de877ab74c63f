import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KinesisClient } from '@aws-sdk/client-kinesis';
import type { SNSClient } from '@aws-sdk/client-sns';
import {
  dynamoClients,
  glueClients,
  kinesisClient,
  s3Clients,
  snsClient,
  type AwsSettings,
} from '../../../src/adapters/aws/aws-clients.ts';
import { DownloadCache } from '../../../src/adapters/aws/download-cache.ts';
import { DynamoHotStore } from '../../../src/adapters/aws/dynamo-hot-store.ts';
import { DynamoLedger } from '../../../src/adapters/aws/dynamo-ledger.ts';
import { GlueCatalog } from '../../../src/adapters/aws/glue-catalog.ts';
import { KinesisStream } from '../../../src/adapters/aws/kinesis-stream.ts';
import { S3ObjectStore } from '../../../src/adapters/aws/s3-object-store.ts';
import { systemClock, systemRandom } from '../../../src/adapters/local/system.ts';
import { parseMetadata, type TableIo } from '../../../src/iceberg/index.ts';
import { silentLog } from '../../local/support/log.ts';
import { startEmulator, type Emulator } from '../../emulator/emulator.ts';
import { Calls } from './calls.ts';
import { Cdk } from './cdk.ts';
import { functionLogs } from './function-logs.ts';
import { mappingsOf } from './functions.ts';
import { pump, type Pump } from './pump.ts';

const CACHE_BYTES = 500_000_000;
const pace = { clock: systemClock, random: systemRandom };

/** What every deployment here has of its own; the rest are the defaults, or what `cdk.json` says. */
const CONTEXT = {
  // The emulator runs functions on this machine.
  'tidemark:architecture': process.arch === 'arm64' ? 'arm64' : 'x64',
  // The emulator's own reading of a stream drops what functions report as failed: see pump.ts.
  'tidemark:ingest.enabled': 'false',
  // An integration run begins when a test says so.
  'tidemark:integrate.enabled': 'false',
  // The emulator gives a stream on demand four shards; the definition says fewer.
  'tidemark:stream.mode': 'provisioned',
};

/** An account of its own for one test file: an emulator, CDK, and our adapters to look into what was deployed. */
export class Site {
  readonly emulator: Emulator;
  readonly cdk: Cdk;
  readonly calls: Calls;
  readonly kinesis: KinesisClient;
  readonly sns: SNSClient;
  readonly io: TableIo;
  readonly ledger: DynamoLedger;
  readonly hotStore: DynamoHotStore;
  readonly stream: KinesisStream;
  readonly #folder: string;
  #pumps: Pump[] = [];

  private constructor(emulator: Emulator, cdk: Cdk, folder: string) {
    this.emulator = emulator;
    this.cdk = cdk;
    this.calls = new Calls(emulator);
    this.#folder = folder;
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    const aws: AwsSettings = { region: 'us-east-1', endpoint: emulator.url, credentials };
    this.kinesis = kinesisClient(aws);
    this.sns = snsClient(aws);
    this.stream = new KinesisStream(this.kinesis, pace);
    const store = new S3ObjectStore(s3Clients(aws), pace, {
      cache: new DownloadCache({ folder, maxBytes: CACHE_BYTES }, pace),
    });
    const catalog = new GlueCatalog(glueClients(aws), pace, {
      describe: async (location) => parseMetadata(await store.get(location)),
      createDatabases: false,
    });
    this.io = { ...pace, store, catalog };
    this.ledger = new DynamoLedger(dynamoClients(aws), pace, { tableName: 'flights-ledger' });
    this.hotStore = new DynamoHotStore(dynamoClients(aws), pace, { tableName: 'flights-hot' });
  }

  /** @param context settings beside those that every deployment here has */
  static async open(context: Record<string, string> = {}): Promise<Site> {
    const emulator = await startEmulator();
    const cdk = await Cdk.open(emulator, { context: { ...CONTEXT, ...context } });
    return new Site(emulator, cdk, await mkdtemp(join(tmpdir(), 'tidemark-site-')));
  }

  /** Begins to read every stream that a mapping names, as the mapping says; after a change of the stacks once more. */
  async pumpAll(): Promise<Pump[]> {
    await this.stopPumps();
    const mappings = await mappingsOf(this.calls, 'kinesis');
    const ports = { stream: this.stream, clock: systemClock, log: silentLog };
    this.#pumps = mappings.map((mapping) => pump(this.calls, mapping, ports));
    return this.#pumps;
  }

  /** Waits until the functions took every record put so far. */
  async settled(): Promise<void> {
    for (const one of this.#pumps) await one.settled();
  }

  async stopPumps(): Promise<void> {
    await Promise.all(this.#pumps.map((one) => one.stop()));
    this.#pumps = [];
  }

  /** Ends everything; what the functions and the emulator said is kept in the file that `TIDEMARK_DEPLOY_LOG` names. */
  async close(): Promise<void> {
    try {
      await this.stopPumps();
      const file = process.env.TIDEMARK_DEPLOY_LOG;
      if (file !== undefined)
        await writeFile(file, `${await functionLogs(this.calls)}== emulator\n${this.emulator.log()}`);
    } finally {
      this.kinesis.destroy();
      this.sns.destroy();
      await this.emulator.stop();
      await this.cdk.close();
      await rm(this.#folder, { recursive: true, force: true });
    }
  }
}
