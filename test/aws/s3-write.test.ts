import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { S3ObjectStore } from '../../src/adapters/aws/s3-object-store.ts';
import { brokenConnection, fakePace, serviceError, timedOut } from './support.ts';

const URI = 's3://lake/a/b.parquet';
const client = new S3Client({ region: 'us-east-1' });
const s3 = mockClient(client);
/** The first id that the fake randomness gives is the write's token. */
const OURS = { Metadata: { 'tidemark-write': 'uuid-1' } };
const THEIRS = { Metadata: { 'tidemark-write': 'somebody' } };
const EXISTS = serviceError('PreconditionFailed', 412);
const BUSY = serviceError('ConditionalRequestConflict', 409);
const ABSENT = serviceError('NotFound', 404);

const store = (settings = {}): S3ObjectStore =>
  new S3ObjectStore({ read: client, write: client }, fakePace(), settings);

beforeEach(() => {
  s3.reset();
});

type There = typeof OURS | Error;
const look = (there: There): void => {
  const on = s3.on(HeadObjectCommand);
  if (there instanceof Error) on.rejects(there);
  else on.resolves(there);
};

describe('what becomes of a conditional put', () => {
  const written: [string, (Error | undefined)[], There][] = [
    ['taken at once', [undefined], ABSENT],
    ['taken, its answer lost: the repetition meets its own object', [timedOut(), EXISTS], OURS],
    ['another request was under way and came to nothing', [BUSY, undefined], ABSENT],
    ['refused for load first', [serviceError('SlowDown', 503), undefined], ABSENT],
    ['never answered, but there', Array.from({ length: 6 }, () => brokenConnection()), OURS],
  ];
  test.each(written)('%s', async (_name, answers, there) => {
    const on = s3.on(PutObjectCommand);
    for (const answer of answers)
      if (answer) on.rejectsOnce(answer);
      else on.resolvesOnce({});
    look(there);
    await store().put(URI, Buffer.from('x'));
    expect(s3.commandCalls(PutObjectCommand)).toHaveLength(answers.length);
    expect(s3.commandCalls(PutObjectCommand)[0]!.args[0].input).toMatchObject({
      Bucket: 'lake',
      Key: 'a/b.parquet',
      IfNoneMatch: '*',
      ChecksumAlgorithm: 'CRC32',
    });
  });

  const refused: [string, Error, There, string][] = [
    ['it exists', EXISTS, THEIRS, 'conflict'],
    ['it exists, from a writer that leaves no token', EXISTS, { Metadata: {} } as typeof OURS, 'conflict'],
    ['never answered, and somebody else wrote it', timedOut(), THEIRS, 'conflict'],
    ['never answered, and not there: it may still come', timedOut(), ABSENT, 'unknown'],
    ['server errors, and not there', serviceError('InternalError', 500), ABSENT, 'unknown'],
    ['never answered, and nobody can say', timedOut(), timedOut(), 'unknown'],
    ['it exists, and nobody can say whose it is', EXISTS, serviceError('AccessDenied', 403), 'unknown'],
    ['only ever refused for load', serviceError('SlowDown', 503), ABSENT, 'throttled'],
    ['another request always under way', BUSY, ABSENT, 'unavailable'],
    ['nobody listens', brokenConnection('ECONNREFUSED'), ABSENT, 'unavailable'],
    ['no permission', serviceError('AccessDenied', 403), ABSENT, 'refused'],
    ['no bucket', serviceError('NoSuchBucket', 404), ABSENT, 'invalid'],
  ];
  test.each(refused)('%s', async (_name, error, there, kind) => {
    s3.on(PutObjectCommand).rejects(error);
    look(there);
    await expect(store().put(URI, Buffer.from('x'))).rejects.toMatchObject({ kind });
  });
});

describe('a file in parts', () => {
  let folder: string;
  let path: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidemark-s3-'));
    path = join(folder, 'file');
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  beforeEach(async () => {
    await writeFile(path, 'abcdefghij');
    s3.on(CreateMultipartUploadCommand).resolves({ UploadId: 'u' });
    s3.on(UploadPartCommand).callsFake((input: { PartNumber: number; Body: Buffer }) => ({
      ETag: `${input.PartNumber}:${input.Body.toString()}`,
      ChecksumCRC32: 'c',
    }));
    s3.on(AbortMultipartUploadCommand).resolves({});
  });
  const inParts = { multipartBytes: 4, partBytes: 4 };

  test('is completed on the condition that the object is new, and then leaves the disk', async () => {
    s3.on(CompleteMultipartUploadCommand).resolves({});
    await store(inParts).putFile(URI, path);
    const [done] = s3.commandCalls(CompleteMultipartUploadCommand);
    expect(done!.args[0].input).toMatchObject({ IfNoneMatch: '*', UploadId: 'u' });
    expect(done!.args[0].input.MultipartUpload?.Parts?.map((p) => p.ETag)).toEqual([
      '1:abcd',
      '2:efgh',
      '3:ij',
    ]);
    await expect(access(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('that exists conflicts; its parts are given up and the file stays', async () => {
    s3.on(CompleteMultipartUploadCommand).rejects(EXISTS);
    look(THEIRS);
    await expect(store(inParts).putFile(URI, path)).rejects.toMatchObject({ kind: 'conflict' });
    expect(s3.commandCalls(AbortMultipartUploadCommand)).toHaveLength(1);
    await access(path);
  });

  test('whose completion was not answered is not given up: it may be completing', async () => {
    s3.on(CompleteMultipartUploadCommand).rejectsOnce(timedOut()).rejects(EXISTS);
    s3.on(HeadObjectCommand).rejectsOnce(ABSENT).resolves(OURS);
    await store(inParts).putFile(URI, path);
    const aborted = s3.commandCalls(AbortMultipartUploadCommand);
    expect(aborted.length).toBe(1);
    expect(s3.commandCalls(CreateMultipartUploadCommand)).toHaveLength(2);
  });

  test('whose completion was not answered, but is there, is not sent again', async () => {
    s3.on(CompleteMultipartUploadCommand).rejects(timedOut());
    look(OURS);
    await store(inParts).putFile(URI, path);
    expect(s3.commandCalls(CreateMultipartUploadCommand)).toHaveLength(1);
    expect(s3.commandCalls(AbortMultipartUploadCommand)).toHaveLength(0);
  });

  test('after a 409 begins anew, as S3 asks', async () => {
    s3.on(CompleteMultipartUploadCommand).rejectsOnce(BUSY).resolves({});
    await store(inParts).putFile(URI, path);
    expect(s3.commandCalls(CreateMultipartUploadCommand)).toHaveLength(2);
  });

  test('of which a part fails is given up whole', async () => {
    s3.on(UploadPartCommand).rejects(serviceError('AccessDenied', 403));
    await expect(store(inParts).putFile(URI, path)).rejects.toMatchObject({ kind: 'refused' });
    expect(s3.commandCalls(AbortMultipartUploadCommand)).toHaveLength(1);
    expect(s3.commandCalls(CompleteMultipartUploadCommand)).toHaveLength(0);
  });
});
