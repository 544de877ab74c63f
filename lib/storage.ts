import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { CfnDatabase } from 'aws-cdk-lib/aws-glue';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  ObjectOwnership,
  type CfnBucket,
  type BucketProps,
  type LifecycleRule,
} from 'aws-cdk-lib/aws-s3';
import { Aws } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { Plan } from '../src/definition/plan.ts';
import { acknowledge, allow } from './allow.ts';
import { grantKeyUse, grantObjectKeyUse } from './encryption-key.ts';
import { bucketArn, bucketName, databaseNames, glueArns } from './names.ts';

export interface StorageProps {
  plan: Plan;
  /** @default `tidemark-<lakehouse>-<account>-<region>` */
  bucketName?: string;
  /** Encrypts all objects. @default SSE-S3 */
  encryptionKey?: IKey;
  /** How long a deleted object can be brought back. @default 7 days */
  noncurrentRetention?: Duration;
  /** How long access logs are kept. @default 90 days */
  accessLogRetention?: Duration;
  /** How long results of queries are kept. @default 7 days */
  queryResultRetention?: Duration;
}

/** Folder of the tables. No lifecycle rule may ever end a current object in it. */
const WAREHOUSE = 'warehouse/';
const RESULTS = 'athena/';

/** The bucket that holds every table, the one that takes what could not be delivered, and the Glue databases. */
export class Storage extends Construct {
  readonly bucket: Bucket;
  /** Takes batches that the event source gave up: only when the stream's retention ended first. */
  readonly failures: Bucket;
  readonly databases: CfnDatabase[];
  readonly #plan: Plan;
  readonly #key: IKey | undefined;
  readonly #name: string;

  constructor(scope: Construct, id: string, props: StorageProps) {
    super(scope, id);
    this.#plan = props.plan;
    this.#key = props.encryptionKey;
    this.#name = props.bucketName ?? bucketName(this, props.plan);
    // Log delivery by bucket policy: buckets without ACLs know no other way.
    this.node.setContext('@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy', true);
    const accessLogs = new Bucket(this, 'AccessLogs', {
      ...CLOSED,
      encryption: BucketEncryption.S3_MANAGED,
      lifecycleRules: [{ expiration: props.accessLogRetention ?? Duration.days(90) }],
    });
    acknowledge(
      accessLogs,
      'AwsSolutions-S1',
      'holds the access logs; logging its own accesses would never end',
    );
    const encrypted: BucketProps = props.encryptionKey
      ? { encryption: BucketEncryption.KMS, encryptionKey: props.encryptionKey, bucketKeyEnabled: true }
      : { encryption: BucketEncryption.S3_MANAGED };
    this.bucket = new Bucket(this, 'Bucket', {
      ...CLOSED,
      ...encrypted,
      bucketName: this.#name,
      versioned: true,
      lifecycleRules: lifecycle(props),
      serverAccessLogsBucket: accessLogs,
      serverAccessLogsPrefix: 'lakehouse/',
    });
    this.failures = new Bucket(this, 'Failures', {
      ...CLOSED,
      ...encrypted,
      bucketName: this.failuresName,
      versioned: true,
      serverAccessLogsBucket: accessLogs,
      serverAccessLogsPrefix: 'failures/',
    });
    // What is put here was given up: an event of each object is what the alarm goes by.
    (this.failures.node.defaultChild as CfnBucket).notificationConfiguration = {
      eventBridgeConfiguration: { eventBridgeEnabled: true },
    };
    this.databases = databaseNames(props.plan).map((name) => this.#database(name));
  }

  get bucketName(): string {
    return this.#name;
  }

  /** URI of the folder of all tables, with a slash at the end. */
  get warehouse(): string {
    return `s3://${this.#name}/${WAREHOUSE}`;
  }

  /** URI of the folder of query results, with a slash at the end. */
  get queryResults(): string {
    return `s3://${this.#name}/${RESULTS}`;
  }

  get bucketArn(): string {
    return bucketArn(this.#name);
  }

  get failuresName(): string {
    return `${this.#name}-failures`;
  }

  get failuresArn(): string {
    return bucketArn(this.failuresName);
  }

  /** ARN of objects in the warehouse; `*` stands for anything. */
  tableObjects(path: string): string {
    return `${this.bucketArn}/${WAREHOUSE}${path}`;
  }

  get queryResultObjects(): string {
    return `${this.bucketArn}/${RESULTS}*`;
  }

  /** Allows the key's use for objects only, where there is one. */
  grantObjectKey(grantee: IGrantable): void {
    grantObjectKeyUse(this.#key, grantee);
  }

  /** Allows the key's use for objects and for items of DynamoDB, where there is one. */
  grantKey(grantee: IGrantable): void {
    grantKeyUse(this.#key, grantee);
  }

  /** Lets somebody read every table and view of the lakehouse, from the catalog and from the bucket. */
  grantRead(grantee: IGrantable): Grant {
    allow(
      this,
      grantee,
      {
        actions: ['s3:GetObject'],
        resources: [this.tableObjects('*')],
        because: 'a reader of the lakehouse reads all files of its tables, whose names nobody knows before',
      },
      { actions: ['s3:ListBucket', 's3:GetBucketLocation'], resources: [this.bucketArn] },
      {
        actions: [
          'glue:GetDatabase',
          'glue:GetDatabases',
          'glue:GetTable',
          'glue:GetTables',
          'glue:GetPartitions',
        ],
        resources: [...new Set(databaseNames(this.#plan).flatMap((name) => glueArns(name)))],
        because: 'a reader of the lakehouse reads all of its tables',
      },
    );
    this.#key?.grant(grantee, 'kms:Decrypt');
    return Grant.drop(grantee, 'added above');
  }

  #database(name: string): CfnDatabase {
    const database = new CfnDatabase(this, `Database-${name.slice(this.#plan.name.length + 1) || 'views'}`, {
      catalogId: Aws.ACCOUNT_ID,
      databaseInput: {
        name,
        description: `Tidemark lakehouse ${this.#plan.name}`,
        locationUri: `${this.warehouse}${name}/`,
      },
    });
    database.applyRemovalPolicy(RemovalPolicy.RETAIN);
    return database;
  }
}

const CLOSED: BucketProps = {
  blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
  objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
  enforceSSL: true,
  minimumTLSVersion: 1.2,
  removalPolicy: RemovalPolicy.RETAIN,
};

function lifecycle(props: StorageProps): LifecycleRule[] {
  return [
    { id: 'unfinished-uploads', abortIncompleteMultipartUploadAfter: Duration.days(7) },
    {
      id: 'deleted-objects',
      noncurrentVersionExpiration: props.noncurrentRetention ?? Duration.days(7),
      expiredObjectDeleteMarker: true,
    },
    { id: 'query-results', prefix: RESULTS, expiration: props.queryResultRetention ?? Duration.days(7) },
  ];
}
