import { expect, test } from '@jest/globals';
import { CreateBucketCommand, ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { startEmulator } from './emulator.ts';

test('the emulator starts, serves, is wiped and ends', async () => {
  const emulator = await startEmulator();
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const s3 = new S3Client({ endpoint: emulator.url, forcePathStyle: true, region: 'us-east-1', credentials });
  try {
    await s3.send(new CreateBucketCommand({ Bucket: 'first' }));
    expect((await s3.send(new ListBucketsCommand({}))).Buckets).toHaveLength(1);
    await emulator.reset();
    expect((await s3.send(new ListBucketsCommand({}))).Buckets ?? []).toHaveLength(0);
  } finally {
    s3.destroy();
    await emulator.stop();
  }
  await expect(fetch(`${emulator.url}/_ministack/ready`)).rejects.toThrow();
});
