import type { Call, Need } from './call.ts';

/**
 * What a call takes of the customer's key that encrypts what it reads or writes. S3 User Guide, "Using server-side
 * encryption with AWS KMS keys": GenerateDataKey to put, Decrypt to get, both for an upload in parts. DynamoDB
 * Developer Guide, "Authorizing use of your customer managed key": what it does on behalf of a caller. SNS Developer
 * Guide, "Enable compatibility between event sources and encrypted topics": both to publish.
 */
const USES: Readonly<Record<string, readonly string[]>> = {
  's3:GetObject': ['Decrypt'],
  's3:PutObject': ['GenerateDataKey'],
  's3:UploadPart': ['GenerateDataKey', 'Decrypt'],
  's3:CompleteMultipartUpload': ['GenerateDataKey', 'Decrypt'],
  sns: ['GenerateDataKey', 'Decrypt'],
  dynamodb: [
    'Decrypt',
    'DescribeKey',
    'Encrypt',
    'GenerateDataKey',
    'GenerateDataKeyWithoutPlaintext',
    'ReEncryptFrom',
    'ReEncryptTo',
  ],
};

/** What calls take of a key. Lambda decrypts a function's environment with its role, whatever it calls. */
export function keyNeeds(calls: readonly Call[], key: string): Need[] {
  const uses = calls.flatMap(
    ({ service, operation }) => USES[service] ?? USES[`${service}:${operation}`] ?? [],
  );
  return [...new Set(['Decrypt', ...uses])].map((use) => ({ action: `kms:${use}`, resource: key }));
}
