import { Aws, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { Key, type IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import type { Plan } from '../src/definition/plan.ts';

/** What reading and writing objects of S3 under a customer's key takes, in parts too. */
const OBJECT_USES = ['kms:Decrypt', 'kms:GenerateDataKey'];

/** What DynamoDB takes beside, on behalf of who calls it, without the wildcards of CDK's own grants. */
const USES = [
  'kms:Decrypt',
  'kms:DescribeKey',
  'kms:Encrypt',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
];

/** Lets somebody read and write what a key encrypts; nothing where there is no key. */
export function grantKeyUse(key: IKey | undefined, grantee: IGrantable): void {
  key?.grant(grantee, ...USES);
}

/** Lets somebody read and write objects that a key encrypts; nothing where there is no key. */
export function grantObjectKeyUse(key: IKey | undefined, grantee: IGrantable): void {
  key?.grant(grantee, ...OBJECT_USES);
}

/** One customer key for everything that a lakehouse keeps. Without it nothing can be read again: it stays for ever. */
export function encryptionKey(scope: Construct, id: string, plan: Pick<Plan, 'name'>): Key {
  const key = new Key(scope, id, {
    alias: `tidemark/${plan.name}`,
    description: `Tidemark lakehouse ${plan.name}`,
    enableKeyRotation: true,
    removalPolicy: RemovalPolicy.RETAIN,
  });
  const statements = [
    new PolicyStatement({
      sid: 'Logs',
      principals: [new ServicePrincipal(`logs.${Aws.REGION}.amazonaws.com`)],
      actions: ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:DescribeKey'],
      resources: ['*'],
      conditions: {
        ArnLike: {
          'kms:EncryptionContext:aws:logs:arn': `arn:${Aws.PARTITION}:logs:${Aws.REGION}:${Aws.ACCOUNT_ID}:log-group:*`,
        },
      },
    }),
    // Alarms, event rules and log delivery write to encrypted topics and groups.
    new PolicyStatement({
      sid: 'Services',
      principals: ['cloudwatch', 'events', 'delivery.logs', 'sns'].map(
        (s) => new ServicePrincipal(`${s}.amazonaws.com`),
      ),
      actions: ['kms:Decrypt', 'kms:GenerateDataKey*', 'kms:DescribeKey'],
      resources: ['*'],
      conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
    }),
  ];
  for (const statement of statements) key.addToResourcePolicy(statement);
  return key;
}
