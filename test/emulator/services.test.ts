import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateEventBusCommand } from '@aws-sdk/client-eventbridge';
import { GetTableCommand, UpdateTableCommand } from '@aws-sdk/client-glue';
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  PutRecordsCommand,
} from '@aws-sdk/client-kinesis';
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { CreateTopicCommand } from '@aws-sdk/client-sns';
import { athenaClient, eventBridgeClient, snsClient } from '../../src/adapters/aws/aws-clients.ts';
import { AthenaRunner } from '../../src/adapters/aws/athena-runner.ts';
import { DynamoDeployments } from '../../src/adapters/aws/dynamo-deployments.ts';
import { EventBridgeNotifier } from '../../src/adapters/aws/eventbridge-notifier.ts';
import { GlueCatalog } from '../../src/adapters/aws/glue-catalog.ts';
import { KinesisStream } from '../../src/adapters/aws/kinesis-stream.ts';
import { S3ObjectStore } from '../../src/adapters/aws/s3-object-store.ts';
import { SnsNotifier } from '../../src/adapters/aws/sns-notifier.ts';
import { BIRTH } from '../../src/ports/ledger.ts';
import { drain } from '../contract/stream.ts';
import { clientsFor, createBucket, createTables, PACE, settingsFor, type Clients } from './aws.ts';
import { startEmulator, type Emulator } from './emulator.ts';
import { sampleMetadata } from './sample-metadata.ts';

const MB = 1024 ** 2;
const ALERT = { id: 'x', alert: 'late', notify: 'ops', firedAt: 1, shard: 's', position: 'p', row: { a: 1 } };

