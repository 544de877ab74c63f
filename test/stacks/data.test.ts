import { beforeAll, describe, expect, test } from '@jest/globals';
import { Match } from 'aws-cdk-lib/assertions';
import type { Plan } from '../../src/definition/plan.ts';
import { deploy, flightsPlan, resources, type Deployed } from './support.ts';

/** What holds data that cannot be made again. */
const STATEFUL = [
  'AWS::S3::Bucket',
  'AWS::DynamoDB::Table',
  'AWS::Kinesis::Stream',
  'AWS::Glue::Database',
  'AWS::SNS::Topic',
  'AWS::Events::EventBus',
  'AWS::KMS::Key',
];

let plan: Plan;
let deployed: Deployed;
let encrypted: Deployed;
beforeAll(async () => {
  plan = await flightsPlan();
  deployed = deploy(plan);
  encrypted = deploy(plan, { encryption: 'customer' });
});

test('everything that keeps state stays when the stack goes, or when it would be replaced', () => {
  for (const type of STATEFUL) {
    const found = resources(encrypted.data, type);
    expect(found.length).toBeGreaterThan(0);
    for (const { DeletionPolicy, UpdateReplacePolicy } of found)
      expect({ type, DeletionPolicy, UpdateReplacePolicy }).toEqual({
        type,
        DeletionPolicy: 'Retain',
        UpdateReplacePolicy: 'Retain',
      });
  }
});

describe('buckets', () => {
  test('are closed to the public, take TLS only, and log their accesses', () => {
    const buckets = resources(deployed.data, 'AWS::S3::Bucket');
    for (const { Properties } of buckets) {
      expect(Properties['PublicAccessBlockConfiguration']).toEqual({
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      });
      expect(Properties['BucketEncryption']).toBeDefined();
    }
    expect(buckets.filter((b) => b.Properties['LoggingConfiguration']).length).toBe(buckets.length - 1);
    for (const { Properties } of resources(deployed.data, 'AWS::S3::BucketPolicy'))
      expect(JSON.stringify(Properties)).toContain('"aws:SecureTransport":"false"');
  });

  test('no lifecycle rule ends a current object of a table', () => {
    for (const { Properties } of resources(deployed.data, 'AWS::S3::Bucket')) {
      if (Properties['BucketName'] === undefined) continue;
      const { Rules } = (Properties['LifecycleConfiguration'] ?? { Rules: [] }) as {
        Rules: { Prefix?: string; ExpirationInDays?: number }[];
      };
      for (const rule of Rules.filter((r) => r.ExpirationInDays !== undefined))
        expect(rule.Prefix).toBe('athena/');
    }
  });
});

describe('streams', () => {
  test('are on-demand, encrypted, and keep what the definition says', () => {
    for (const stream of plan.streams)
      deployed.data.hasResourceProperties('AWS::Kinesis::Stream', {
        Name: `flights-${stream.name}`,
        RetentionPeriodHours: stream.retentionHours,
        StreamModeDetails: { StreamMode: 'ON_DEMAND' },
        StreamEncryption: { EncryptionType: 'KMS', KeyId: 'alias/aws/kinesis' },
      });
  });

  test('provisioned streams have the definition’s shards, and a retention can be set for all', () => {
    const { data } = deploy(plan, { 'stream.mode': 'provisioned', 'stream.retentionHours': '72' });
    data.hasResourceProperties('AWS::Kinesis::Stream', {
      Name: 'flights-flight_events',
      ShardCount: 2,
      RetentionPeriodHours: 72,
      StreamModeDetails: { StreamMode: 'PROVISIONED' },
    });
  });
});

test('the ledger is paid by request, restorable, protected, and tells its changes', () => {
  deployed.data.hasResourceProperties('AWS::DynamoDB::Table', {
    TableName: 'flights-ledger',
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    DeletionProtectionEnabled: true,
    StreamSpecification: { StreamViewType: 'KEYS_ONLY' },
    TimeToLiveSpecification: { AttributeName: 'expires', Enabled: true },
    GlobalSecondaryIndexes: Match.absent(),
  });
});

test('a customer’s key encrypts everything that is kept', () => {
  const key = { 'Fn::GetAtt': [Match.stringLikeRegexp('^Key'), 'Arn'] };
  encrypted.data.allResourcesProperties('AWS::DynamoDB::Table', {
    SSESpecification: { SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: key },
  });
  encrypted.data.allResourcesProperties('AWS::Kinesis::Stream', {
    StreamEncryption: { EncryptionType: 'KMS', KeyId: key },
  });
  encrypted.data.allResourcesProperties('AWS::SNS::Topic', { KmsMasterKeyId: key });
  encrypted.data.hasResourceProperties('AWS::KMS::Key', { EnableKeyRotation: true });
  const named = resources(encrypted.data, 'AWS::S3::Bucket').filter((b) => b.Properties['BucketName']);
  expect(named).toHaveLength(2);
  for (const { Properties } of named)
    expect(JSON.stringify(Properties['BucketEncryption'])).toContain('aws:kms');
  for (const template of [encrypted.pipeline, encrypted.operations!])
    for (const group of resources(template, 'AWS::Logs::LogGroup'))
      expect(group.Properties['KmsKeyId']).toBeDefined();
});

test('a second environment shares no name with the first', () => {
  const names = (d: Deployed): string[] =>
    [d.data, d.pipeline, d.operations!].flatMap((template) =>
      Object.values(
        template.toJSON()['Resources'] as Record<string, { Properties?: Record<string, unknown> }>,
      ).flatMap(({ Properties = {} }) =>
        [
          'BucketName',
          'TableName',
          'FunctionName',
          'TopicName',
          'AlarmName',
          'StateMachineName',
          'RuleName',
          'DashboardName',
        ]
          .map((key) => Properties[key])
          .filter((name): name is string => typeof name === 'string'),
      ),
    );
  const other = deploy({ ...plan, name: 'flights_test' });
  const first = new Set(names(deployed));
  expect(first.size).toBeGreaterThan(30);
  expect(names(other).filter((name) => first.has(name))).toEqual([]);
});
