import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import {
  dynamoClients,
  glueClients,
  kinesisClient,
  s3Clients,
  type AwsSettings,
} from '../../src/adapters/aws/aws-clients.ts';
import { HOT_TABLE } from '../../src/adapters/aws/dynamo-hot-store.ts';
import { LEDGER_TABLE } from '../../src/adapters/aws/ledger-items.ts';
import { systemClock, systemRandom } from '../../src/adapters/local/system.ts';

export const PACE = { clock: systemClock, random: systemRandom };

export function settingsFor(endpoint: string, change: Partial<AwsSettings> = {}): AwsSettings {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  return { region: 'us-east-1', endpoint, credentials, ...change };
}

/** Every client for one endpoint. */
export function clientsFor(settings: AwsSettings) {
  const clients = {
    s3: s3Clients(settings),
    glue: glueClients(settings),
    dynamo: dynamoClients(settings),
    kinesis: kinesisClient(settings),
  };
  const close = (): void => {
    const { s3, glue, dynamo, kinesis } = clients;
    for (const client of [s3.read, s3.write, glue.read, glue.write, dynamo.read, dynamo.claim, kinesis])
      client.destroy();
  };
  return { ...clients, close };
}

export type Clients = ReturnType<typeof clientsFor>;

export async function createBucket(clients: Clients, bucket: string): Promise<void> {
  await clients.s3.read.send(new CreateBucketCommand({ Bucket: bucket }));
}

/** The ledger's and the hot store's tables, with the keys that the stacks give them. */
export async function createTables(clients: Clients, ledger: string, hot: string): Promise<void> {
  const key = (name: string, KeyType: 'HASH' | 'RANGE') => ({ AttributeName: name, KeyType });
  const { partitionKey, sortKey } = LEDGER_TABLE;
  await clients.dynamo.read.send(
    new CreateTableCommand({
      TableName: ledger,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [partitionKey, sortKey].map((k) => ({
        AttributeName: k.name,
        AttributeType: k.type,
      })),
      KeySchema: [key(partitionKey.name, 'HASH'), key(sortKey.name, 'RANGE')],
    }),
  );
  await clients.dynamo.read.send(
    new CreateTableCommand({
      TableName: hot,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: HOT_TABLE.partitionKey.name, AttributeType: 'S' }],
      KeySchema: [key(HOT_TABLE.partitionKey.name, 'HASH')],
    }),
  );
}
