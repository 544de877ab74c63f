import { AthenaClient } from '@aws-sdk/client-athena';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { GlueClient } from '@aws-sdk/client-glue';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { S3Client } from '@aws-sdk/client-s3';
import { SNSClient } from '@aws-sdk/client-sns';
import { NodeHttpHandler } from '@smithy/node-http-handler';

/*
 * Attempts and time-outs, chosen per call. "SDK" attempts are repeated unseen by the adapter, so they are only for
 * calls that may be repeated without harm. Where the adapter must know whether a request may have been applied, the
 * SDK tries once and the adapter owns the repetition.
 *
 * | client            | calls                                      | SDK | whole | who repeats, and why it is safe            |
 * |-------------------|--------------------------------------------|-----|-------|--------------------------------------------|
 * | s3.read           | Get, Head, List                            | 4   | none¹ | SDK; a body that breaks off: the adapter    |
 * | s3.write          | PutObject, CompleteMultipartUpload         | 1   | none¹ | adapter: conditional, and knows its own put |
 * | s3.read           | UploadPart, CreateMultipartUpload, Abort,  | 4   | none¹ | SDK: a part replaces itself, an upload left |
 * |                   | DeleteObject                               |     |       | over is the bucket's lifecycle rule's       |
 * | glue.read         | GetTable(s), GetDatabases, CreateDatabase  | 5   | 10 s  | SDK                                         |
 * | glue.write        | UpdateTable, CreateTable                   | 1   | 15 s  | adapter, only what was refused for load     |
 * | dynamo.read       | GetItem, Query, BatchGetItem               | 6   | 3 s   | SDK                                         |
 * | dynamo.read       | monotone UpdateItem, PutItem, BatchWrite   | 6   | 3 s   | SDK: conditional or absolute                |
 * | dynamo.claim      | TransactWriteItems                         | 1   | 5 s   | adapter, with one ClientRequestToken        |
 * | kinesis           | ListShards, GetShardIterator, GetRecords   | 4   | 20 s  | SDK; throughput: the adapter                |
 * | sns, eventBridge  | PublishBatch, PutEvents                    | 3   | 10 s  | SDK, then the adapter for refused entries   |
 * | athena            | Start, Get, Stop, Results                  | 5   | 20 s  | SDK: Start has a ClientRequestToken         |
 *
 * ¹ S3 bodies may be large: a socket that is silent for `S3_SILENT_MS` is given up instead.
 */
const CONNECT_MS = 2_000;
const S3_SILENT_MS = 15_000;

export interface AwsSettings {
  region: string;
  /** One endpoint for every service, for emulators. @default AWS's own */
  endpoint?: string;
  /** Bucket names in the path instead of the host name. @default true where `endpoint` is set */
  s3ForcePathStyle?: boolean;
  /** @default the SDK's chain: environment, profile, role */
  credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
  /** Multiplies the time-outs of whole requests; tests of lost answers set it below 1. @default 1 */
  timeoutFactor?: number;
  /** @default 128: a processor downloads and uploads many files at once */
  maxSockets?: number;
}

export interface S3Clients {
  read: S3Client;
  write: S3Client;
}
export interface GlueClients {
  read: GlueClient;
  write: GlueClient;
}
export interface DynamoClients {
  read: DynamoDBClient;
  claim: DynamoDBClient;
}

interface Choice {
  attempts: number;
  /** The whole request, milliseconds. */
  within?: number;
  /** A socket without a byte in either direction, milliseconds. */
  silent?: number;
}

function common(settings: AwsSettings, choice: Choice) {
  const factor = settings.timeoutFactor ?? 1;
  const agent = { keepAlive: true, maxSockets: settings.maxSockets ?? 128 };
  return {
    region: settings.region,
    ...(settings.endpoint === undefined ? {} : { endpoint: settings.endpoint }),
    ...(settings.credentials === undefined ? {} : { credentials: settings.credentials }),
    maxAttempts: choice.attempts,
    // HTTP/1.1 for every service: the Kinesis client's HTTP/2 does not speak to plain endpoints.
    requestHandler: new NodeHttpHandler({
      connectionTimeout: CONNECT_MS,
      ...(choice.within === undefined
        ? {}
        : { requestTimeout: Math.ceil(choice.within * factor), throwOnRequestTimeout: true }),
      ...(choice.silent === undefined ? {} : { socketTimeout: Math.ceil(choice.silent * factor) }),
      httpAgent: agent,
      httpsAgent: agent,
    }),
  };
}

/** Separate functions and not one object, so that a Lambda bundles and builds only the clients it uses. */
export function s3Clients(settings: AwsSettings): S3Clients {
  const forcePathStyle = settings.s3ForcePathStyle ?? settings.endpoint !== undefined;
  const client = (attempts: number): S3Client =>
    new S3Client({ ...common(settings, { attempts, silent: S3_SILENT_MS }), forcePathStyle });
  return { read: client(4), write: client(1) };
}

export function glueClients(settings: AwsSettings): GlueClients {
  return {
    read: new GlueClient(common(settings, { attempts: 5, within: 10_000 })),
    write: new GlueClient(common(settings, { attempts: 1, within: 15_000 })),
  };
}

export function dynamoClients(settings: AwsSettings): DynamoClients {
  return {
    read: new DynamoDBClient(common(settings, { attempts: 6, within: 3_000 })),
    claim: new DynamoDBClient(common(settings, { attempts: 1, within: 5_000 })),
  };
}

export function kinesisClient(settings: AwsSettings): KinesisClient {
  return new KinesisClient(common(settings, { attempts: 4, within: 20_000 }));
}

export function snsClient(settings: AwsSettings): SNSClient {
  return new SNSClient(common(settings, { attempts: 3, within: 10_000 }));
}

export function eventBridgeClient(settings: AwsSettings): EventBridgeClient {
  return new EventBridgeClient(common(settings, { attempts: 3, within: 10_000 }));
}

export function athenaClient(settings: AwsSettings): AthenaClient {
  return new AthenaClient(common(settings, { attempts: 5, within: 20_000 }));
}