/** What the ports' laws do not ask, by service. */
describe('services', () => {
  let emulator: Emulator;
  let clients: Clients;
  let folder: string;
  beforeAll(async () => {
    emulator = await startEmulator();
    clients = clientsFor(settingsFor(emulator.url));
    folder = await mkdtemp(join(tmpdir(), 'tidemark-services-'));
  });
  afterAll(async () => {
    clients.close();
    await emulator.stop();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(() => emulator.reset());

  test('S3: a large file goes in parts; of many at once one wins, whole, and no parts are left behind', async () => {
    await createBucket(clients, 'lake');
    const store = new S3ObjectStore(clients.s3, PACE, { multipartBytes: MB, partBytes: 5 * MB });
    const uri = 's3://lake/large';
    const contents = Array.from({ length: 6 }, (_, i) => Buffer.alloc(12 * MB + i, i + 1));
    const puts = contents.map(async (bytes, i) => {
      await writeFile(join(folder, String(i)), bytes);
      await store.putFile(uri, join(folder, String(i)));
    });
    const settled = await Promise.allSettled(puts);
    const winner = settled.findIndex((s) => s.status === 'fulfilled');
    for (const s of settled)
      if (s.status === 'rejected') expect(s.reason).toMatchObject({ kind: 'conflict' });
    expect(Buffer.from(await store.get(uri)).equals(contents[winner]!)).toBe(true);
    const { Uploads = [] } = await clients.s3.read.send(new ListMultipartUploadsCommand({ Bucket: 'lake' }));
    expect(Uploads).toEqual([]);
  });

  test('S3: lists go over pages, with names that XML cannot hold', async () => {
    await createBucket(clients, 'lake');
    const store = new S3ObjectStore(clients.s3, PACE);
    const uris = Array.from({ length: 1005 }, (_, i) => `s3://lake/list/${i} +&%20.bin`);
    for (let from = 0; from < uris.length; from += 50)
      await Promise.all(uris.slice(from, from + 50).map((uri) => store.put(uri, new Uint8Array(1))));
    const listed: string[] = [];
    for await (const object of store.list('s3://lake/list/')) listed.push(object.uri);
    expect(listed.sort()).toEqual(uris.sort());
  });

  test('Glue: what another engine dropped is made anew at our next commit', async () => {
    const catalog = new GlueCatalog(clients.glue, PACE, {
      describe: () => Promise.resolve(sampleMetadata()),
    });
    const name = { database: 'lake', table: 'orders' };
    await catalog.create(name, 's3://lake/m0');
    const at = { DatabaseName: 'lake', Name: 'orders' };
    const foreign = {
      Name: 'orders',
      Parameters: { table_type: 'ICEBERG', metadata_location: 's3://lake/m1' },
    };
    await clients.glue.write.send(new UpdateTableCommand({ DatabaseName: 'lake', TableInput: foreign }));
    await catalog.swap(name, (await catalog.load(name))!, 's3://lake/m2');
    const { Table } = await clients.glue.read.send(new GetTableCommand(at));
    expect(Table?.Parameters).toMatchObject({
      metadata_location: 's3://lake/m2',
      previous_metadata_location: 's3://lake/m1',
    });
    expect(Table?.StorageDescriptor?.Columns?.map((c) => c.Name)).toEqual(['id']);
  });

  test('DynamoDB: concurrent deployments get versions of their own', async () => {
    await createTables(clients, 'ledger', 'hot');
    const record = (hash: string) =>
      new DynamoDeployments(clients.dynamo, PACE, 'ledger').record('lake', { hash, uri: 'u' });
    const versions = await Promise.all(['a', 'b', 'c', 'd'].map(record));
    expect(versions.map((v) => v.version).sort()).toEqual([1, 2, 3, 4]);
  });

  test('Kinesis: every record of a stream, from any position', async () => {
    const StreamName = 'events';
    await clients.kinesis.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
    for (let status = ''; status !== 'ACTIVE';) {
      await PACE.clock.sleep(50);
      const { StreamDescriptionSummary } = await clients.kinesis.send(
        new DescribeStreamSummaryCommand({ StreamName }),
      );
      status = StreamDescriptionSummary?.StreamStatus ?? '';
    }
    const Records = Array.from({ length: 300 }, (_, i) => ({
      PartitionKey: 'k',
      Data: Buffer.from(String(i)),
    }));
    await clients.kinesis.send(new PutRecordsCommand({ StreamName, Records }));
    const stream = new KinesisStream(clients.kinesis, PACE);
    const [shard] = await stream.shards(StreamName);
    const all = await drain(stream, StreamName, shard!.shardId, { records: 70, bytes: 1e6 });
    expect(all.map((r) => Buffer.from(r.data).toString())).toEqual(Records.map((_, i) => String(i)));
    const middle = all[149]!.sequenceNumber.padStart(56, '0');
    expect(await drain(stream, StreamName, shard!.shardId, undefined, middle)).toHaveLength(150);
    await expect(stream.read('none', shard!.shardId, BIRTH, { records: 1, bytes: 1 })).rejects.toMatchObject({
      kind: 'notFound',
    });
  });

  test('SNS and EventBridge take alerts', async () => {
    const settings = settingsFor(emulator.url);
    const [sns, events] = [snsClient(settings), eventBridgeClient(settings)];
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'ops' }));
    await events.send(new CreateEventBusCommand({ Name: 'lake' }));
    await new SnsNotifier(sns, PACE, { topics: { ops: TopicArn! } }).notify([ALERT]);
    await new EventBridgeNotifier(events, PACE, { bus: 'lake' }).notify([ALERT]);
    const none = new SnsNotifier(sns, PACE, { topics: { ops: `${TopicArn}-not-there` } });
    await expect(none.notify([ALERT])).rejects.toMatchObject({ kind: 'invalid' });
    sns.destroy();
    events.destroy();
  });

  test('Athena: a statement runs to its end and gives rows; a wrong one fails', async () => {
    await createBucket(clients, 'results');
    const client = athenaClient(settingsFor(emulator.url));
    const runner = new AthenaRunner(client, PACE, { workGroup: 'primary', outputLocation: 's3://results/' });
    const done = await runner.run({ sql: "SELECT 1 AS a, 'x' AS b", token: 'first' });
    const rows = [];
    for await (const row of runner.rows(done.executionId)) rows.push(row);
    expect(rows).toEqual([{ a: '1', b: 'x' }]);
    await expect(runner.run({ sql: 'SELECT nothing FROM nowhere', token: 'second' })).rejects.toBeDefined();
    client.destroy();
  });
});
